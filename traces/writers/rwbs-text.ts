/** The RWBS column of blktrace's tools, from a row. @source blkparse_fmt.c, fill_rwbs() */
import {
  FLAG_AHEAD,
  FLAG_FUA,
  FLAG_META,
  FLAG_SYNC,
  OP_DISCARD,
  OP_FLUSH,
  OP_READ,
} from '../../reference/kernel/io.ts';

/** By op * 16 + flags. */
export const RWBS_TEXT: readonly string[] = Array.from({ length: 64 }, (_, index) => {
  const op = index >> 4;
  const first = op === OP_READ ? 'R' : op === OP_FLUSH ? 'FN' : op === OP_DISCARD ? 'D' : 'W';
  const has = (flag: number, letter: string): string => ((index & flag) === 0 ? '' : letter);
  return `${first}${has(FLAG_FUA, 'F')}${has(FLAG_AHEAD, 'A')}${has(FLAG_SYNC, 'S')}${has(FLAG_META, 'M')}`;
});
