/** Timers of a host: who is to be woken, and which of its timers it is. */

const KIND_BITS = 4;

/** Admission of waiting writes. This one to TIMER_DESTAGE belong to a local disk. */
export const TIMER_PUMP = 0;
export const TIMER_CHECKPOINT = 1;
export const TIMER_HEARTBEAT = 2;
/** Un-acknowledged records: to be sent again, or their holder to be given up. */
export const TIMER_REPLICAS = 3;
/** The step of a transition has waited long enough. */
export const TIMER_STEP = 4;
/** Retries of the destager, of the record's writer, and of write-back. */
export const TIMER_RETRY = 5;
/** A log held for a disk, by its cluster-wide number: has its owner been heard of? */
export const TIMER_HELD = 6;
/** A question to another host, by its request under way. */
export const TIMER_QUESTION = 7;

/** Records that wait for this host's compressor. */
export const TIMER_COMPRESSOR = 8;

export function timerOf(kind: number, index: number): number {
  return (index << KIND_BITS) | kind;
}

export function timerKind(timer: number): number {
  return timer & ((1 << KIND_BITS) - 1);
}

export function timerIndex(timer: number): number {
  return timer >>> KIND_BITS;
}
