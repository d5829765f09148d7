/**
 * The RWBS column of blkparse and blkreplay: `[F] D|W|R|N [F][A][S][M]`, F before the operation asking for a flush
 * first, F after it for FUA.
 *
 * @source blkparse_fmt.c, fill_rwbs(); the kernel's blk_fill_rwbs()
 */
import {
  FLAG_AHEAD,
  FLAG_FUA,
  FLAG_META,
  FLAG_SYNC,
  OP_DISCARD,
  OP_FLUSH,
  OP_READ,
  OP_WRITE,
} from '../../reference/kernel/io.ts';

/** The result of `parseRwbs`: an operation, or none for `N` without a flush. */
export const OP_NONE = 255;

export interface Rwbs {
  /** OP_READ, OP_WRITE, OP_DISCARD, OP_FLUSH (a flush with no operation) or OP_NONE. */
  op: number;
  /** FLAG_ bits. */
  flags: number;
  /** An F stands first. */
  preflush: boolean;
}

const UPPER_A = 65;
const UPPER_B = 66;
const UPPER_D = 68;
const UPPER_E = 69;
const UPPER_F = 70;
const UPPER_M = 77;
const UPPER_N = 78;
const UPPER_R = 82;
const UPPER_S = 83;
const UPPER_W = 87;

/**
 * Reads `bytes[start]` to `bytes[end - 1]` into `into`.
 * @returns false when it is no such column
 */
export function parseRwbs(bytes: Uint8Array, start: number, end: number, into: Rwbs): boolean {
  let at = start;
  into.flags = 0;
  into.preflush = bytes[at] === UPPER_F;
  if (into.preflush) at++;
  if (at === end) {
    into.op = OP_FLUSH;
    return into.preflush;
  }
  switch (bytes[at++]) {
    case UPPER_R:
      into.op = OP_READ;
      break;
    case UPPER_W:
      into.op = OP_WRITE;
      break;
    case UPPER_D:
      into.op = OP_DISCARD;
      // Secure erase.
      if (at < end && bytes[at] === UPPER_E) at++;
      break;
    case UPPER_N:
      into.op = into.preflush ? OP_FLUSH : OP_NONE;
      break;
    default:
      return false;
  }
  for (; at < end; at++) {
    switch (bytes[at]) {
      case UPPER_F:
        into.flags |= FLAG_FUA;
        break;
      case UPPER_A:
        into.flags |= FLAG_AHEAD;
        break;
      case UPPER_S:
        into.flags |= FLAG_SYNC;
        break;
      case UPPER_M:
        into.flags |= FLAG_META;
        break;
      case UPPER_B:
        // The barrier of kernels before 2.6.37: a flush before and FUA.
        into.flags |= FLAG_FUA;
        into.preflush = true;
        break;
      default:
        return false;
    }
  }
  return true;
}
