/** `events` of a scenario: what is read, what is written out, and what is said of mistakes. */
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { z } from 'zod';
import { DataError } from '../../kernel/errors.ts';
import type { ClusterEvent } from '../faults/cluster-event.ts';
import { eventJsonSchema } from './events.ts';
import { parseScenario } from './load-scenario.ts';

const PLAIN = `datastore: { device: fixed }
hostDefaults: { flash: { device: fixed, capacity: 1GiB }, link: { device: link } }
hosts: { esx1: {}, esx2: {}, esx3: {} }
vms: { vm1: { host: esx1 }, vm2: { host: esx2 } }
`;
const EVENTS_LINE = 5;

const resolved = async (text: string) =>
  (await parseScenario(text, 'my.yaml', '/nowhere')).resolve({ footprintBytes: 0 });

/** Message and hint of the error that one event gives. */
async function complaint(event: string): Promise<string> {
  try {
    await resolved(`${PLAIN}events: [${event}]\n`);
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    return error.hint === undefined ? error.message : `${error.message} | ${error.hint}`;
  }
  throw new Error('the event was accepted');
}

/** Each kind of event, as written and as run. */
const EVENTS: readonly (readonly [string, ClusterEvent])[] = [
  ['{ at: 10s, crash: esx1 }', { atNs: 10e9, kind: 'crash', hosts: [0] }],
  ['{ at: 10s, crash: [esx1, esx3] }', { atNs: 10e9, kind: 'crash', hosts: [0, 2] }],
  ['{ at: 40s, restart: esx1 }', { atNs: 40e9, kind: 'restart', hosts: [0] }],
  [
    '{ at: 1m, restart: esx2, emptyFlash: true }',
    { atNs: 60e9, kind: 'restart', hosts: [1], emptyFlash: true },
  ],
  ['{ at: 0, lose-flash: esx2 }', { atNs: 0, kind: 'lose-flash', host: 1 }],
  [
    '{ at: 5s, partition: [esx1], from: [esx2, esx3] }',
    { atNs: 5e9, kind: 'partition', a: [0], b: [1, 2], fromDatastore: [] },
  ],
  [
    '{ at: 5s, partition: [esx1, esx2], from: datastore }',
    { atNs: 5e9, kind: 'partition', a: [0, 1], b: [], fromDatastore: [0, 1] },
  ],
  [
    '{ at: 5s, partition: esx2, from: all }',
    { atNs: 5e9, kind: 'partition', a: [1], b: [0, 2], fromDatastore: [1] },
  ],
  ['{ at: 9s, heal: all }', { atNs: 9e9, kind: 'heal' }],
  [
    '{ at: 5s, slow: datastore, factor: 10, for: 5s }',
    { atNs: 5e9, kind: 'slow', device: 'datastore', factor: 10, forNs: 5e9 },
  ],
  [
    '{ at: 5s, stall: esx1/flash, for: 2s }',
    { atNs: 5e9, kind: 'stall', device: { flashOf: 0 }, forNs: 2e9 },
  ],
  ['{ at: 5s, pause: esx1, for: 2500ms }', { atNs: 5e9, kind: 'pause', host: 0, forNs: 2.5e9 }],
  ['{ at: 5s, corrupt: esx2 }', { atNs: 5e9, kind: 'corrupt', host: 1 }],
  ['{ at: 5s, migrate: vm1, to: esx2 }', { atNs: 5e9, kind: 'migrate', vm: 0, to: 1 }],
  [
    '{ at: 5s, set-mode: vm2, mode: write-through }',
    { atNs: 5e9, kind: 'set-mode', vm: 1, mode: 'write-through' },
  ],
  ['{ at: 5s, drain: vm1, for: 10s }', { atNs: 5e9, kind: 'drain', vm: 0, forNs: 10e9 }],
  ['{ at: 5s, datastore-down: all, for: 10s }', { atNs: 5e9, kind: 'datastore-down', forNs: 10e9 }],
  ['{ at: 5s, discard: vm1 }', { atNs: 5e9, kind: 'discard', vm: 0 }],
];

test.each(EVENTS)('%s is read, and written out so that it reads the same', async (written, event) => {
  const first = await resolved(`${PLAIN}events: [${written}]\n`);
  expect(first.events).toEqual([event]);
  expect((await resolved(stringify(first.written))).events).toEqual([event]);
});

test('the JSON Schema takes each of them, and nothing with another key', async () => {
  const schema = z.fromJSONSchema(eventJsonSchema());
  for (const [text] of EVENTS) {
    const { written } = await resolved(`${PLAIN}events: [${text}]\n`);
    const [event] = written.events as Record<string, unknown>[];
    expect(schema.safeParse(event).error, text).toBeUndefined();
    expect(schema.safeParse({ ...event, fro: 'esx2' }).success, text).toBe(false);
  }
});

test('a scenario without events says nothing of them when it is written out', async () => {
  const { written, events } = await resolved(PLAIN);
  expect(events).toEqual([]);
  expect(Object.keys(written)).not.toContain('events');
});

describe('a mistake is told with its place', () => {
  const at = (text: string, part: string) =>
    `my.yaml:${EVENTS_LINE}:${'events: ['.length + text.indexOf(part) + 1}: `;

  test.each([
    ['{ at: 1s, crsh: esx1 }', 'crsh', 'unknown event "crsh"', 'did you mean "crash"?'],
    ['{ at: 1s, explode: esx1 }', 'explode', 'unknown event "explode"', 'events are crash, restart'],
    ['{ at: 1s, crash: esx4 }', 'esx4', 'there is no host "esx4"', 'did you mean "esx1"?'],
    ['{ at: 1s, crash: [esx1, esx22] }', 'esx22', 'there is no host "esx22"', 'did you mean "esx2"?'],
    ['{ at: 1s, migrate: mv1, to: esx2 }', 'mv1', 'there is no VM "mv1"', 'did you mean "vm1"?'],
    ['{ at: 1s, migrate: vm1, to: vm2 }', 'vm2', 'there is no host "vm2"', 'esx1, esx2, esx3'],
    ['{ at: 1s, migrate: vm1 }', '{', '"to" is missing in the event "migrate"', 'the name of a host'],
    ['{ crash: esx1 }', '{', '"at" is missing in the event "crash"', 'a time'],
    ['{ at: 1s }', '{', 'nothing happens at this event', 'one of crash'],
    ['{ at: 1s, crash: esx1, heal: all }', 'heal', 'an event is one thing', 'an event for each'],
    [
      '{ at: 1s, stall: datastore, fro: 2s, for: 1s }',
      'fro',
      'unknown key "fro" in the event "stall"',
      'did you mean "for"?',
    ],
    ['{ at: soon, crash: esx1 }', 'soon', '"events.0.at" is not valid', 'a time'],
    ['{ at: -1s, crash: esx1 }', '-1s', '"events.0.at" is not valid', 'a time'],
    ['{ at: 5, crash: esx1 }', '5', '"events.0.at" is not valid', 'a time'],
    ['{ at: 101d, crash: esx1 }', '101d', '"events.0.at" is not valid', 'up to 100d'],
    ['{ at: 1s, stall: datastore, for: 0 }', '0 }', '"events.0.for" is not valid', 'a time'],
    ['{ at: 1s, slow: datastore, factor: 0, for: 1s }', '0,', '"events.0.factor" is not valid', 'above 0'],
    ['{ at: 1s, slow: esx9/flash, factor: 2, for: 1s }', 'esx9', 'there is no host "esx9"', 'esx1'],
    ['{ at: 1s, slow: datastor, factor: 2, for: 1s }', 'datastor,', 'no device', '"datastore"'],
    ['{ at: 1s, slow: esx1, factor: 2, for: 1s }', 'esx1', 'no device "esx1"', 'esx1/flash'],
    ['{ at: 1s, set-mode: vm1, mode: write-bak }', 'write-bak', 'is not valid', '"write-back"'],
    ['{ at: 1s, heal: esx1 }', 'esx1', '"events.0.heal" is not valid', 'all'],
    ['{ at: 1s, crash: [] }', '[]', '"events.0.crash" is not valid', 'a list of them'],
    ['{ at: 1s, crash: [1] }', '1]', '"events.0.crash.0" is not a name', 'host'],
    ['{ at: 1s, partition: esx1, from: esx1 }', 'esx1 }', '"esx1" is on both sides', 'other hosts'],
    ['{ at: 1s, restart: esx1, emptyFlash: 1 }', '1 }', '"events.0.emptyFlash" is not valid', 'true'],
    ['crash', 'crash', '"events.0" is not an event', '{ at: 10s, crash: esx1 }'],
  ])('%s', async (text, part, message, advice) => {
    const told = await complaint(text);
    expect(told).toContain(message);
    expect(told).toContain(advice);
    expect(told).toContain(at(text, part));
  });

  test('events that are no list', async () => {
    const text = `${PLAIN}events: { at: 1s, crash: esx1 }\n`;
    await expect(resolved(text)).rejects.toThrow('"events" is not a list');
  });
});
