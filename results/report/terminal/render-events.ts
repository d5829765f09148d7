/** What happened in a run, for the terminal. */
import type { RunEvents } from '../../schema/run-document.ts';
import { type EventRow, eventRows } from '../event-rows.ts';
import { asciiText, plainText } from '../plain-text.ts';

const COLUMNS_MAX = 100;

export interface EventTextStyle {
  /** Columns of the terminal. */
  readonly width: number;
  readonly unicode: boolean;
}

/** @returns lines of at most 100 columns, and of at most the terminal's width */
export function renderEvents(run: RunEvents, style: EventTextStyle): string[] {
  const width = Math.min(style.width, COLUMNS_MAX);
  const heading = `What happened to ${plainText(run.workload)} in ${plainText(run.mode)}:`;
  return [heading, ...aligned(eventRows(run))].map((line) => {
    const shown = line.length > width ? `${line.slice(0, width - 1)}…` : line;
    return style.unicode ? shown : asciiText(shown);
  });
}

function aligned(rows: readonly EventRow[]): string[] {
  const widest = (column: 'time' | 'who') => Math.max(0, ...rows.map((row) => row[column].length));
  const [times, names] = [widest('time'), widest('who')];
  return rows.map(({ time, who, what }) =>
    `  ${time.padStart(times)}  ${who.padEnd(names)}  ${what}`.trimEnd(),
  );
}
