/**
 * The map of `--remap`: which disk, or which part of one, goes where. CSV with a header line, one move a line:
 *
 *     disk,from,until,to,shift
 *     sda,0,10GiB,vm1,
 *     sda,10GiB,,vm2,-10GiB
 *
 * `from` and `until` bound the offsets (blank: no bound), `to` names the new disk (blank: the same), `shift` is added
 * to the offset. The first line that fits a row counts; rows that none fits stay where they are.
 */
import { DataError, UsageError } from '../../reference/kernel/errors.ts';
import { parseBytes, SECTOR_BYTES } from '../../reference/kernel/units.ts';

export interface DiskMove {
  readonly disk: string;
  readonly from: number;
  /** Infinity for no bound. */
  readonly until: number;
  readonly to: string;
  readonly shiftBytes: number;
}

const COLUMNS = ['disk', 'from', 'until', 'to', 'shift'];

/**
 * The moves of a map. A field that holds a comma is put in double quotes.
 * @throws DataError with the place
 */
export function parseDiskMoves(text: string, file: string): DiskMove[] {
  const moves: DiskMove[] = [];
  let header: string[] | undefined;
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const place = { file, line: index + 1 };
    const fields = fieldsOf(line);
    if (header === undefined) {
      header = fields;
      for (const name of ['disk', ...fields]) {
        if (COLUMNS.includes(name) && header.includes(name)) continue;
        throw new DataError('not a map of disks', place, { found: line, expected: COLUMNS.join(',') });
      }
      continue;
    }
    const columns = header;
    const field = (name: string): string => fields[columns.indexOf(name)] ?? '';
    const size = (name: string, blank: number): number => {
      const words = field(name);
      if (words === '') return blank;
      const negative = name === 'shift' && words.startsWith('-');
      try {
        const bytes = parseBytes(words.replace(/^[+-]/, ''));
        if (bytes % SECTOR_BYTES !== 0) throw new UsageError('not whole sectors');
        return negative ? -bytes : bytes;
      } catch {
        throw new DataError(`not a size in whole sectors, for "${name}"`, place, {
          found: words,
          expected: 'bytes such as 10GiB',
        });
      }
    };
    const disk = field('disk');
    if (disk === '') throw new DataError('a move names no disk', place, { found: line });
    const from = size('from', 0);
    const until = size('until', Number.POSITIVE_INFINITY);
    if (from >= until) throw new DataError('"from" is not below "until"', place, { found: line });
    moves.push({ disk, from, until, to: field('to') || disk, shiftBytes: size('shift', 0) });
  }
  if (moves.length === 0) throw new DataError('the map of disks holds no move', { file });
  return moves;
}

function fieldsOf(line: string): string[] {
  return [...line.matchAll(/(?:^|,)\s*(?:"([^"]*)"|([^,]*))/g)].map((match) =>
    (match[1] ?? match[2]!).trim(),
  );
}
