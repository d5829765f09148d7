/** What faults did, in a sentence. */
import { expect, test } from 'vitest';
import type { EventEntry, RunDocument } from '../schema/run-document.ts';
import { describeEvents } from './describe-events.ts';

const SECOND = 1e9;
const crash: EventEntry = { atNs: 5 * SECOND, event: 'crash', detail: 'esx1' };
const stopped: EventEntry = { atNs: 5 * SECOND, event: 'vm', vm: 'vm1', detail: 'stopped' };
const runs = (atS: number): EventEntry => ({ atNs: atS * SECOND, event: 'vm', vm: 'vm1', detail: 'runs' });

function documentOf(
  modes: Readonly<Record<string, { readonly history: readonly EventEntry[]; readonly failed?: number }>>,
): RunDocument {
  const events = Object.entries(modes).map(([mode, { history, failed = 0 }]) => ({
    workload: 'w',
    mode,
    measuredFromNs: 0,
    loadNs: 100 * SECOND,
    completed: 1000,
    failed,
    history,
  }));
  return { events } as unknown as RunDocument;
}

test('says how long VMs stood still in each mode, and what failed', () => {
  const document = documentOf({
    none: { history: [crash, stopped, runs(20)] },
    'write-back': { history: [crash, stopped, runs(72)], failed: 3 },
    'write-back+1': { history: [crash, stopped, runs(20)] },
  });
  expect(describeEvents(document, 'w')).toBe(
    'Crash esx1 at 5 s: a VM stood still for up to 15 s in none and write-back+1 and 67 s in write-back; 3 of 1,000 I/Os failed in write-back.',
  );
});

test('a lost VM is lost, not standing still, and what is alike in all modes is said once', () => {
  const lost: EventEntry = { atNs: 30 * SECOND, event: 'vm', vm: 'vm1', detail: 'lost' };
  const history = [crash, stopped, lost];
  expect(describeEvents(documentOf({ a: { history }, b: { history } }), 'w')).toBe(
    'Crash esx1 at 5 s: vm1 is lost in every mode; no VM stood still; no I/O failed.',
  );
});

test('without faults there is nothing to say, and names cannot steer the terminal', () => {
  expect(describeEvents(documentOf({ a: { history: [] } }), 'w')).toBeUndefined();
  expect(describeEvents({} as RunDocument, 'w')).toBeUndefined();
  const evil: EventEntry = { atNs: 0, event: 'crash', detail: '\u001b[31m\u202eesx1' };
  expect(describeEvents(documentOf({ a: { history: [evil] } }), 'w')).toBe(
    'Crash esx1 at 0 ns: no VM stood still; no I/O failed.',
  );
});
