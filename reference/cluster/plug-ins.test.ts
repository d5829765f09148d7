/** What a plug-in can do wrong in a run: each an error that names the plug-in and the call. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { UsageError } from '../kernel/errors.ts';
import { OP_WRITE } from '../kernel/io.ts';
import { ListSource } from './plain-scenario.ts';
import { ClusterRun } from './run-cluster.ts';
import { parseScenario } from './scenario/load-scenario.ts';

/** A device of 10 us, parts of which a case replaces. */
const HONEST = {
  create: '',
  submit: 'this.requests++; this.context.completeAt(this.context.nowNs + 10000, token); return 1;',
  fire: '',
  statistics:
    'return { busyNs: 0, servers: 1, requests: this.requests, residenceNs: 10000 * this.requests };',
};

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'fvp-plug-ins-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let files = 0;

/** Runs three writes on a datastore whose parts are replaced. @returns the message of the error */
async function complaint(parts: Partial<typeof HONEST>, filter?: string): Promise<string> {
  const { create, submit, fire, statistics } = { ...HONEST, ...parts };
  const file = `device-${files++}.mjs`;
  writeFileSync(
    join(folder, file),
    `class Device {
      requests = 0;
      constructor(context) { this.context = context; }
      submit(operation, unit, address, bytes, flags, token, key) { ${submit} }
      fire(argument) { ${fire} }
      statistics() { ${statistics} }
    }
    export default {
      name: 'odd', summary: 'Odd.', roles: ['datastore'], parameters: {},
      create: (parameters, context) => { ${create}; return new Device(context); },
    };`,
  );
  const device = filter === undefined ? `./${file}` : 'fixed';
  let filters = '';
  if (filter !== undefined) {
    writeFileSync(
      join(folder, `filter-${files}.mjs`),
      `export default {
        name: 'odd', summary: 'Odd.', parameters: {},
        create: (parameters, context, next) => ({
          submit: (...request) => next.submit(...request),
          fire() {},
          completed(timeNs, token) { context.completeAt(timeNs, token); },
          faulted(timeNs, token, fault, sector) { context.faultAt(timeNs, token, fault, sector); },
          ready() { context.ready(); },
          statistics: () => ({}),
          ${filter}
        }),
      };`,
    );
    filters = `, filters: [./filter-${files}.mjs]`;
  }
  const scenario = await parseScenario(
    `datastore: { device: ${device}${filters} }
hostDefaults: { link: { device: link } }
hosts: { esx1: }
vms: { vm1: { host: esx1 } }`,
    'odd.yaml',
    folder,
  );
  const source = new ListSource(
    [0, 1000, 2000].map((atNs) => ({ atNs, op: OP_WRITE, offset: atNs * 8, bytes: 4096 })),
  );
  try {
    const run = new ClusterRun(scenario.resolve({ footprintBytes: 0 }), [{ source }], {
      mode: 'none',
      seed: 1,
    });
    while (run.advance(10_000));
    run.result();
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return error.message;
  }
  return 'no error';
}

describe('a device', () => {
  test('that does nothing wrong runs', async () => {
    expect(await complaint({})).toBe('no error');
  });

  test.each([
    ['throws when it is made', { create: 'throw new Error("no arm")' }, 'create() threw Error: no arm'],
    [
      'throws when it is submitted to',
      { submit: 'if (this.requests++ === 1) null.arm; return 0;' },
      "submit(write, unit 0, address 8000, 4096 bytes, token 0) threw TypeError: Cannot read properties of null (reading 'arm')",
    ],
    [
      'throws what is no error',
      { submit: 'throw 7' },
      'submit(write, unit 0, address 0, 4096 bytes, token 0) threw 7',
    ],
    [
      'throws when its time comes',
      {
        submit: 'this.context.fireAt(this.context.nowNs + 5, 9); return 1;',
        fire: 'throw new RangeError("far")',
      },
      'fire(9) threw RangeError: far',
    ],
    [
      'never completes a request',
      { submit: 'this.requests++; return 1;' },
      'submit(write, 4096 bytes, token 0) at 0 ns answered QUEUED, and the request is never completed',
    ],
    [
      'completes a request twice',
      {
        submit: `${HONEST.submit.replace('return 1;', '')} this.context.completeAt(this.context.nowNs + 20000, token); return 1;`,
      },
      'context.completeAt(20000, 0): token 0 is not under way',
    ],
    [
      'completes what nobody submitted',
      { submit: `this.context.completeAt(5, 77); ${HONEST.submit}` },
      'context.completeAt(5, 77): token 77 is not under way',
    ],
    [
      'completes, and says DONE',
      { submit: HONEST.submit.replace('return 1;', 'return 0;') },
      'submit(write, unit 0, address 0, 4096 bytes, token 0) completed the request, and answered DONE',
    ],
    [
      'goes back in time',
      { submit: 'this.context.completeAt(this.context.nowNs - 1, token); return 1;' },
      'context.completeAt(-1, 0): time goes back, now is 0',
    ],
    [
      'gives a fraction of a nanosecond',
      { submit: 'this.context.completeAt(this.context.nowNs + 0.5, token); return 1;' },
      'context.completeAt(0.5, 0): 0.5 is no time',
    ],
    [
      'gives no time',
      { submit: 'this.context.completeAt(NaN, token); return 1;' },
      'context.completeAt(NaN, 0): NaN is no time',
    ],
    [
      'asks for a time that is over',
      { submit: 'this.context.fireAt(-5, 1); return 1;' },
      'context.fireAt(-5, 1): time goes back, now is 0',
    ],
    [
      'says BUSY for ever',
      { submit: 'return 2;' },
      'submit answered BUSY, and context.ready() is never called',
    ],
    [
      'runs in circles',
      {
        submit: 'this.context.fireAt(this.context.nowNs, 1); return 1;',
        fire: 'this.context.fireAt(this.context.nowNs, 1);',
      },
      'fire has been called 1000001 times at 0 ns: time does not go on',
    ],
    [
      'answers nothing',
      { submit: HONEST.submit.replace('return 1;', '') },
      'submit(write, unit 0, address 0, 4096 bytes, token 0) answered undefined',
    ],
    [
      'reports a fault beyond the request',
      { submit: 'this.context.faultAt(this.context.nowNs, token, 3, 8); return 1;' },
      'context.faultAt(0, 0, 3, 8): the request of 4096 bytes has no sector 8',
    ],
    [
      'reports a fault that there is not',
      { submit: 'this.context.faultAt(this.context.nowNs, token, 4, 0); return 1;' },
      'context.faultAt(0, 0, 4, 0): 4 is no fault',
    ],
    ['has no figures', { statistics: 'return null;' }, 'statistics() returns no object'],
    [
      'leaves a figure out',
      { statistics: 'return { busyNs: 0, servers: 1, requests: 3 };' },
      'statistics().residenceNs is undefined',
    ],
    [
      'breaks Little’s law',
      { statistics: HONEST.statistics.replace('10000', '10001') },
      'statistics().residenceNs is 30003, which is not the sum of completion - acceptance (Little',
    ],
    [
      'miscounts',
      { statistics: HONEST.statistics.replace('requests: this.requests', 'requests: 2') },
      'statistics().requests is 2, and 3 were accepted',
    ],
  ])('that %s', async (_, parts, expected) => {
    const message = await complaint(parts);
    expect(message.replace(/device-[0-9]+/, 'odd')).toContain(`device ./odd.mjs (datastore): ${expected}`);
  });
});

describe('a filter', () => {
  test('that does nothing wrong runs', async () => {
    expect(await complaint({}, '')).toBe('no error');
  });

  test.each([
    [
      'throws',
      'submit() { throw new Error("lid shut"); }',
      'submit(write, unit 0, address 0, 4096 bytes, token 0) threw Error: lid shut',
    ],
    [
      'throws at a completion',
      'completed() { throw new Error("lid shut"); }',
      'completed(100000, 0) threw Error: lid shut',
    ],
    [
      'forgets a completion',
      'completed() {}',
      'submit(write, 4096 bytes, token 0) at 0 ns answered QUEUED, and the request is never completed',
    ],
    [
      'completes early',
      'completed(timeNs, token) { context.completeAt(-1, token); }',
      'context.completeAt(-1, 0): time goes back, now is 0',
    ],
    [
      'completes twice',
      'completed(timeNs, token) { context.completeAt(timeNs, token); context.completeAt(timeNs, token); }',
      'context.completeAt(100000, 0): token 0 is not under way',
    ],
    [
      'submits a request twice',
      'submit(...request) { next.submit(...request); return next.submit(...request); }',
      'context.completeAt(100000, 0): token 0 is not under way',
    ],
    ['has no ready', 'ready: 5', 'create() returned no ready function'],
  ])('that %s', async (_, filter, expected) => {
    const message = await complaint({}, filter);
    expect(message.replace(/filter-[0-9]+/, 'odd')).toBe(`filter ./odd.mjs (datastore/odd): ${expected}`);
  });
});
