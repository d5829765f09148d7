/** Makes a trace format of a layout of columns and the look of its lines. */
import type { TraceFormat } from '../trace-format.ts';
import type { TextLayout } from './column.ts';
import { TextColumns } from './text-columns.ts';

/** Lines of the head that are looked at, and the share that must be rows: a torn one is told with its line later. Assumed. */
const LINES_SEEN = 20;
const ROW_SHARE = 0.75;

export interface TextFormat {
  readonly name: string;
  readonly description: string;
  readonly recognisedBy: string;
  readonly layout: TextLayout;
  /** How every row looks, or how the header line does where the layout is `named`; nothing is recognised without it. */
  readonly looks?: RegExp;
  readonly coarseClock?: boolean;
  readonly clockRestarts?: boolean;
}

export function textFormat(format: TextFormat): TraceFormat {
  const { layout, looks } = format;
  return {
    name: format.name,
    description: format.description,
    recognisedBy: format.recognisedBy,
    encoding: 'text',
    pairsCompletions: false,
    coarseClock: format.coarseClock ?? false,
    clockRestarts: format.clockRestarts ?? false,
    recognise: (head, whole) => looks !== undefined && looksLike(head, whole, layout, looks),
    open: (context) => new TextColumns(context, layout),
  };
}

function looksLike(head: Uint8Array, whole: boolean, layout: TextLayout, looks: RegExp): boolean {
  const text = Buffer.from(head.buffer, head.byteOffset, Math.min(head.byteLength, 8192)).toString('latin1');
  const lines = text.split('\n');
  // The last may be cut.
  if (!whole || head.length > 8192) lines.pop();
  const rows = lines.map((line) => line.replace(/\r$/, '')).filter((line) => line.trim() !== '');
  if (layout.named) return rows.slice(0, LINES_SEEN).some((line) => looks.test(line));
  const plain = rows.filter(
    (line) => !(layout.comment ?? '').includes(line[0]!) || layout.comment === undefined,
  );
  // A first line that is a header is let pass.
  const from = plain.length > 1 && !looks.test(plain[0]!) && !/[0-9]/.test(plain[0]!) ? 1 : 0;
  const seen = plain.slice(from, from + LINES_SEEN);
  const rowLike = seen.filter((line) => looks.test(line)).length;
  return rowLike > 0 && rowLike >= seen.length * ROW_SHARE;
}
