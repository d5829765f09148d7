/** What happened in a run as rows, for terminal and page alike: events, VMs, and each change of state of a virtual disk. */
import { NS_PER_S } from '../../reference/kernel/units.ts';
import type { EventEntry, RunEvents } from '../schema/run-document.ts';
import { plainText } from './plain-text.ts';

const NAME_LENGTH = 24;

export interface EventRow {
  readonly time: string;
  readonly who: string;
  readonly what: string;
}

/** @returns rows in the order of time, safe to be shown; states that a disk passes through at once stand in one */
export function eventRows(run: RunEvents): EventRow[] {
  const rows: EventRow[] = [];
  let before: EventEntry | undefined;
  const ends: EventEntry = { atNs: run.loadNs, event: 'vm', vm: '* load', detail: 'ends' };
  const drain = run.history.findIndex(
    ({ atNs, event }) => atNs > run.loadNs || (atNs === run.loadNs && event === 'state'),
  );
  const entries = run.history.toSpliced(drain < 0 ? run.history.length : drain, 0, ends);
  for (const entry of entries) {
    const last = rows.at(-1);
    if (last !== undefined && before !== undefined && continues(before, entry))
      rows[rows.length - 1] = { ...last, what: `${last.what} > ${entry.state}` };
    else rows.push({ time: timeOf(entry.atNs), who: whoOf(entry), what: whatOf(entry) });
    before = entry;
  }
  return rows;
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
