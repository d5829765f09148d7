/** Which spans of a run are shaded. */
import { expect, test } from 'vitest';
import type { EventEntry, RunDocument } from '../schema/run-document.ts';
import { faultWindows } from './fault-windows.ts';

function documentOf(
  histories: Readonly<Record<string, readonly EventEntry[]>>,
  measuredFromNs = 0,
): RunDocument {
  const events = Object.entries(histories).map(([mode, history]) => ({
    workload: 'w',
    mode,
    measuredFromNs,
    loadNs: 100,
    completed: 1,
    failed: 0,
    history,
  }));
  return { events } as unknown as RunDocument;
}

test('a fault lasts until what ends it, its own end, or the end of the load', () => {
  const history: EventEntry[] = [
    { atNs: 10, event: 'crash', detail: 'esx1, esx2' },
    { atNs: 12, event: 'partition', detail: 'esx3 from the datastore' },
    { atNs: 15, event: 'stall', detail: 'datastore for 5 ns', untilNs: 20 },
    { atNs: 30, event: 'restart', detail: 'esx3' },
    { atNs: 40, event: 'restart', detail: 'esx2, with empty flash' },
    { atNs: 50, event: 'heal' },
    { atNs: 60, event: 'lose-flash', detail: 'esx1' },
    { atNs: 70, event: 'migrate', vm: 'vm1', detail: 'to esx2' },
  ];
  expect(
    faultWindows(documentOf({ a: history })).map(({ fromNs, untilNs, label }) => [fromNs, untilNs, label]),
  ).toEqual([
    [10, 40, 'crash esx1, esx2'],
    [12, 50, 'partition esx3 from the datastore'],
    [15, 20, 'stall datastore for 5 ns'],
    [60, 100, 'lose-flash esx1'],
  ]);
});

test('a fault of all modes is one window, and a VM that is down is one of its mode', () => {
  const crash: EventEntry = { atNs: 10, event: 'crash', detail: 'esx1' };
  const stopped: EventEntry = { atNs: 10, event: 'vm', vm: 'vm1', detail: 'stopped' };
  const runs: EventEntry = { atNs: 25, event: 'vm', vm: 'vm1', host: 'esx2', detail: 'runs' };
  const windows = faultWindows(documentOf({ a: [crash, stopped, runs], b: [crash, stopped] }, 4));
  expect(windows.map(({ mode, fromNs, untilNs, label }) => [mode, fromNs, untilNs, label])).toEqual([
    [undefined, 6, 96, 'crash esx1'],
    ['a', 6, 21, 'vm1 is down'],
    ['b', 6, 96, 'vm1 is down'],
  ]);
});

test('a VM that is stopped again before it runs has been down since the first time', () => {
  const history: EventEntry[] = [
    { atNs: 10, event: 'vm', vm: 'vm1', detail: 'stopped' },
    { atNs: 40, event: 'vm', vm: 'vm1', detail: 'stopped' },
    { atNs: 70, event: 'vm', vm: 'vm1', detail: 'runs' },
  ];
  const windows = faultWindows(documentOf({ a: history }, 4));
  expect(windows.map(({ fromNs, untilNs }) => [fromNs, untilNs])).toEqual([[6, 66]]);
});

test('a run without events shades nothing', () => {
  expect(faultWindows({} as RunDocument)).toEqual([]);
});
