import { DEVICE_DISCARD, DEVICE_FLUSH, DEVICE_READ, DEVICE_WRITE } from '../api.ts';

/** By the numbers of DEVICE_READ ... DEVICE_SEND. */
export const OPERATION_NAMES: readonly string[] = ['read', 'write', 'flush', 'discard', 'send'];

/** One value for each operation, as parameters have them. */
interface ByOperation<Value> {
  readonly read: Value;
  readonly write: Value;
  readonly flush: Value;
  readonly discard: Value;
  readonly send: Value;
}

/** The value of an operation. */
export function byOperation<Value>(operation: number, values: ByOperation<Value>): Value {
  if (operation === DEVICE_READ) return values.read;
  if (operation === DEVICE_WRITE) return values.write;
  if (operation === DEVICE_FLUSH) return values.flush;
  return operation === DEVICE_DISCARD ? values.discard : values.send;
}
