/**
 * CacheLib's block traces (Meta Tectonic): CSV with a header, and the older text of Baleen, whose header is a comment.
 * Columns are taken by name, as their order changes between the years.
 *
 * @source CacheLib 278ffc74, cachebench/test_configs/trace_replay/block_chunk; the Baleen artifact's README
 *
 * A block is 8 MiB, named by an opaque word: each gets the next 8 MiB of one disk, in order of appearance, and offsets
 * count in it. `op_count` repeats a request. Stamps are whole seconds in the published sets: rows are spread then.
 */

import { MIB, NS_PER_S } from '../../reference/kernel/units.ts';
import { ByFirstLine } from '../columns/by-first-line.ts';
import type { OpWord, TextLayout } from '../columns/column.ts';
import { TextColumns } from '../columns/text-columns.ts';
import type { TraceFormat } from '../trace-format.ts';

/** @source S. Pan et al., "Facebook's Tectonic filesystem", FAST'21: blocks of at most 8 MiB here */
const BLOCK_BYTES = 8 * MIB;

/** Baleen's numbers: 1 get-temp, 2 get-perm, 3 put-temp, 4 put-perm, 5 get-not-init, 6 put-not-init, 100 unknown. */
const OPERATIONS: Readonly<Record<string, OpWord>> = {
  'getChunkData*': 'read',
  'putChunk*': 'write',
  1: 'read',
  2: 'read',
  3: 'write',
  4: 'write',
  5: 'read',
  6: 'write',
  100: 'none',
};

const layout = (separator: string): TextLayout => ({
  separator,
  columns: [
    { role: 'time', unit: NS_PER_S, names: ['op_time'] },
    { role: 'block', unit: BLOCK_BYTES, names: ['block_id'] },
    { role: 'length', names: ['io_size'] },
    { role: 'offset', names: ['io_offset'] },
    { role: 'op', words: OPERATIONS, names: ['op_name', 'op'] },
    { role: 'count', names: ['op_count'], optional: true },
  ],
  more: true,
  named: true,
  comment: '#',
});

const CSV_HEADER = /^(?=.*\bop_time\b)(?=.*\bblock_id\b)[a-z_,\s]+$/;
const TEXT_HEADER = /^#\s*(?=.*\bop_time\b)(?=.*\bblock_id\b)[a-z_\s]+$/;

export const cachelib: TraceFormat = {
  name: 'cachelib',
  description: 'CacheLib block traces (Meta Tectonic) as CSV, and Baleen text',
  recognisedBy: 'a header line that names op_time and block_id',
  encoding: 'text',
  pairsCompletions: false,
  coarseClock: true,
  clockRestarts: false,
  recognise: (head) => {
    const lines = Buffer.from(head.subarray(0, 4096)).toString('latin1').split('\n').slice(0, 20);
    return lines.some((line) => CSV_HEADER.test(line.trimEnd()) || TEXT_HEADER.test(line.trimEnd()));
  },
  // The first line says which of the two it is.
  open: (context) =>
    new ByFirstLine((line) => new TextColumns(context, layout(line.includes(',') ? ',' : ' '))),
};
