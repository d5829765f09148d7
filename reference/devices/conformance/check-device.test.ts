/** What comes with fvp keeps the contract; a device that breaks a rule is told which. */
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import {
  type Device,
  type DeviceContext,
  defineDevice,
  defineFilter,
  QUEUED,
  type SubmitAnswer,
} from '../api.ts';
import { PassThrough } from '../pass-through.ts';
import { builtInFilters, builtInModels } from '../registry.ts';
import { checkDevice, checkFilter } from './check-device.ts';

const failed = (report: ReturnType<typeof checkDevice>) =>
  report.checks.filter(({ passed }) => !passed).map(({ check, evidence }) => `${check}: ${evidence}`);

describe('keeps the contract:', () => {
  test.each(builtInModels().map((model) => [model.name, model] as const))('device %s', (_, model) => {
    expect(failed(checkDevice(model))).toEqual([]);
  });

  test.each(builtInFilters().map((model) => [model.name, model] as const))('filter %s', (name, model) => {
    const parameters = PRESSED[name] ?? {};
    expect(failed(checkFilter(model, { parameters }))).toEqual([]);
  });
});

/** Parameters with which a filter does something. */
const PRESSED: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  delay: { read: { distribution: 'exponential', mean: '100us' }, write: '10us' },
  rate: { iops: 5000, bandwidth: '50MB/s', burst: '1ms' },
  'queue-depth': { depth: 4, full: 'busy' },
  stall: { first: '1ms', duration: '1ms', every: '5ms' },
  error: { read: '10%', write: '10%', flush: '10%', discard: '10%', send: '10%', after: '10us' },
  torn: { write: '20%' },
  corrupt: { read: '20%', write: '20%', send: '20%' },
};

/** Takes 10 us a request, parts of it replaced. */
function device(change: (device: Device, context: DeviceContext) => Partial<Device>) {
  return defineDevice<unknown>({
    name: 'odd',
    summary: 'Odd.',
    roles: ['flash'],
    parameters: {},
    create: (_, context) => {
      let requests = 0;
      const honest: Device = {
        submit: (...[, , , , , token]) => {
          requests++;
          context.completeAt(context.nowNs + 10_000, token);
          return QUEUED;
        },
        fire: () => {},
        statistics: () => ({ busyNs: 0, servers: 1, requests, residenceNs: 10_000 * requests }),
      };
      return { ...honest, ...change(honest, context) };
    },
  });
}

let outside = 0;

describe('a device that breaks a rule is told which:', () => {
  test.each<[string, Parameters<typeof device>[0], RegExp]>([
    [
      'calls',
      () => ({ submit: () => 3 as never }),
      /"one at a time": device odd \(device\): submit\(read, .*\) answered 3/,
    ],
    [
      'no-lost-request',
      () => ({ submit: () => QUEUED }),
      /answered QUEUED, and the request is never completed/,
    ],
    ['back-pressure', () => ({ submit: () => 2 }), /answered BUSY, and context.ready\(\) is never called/],
    [
      'monotone-time',
      (_, context) => ({
        submit: (...[, , , , , token]) => {
          context.completeAt(context.nowNs / 3, token);
          return QUEUED;
        },
      }),
      /time goes back|is no time/,
    ],
    [
      'conservation',
      (honest) => ({ statistics: () => ({ ...honest.statistics(), residenceNs: 1 }) }),
      /residenceNs is 1, which is not the sum/,
    ],
    [
      'drain',
      (honest, context) => ({
        submit: (...request) => {
          context.fireAt(context.nowNs + 1, 0);
          return honest.submit(...request);
        },
        fire: () => context.fireAt(context.nowNs + 1000, 0),
      }),
      /no end: nothing is under way/,
    ],
    [
      'determinism',
      (honest) => ({ statistics: () => ({ ...honest.statistics(), odd: Math.random() }) }),
      /it calls Math.random/,
    ],
    [
      'independence',
      (honest) => ({
        submit: (...request) => {
          outside++;
          return honest.submit(...request);
        },
        statistics: () => ({ ...honest.statistics(), outside }),
      }),
      /differs/,
    ],
  ])('%s', (rule, change, evidence) => {
    outside = 0;
    const { checks, passed } = checkDevice(device(change));
    expect(passed).toBe(false);
    expect(checks.find(({ check }) => check === rule)!.evidence).toMatch(evidence);
  });

  test('parameters', () => {
    const odd = { ...device(() => ({})), parameters: { arm: { schema: z.number(), default: 2 } } };
    expect(failed(checkDevice(odd as never))).toEqual(['parameters: parameter "arm" has no unit']);
    const declared = {
      unit: 'count',
      description: 'Arms.',
      source: 'assumed',
      schema: z.number(),
      default: 'left',
    };
    expect(failed(checkDevice({ ...odd, parameters: { arm: declared } } as never))[0]).toContain(
      'the default of parameter "arm", "left", Invalid input',
    );
  });
});

test('a filter that loses what its device answers at once is told so, and on which device', () => {
  class Forgetful extends PassThrough {
    override submit(...request: Parameters<Device['submit']>): SubmitAnswer {
      this.next.submit(...request);
      return QUEUED;
    }

    statistics() {
      return {};
    }
  }
  const report = checkFilter(
    defineFilter<unknown>({
      name: 'forgetful',
      summary: 'Takes DONE for QUEUED.',
      parameters: {},
      create: (_, context, next) => new Forgetful(context, next),
    }),
  );
  expect(failed(report)).toEqual([
    expect.stringMatching(
      /^no-lost-request: load "one at a time" on null: filter forgetful .* never completed$/,
    ),
  ]);
});
