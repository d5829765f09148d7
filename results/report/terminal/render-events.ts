/** What happened in a run, for the terminal: events, VMs, and each change of state of a virtual disk. */
import { NS_PER_S } from '../../../reference/kernel/units.ts';
import type { EventEntry, RunEvents } from '../../schema/run-document.ts';
import { asciiText, plainText } from '../plain-text.ts';

const COLUMNS_MAX = 100;
const NAME_LENGTH = 24;

export interface EventTextStyle {
  /** Columns of the terminal. */
  readonly width: number;
  readonly unicode: boolean;
}

/** @returns lines of at most 100 columns, and of at most the terminal's width */
export function renderEvents(run: RunEvents, style: EventTextStyle): string[] {
  const rows: string[][] = [];
  let before: EventEntry | undefined;
  const ends: EventEntry = { atNs: run.loadNs, event: 'vm', vm: '* load', detail: 'ends' };
  const drain = run.history.findIndex(
    ({ atNs, event }) => atNs > run.loadNs || (atNs === run.loadNs && event === 'state'),
  );
  const entries = run.history.toSpliced(drain < 0 ? run.history.length : drain, 0, ends);
  for (const entry of entries) {
    const last = rows.at(-1);
    // States that a disk passes through at once stand in one line.
    if (last !== undefined && before !== undefined && continues(before, entry))
      last[2] += ` > ${entry.state}`;
    else rows.push([timeOf(entry.atNs), whoOf(entry), whatOf(entry)]);
    before = entry;
  }
  const width = Math.min(style.width, COLUMNS_MAX);
  const heading = `What happened to ${plainText(run.workload)} in ${plainText(run.mode)}:`;
  return [heading, ...aligned(rows)].map((line) => {
    const shown = line.length > width ? `${line.slice(0, width - 1)}…` : line;
    return style.unicode ? shown : asciiText(shown);
  });
}

function aligned(rows: readonly (readonly string[])[]): string[] {
  const widest = (column: number) => Math.max(0, ...rows.map((row) => row[column]!.length));
  const [times, names] = [widest(0), widest(1)];
  return rows.map(([time, who, what]) =>
    `  ${time!.padStart(times)}  ${who!.padEnd(names)}  ${what}`.trimEnd(),
  );
}

function continues(before: EventEntry, entry: EventEntry): boolean {
  return (
    entry.event === 'state' &&
    before.event === 'state' &&
    timeOf(entry.atNs) === timeOf(before.atNs) &&
    entry.vm === before.vm &&
    entry.disk === before.disk &&
    entry.host === before.host
  );
}

/** Seconds of the load, to the millisecond. */
function timeOf(ns: number): string {
  return `${(ns / NS_PER_S).toFixed(3)} s`;
}

function name(text: string | undefined): string {
  return plainText(text ?? '', NAME_LENGTH);
}

function whoOf({ event, vm, disk }: EventEntry): string {
  if (event === 'state') return `${name(vm)} disk ${disk}`;
  return event === 'vm' ? name(vm) : `* ${name(event)}`;
}

function whatOf({ event, vm, host, state, detail }: EventEntry): string {
  const at = host === undefined ? '' : ` at ${name(host)}`;
  if (event === 'state') return `${name(host)}: ${state}`;
  if (event === 'vm') return `${plainText(detail ?? '')}${at}`;
  return [vm === undefined ? '' : name(vm), plainText(detail ?? '', 200)]
    .filter((text) => text !== '')
    .join(' ');
}
