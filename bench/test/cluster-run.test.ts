/** `fvp cluster run` as a person meets it: a host dies, its VM goes on elsewhere, and both are told. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RunDocument } from '../../results/schema/run-document.ts';
import { runDocumentSchema } from '../../results/schema/run-schema.ts';
import { type Outcome, runFvp } from './run-fvp.ts';

/** 10 ms apart; their times are in microseconds. */
const ROWS = 300;
const SCENARIO = `
datastore: { device: fixed, read: 2ms, write: 2ms }
hostDefaults: { flash: { device: fixed, capacity: 1GiB }, link: { device: link } }
hosts: { esx1: {}, esx2: {}, esx3: {} }
vms: { vm1: { host: esx1 } }
events:
  - { at: 1s, stall: datastore, for: 100ms }
  - { at: 2s, crash: esx1 }
`;

let folder: string;
let told: Outcome;
let document: RunDocument;
let report: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'fvp-cluster-run-'));
  const lines = ['fio version 3 iolog', '0 /dev/sdx add', '0 /dev/sdx open'];
  for (let row = 0; row < ROWS; row++)
    lines.push(
      `${row * 10_000} /dev/sdx ${row % 3 === 0 ? 'read' : 'write'} ${((row * 7919) % 4096) * 4096} 4096`,
    );
  writeFileSync(join(folder, 'small.log'), `${lines.join('\n')}\n${ROWS * 10_000} /dev/sdx close\n`);
  writeFileSync(join(folder, 'mine.yaml'), SCENARIO);
  const argv = [
    'cluster',
    'run',
    'mine.yaml',
    'small.log',
    '--mode',
    'write-back,write-back+1',
    '--out',
    'run',
  ];
  told = await runFvp(argv, { cwd: folder });
  document = JSON.parse(readFileSync(join(folder, 'run/run.json'), 'utf8'));
  report = readFileSync(join(folder, 'run/report.html'), 'utf8');
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

test('a VM whose host dies runs elsewhere, and all of its I/Os complete', () => {
  expect(told.stderr).toBe('');
  expect(told.exitCode).toBe(0);
  expect(runDocumentSchema.parse(document)).toEqual(document);
  const replicated = document.events!.find(({ mode }) => mode === 'write-back+1')!;
  expect(replicated).toMatchObject({ workload: 'small', failed: 0, completed: ROWS, measuredFromNs: 0 });
  expect(replicated.history).toContainEqual({ atNs: 2e9, event: 'crash', detail: 'esx1' });
  const vm = replicated.history.filter(({ event }) => event === 'vm');
  expect(vm.map(({ detail, host }) => [detail, host])).toEqual([
    ['stopped', undefined],
    ['powered on', expect.stringMatching(/^esx[23]$/)],
    ['runs', expect.stringMatching(/^esx[23]$/)],
  ]);
  const states = replicated.history.filter(({ event, atNs }) => event === 'state' && atNs > 2e9);
  expect(states.map(({ state }) => state)).toEqual(
    expect.arrayContaining(['ORPHANED', 'REPLAYING', 'WB', 'OFF']),
  );
});

test('without a replica its data is on the dead host only, and nothing is guessed', () => {
  const alone = document.events!.find(({ mode }) => mode === 'write-back')!;
  expect(alone.completed).toBeLessThan(ROWS);
  expect(alone.history.map(({ state }) => state)).not.toContain('REPLAYING');
});

test('the scenario in the document has its events', () => {
  expect(document.scenario.events).toEqual([
    { at: '1s', stall: 'datastore', for: '100ms' },
    { at: '2s', crash: 'esx1' },
  ]);
});

test('the timeline of each mode is printed within 100 columns', () => {
  const lines = told.stdout.split('\n');
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(100);
  const from = lines.indexOf('What happened to small in write-back+1:');
  const timeline = lines.slice(from, lines.indexOf('', from)).join('\n');
  expect(timeline).toMatch(/^ +2\.000 s {2}\* crash +esx1$/m);
  expect(timeline).toMatch(/^ +2\.000 s {2}vm1 +stopped$/m);
  expect(timeline).toMatch(/^ +[0-9.]+ s {2}vm1 disk 0 +esx[23]: REPLAYING/m);
  expect(timeline).toMatch(/^ +[0-9.]+ s {2}vm1 +runs at esx[23]$/m);
  expect(timeline).toMatch(/^ +[0-9.]+ s {2}\* load +ends$/m);
});

test('the report has the faults and the time that the VM was down', () => {
  for (const label of ['stall datastore for 100 ms', 'crash esx1', 'vm1 is down'])
    expect(report.includes(`"label":"${label}"`), label).toBe(true);
});

test('bench run on the same scenario gives the same document and tells no timeline', async () => {
  const argv = ['small.log', '--mode', 'write-back,write-back+1', '--out', 'other'];
  const { stdout } = await runFvp(['bench', 'run', ...argv, '--scenario', 'mine.yaml'], { cwd: folder });
  expect(stdout).not.toContain('What happened');
  expect(readFileSync(join(folder, 'other/run.json'), 'utf8')).toBe(
    readFileSync(join(folder, 'run/run.json'), 'utf8'),
  );
});

test('a VM that comes back is in write-back again, and one that lost its datastore twice keeps its lease twice', async () => {
  const events = `events:
  - { at: 0.5s, migrate: vm1, to: esx2 }
  - { at: 1s, migrate: vm1, to: esx1 }
  - { at: 1.5s, partition: esx1, from: datastore }
  - { at: 3s, heal: all }
  - { at: 20s, partition: esx1, from: datastore }
  - { at: 30s, heal: all }
`;
  writeFileSync(join(folder, 'moves.yaml'), SCENARIO.slice(0, SCENARIO.indexOf('events:')) + events);
  const { stdout } = await runFvp(
    ['cluster', 'run', 'moves.yaml', 'small.log', '--mode', 'write-back', '--json'],
    {
      cwd: folder,
    },
  );
  const { history } = (JSON.parse(stdout) as RunDocument).events![0]!;
  const states = history.filter(({ atNs, event }) => event === 'state' && atNs > 1e9 && atNs < 1.5e9);
  expect(states.at(-1)).toMatchObject({ host: 'esx1', state: 'WB' });
  expect(history.filter(({ detail }) => detail === 'stopped')).toEqual([]);
  expect(history).toContainEqual({ atNs: 20e9, event: 'partition', detail: 'esx1 from the datastore' });
});

test('a scenario that is not there is named', async () => {
  const { exitCode, stderr } = await runFvp(['cluster', 'run', 'owner-crsh'], { cwd: folder });
  expect(exitCode).toBe(64);
  expect(stderr).toContain('did you mean "owner-crash"?');
});
