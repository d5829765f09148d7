/** Flags that hold a quantity: parsed, and checked against bounds; an error names the flag. */
import { UsageError } from '../../reference/kernel/errors.ts';

export interface Bounds {
  readonly least: number;
  readonly most: number;
  /** As a person would write them. */
  readonly words: string;
}

/** assumed: beyond these a replay says nothing any more. */
export const SPEED_BOUNDS: Bounds = { least: 0.001, most: 1e6, words: '0.001x to 1000000x' };
export const SEED_BOUNDS: Bounds = {
  least: 0,
  most: Number.MAX_SAFE_INTEGER,
  words: '0 to 9007199254740991',
};

/** Parses one flag's value and checks its bounds. @throws UsageError */
export function flagQuantity(
  flag: string,
  text: string,
  parse: (text: string) => number,
  bounds: Bounds,
): number {
  let value: number;
  try {
    value = parse(text);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new UsageError(`--${flag}: ${error.message}`, { hint: error.hint });
  }
  if (value < bounds.least || value > bounds.most) {
    throw new UsageError(`--${flag}: ${text} is out of bounds`, { hint: `the bounds are ${bounds.words}` });
  }
  return value;
}

/** A whole number without sign. @throws UsageError */
export function parseWhole(text: string): number {
  if (!/^[0-9]+$/.test(text)) {
    throw new UsageError(`not a whole number: ${JSON.stringify(text)}`, { hint: 'write digits only' });
  }
  return Number(text);
}

/** @throws UsageError out of bounds */
export function workersOf(workers: string | undefined): number | undefined {
  return workers === undefined
    ? undefined
    : flagQuantity('workers', workers, parseWhole, { least: 1, most: 256, words: '1 to 256' });
}
