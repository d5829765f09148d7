/**
 * What every device and filter must keep, tried on one: `fvp device validate`, and `fvp-bench/device/conformance` for a
 * plug-in's own tests. It is driven through loads that differ in what they press on, every call checked (guard.ts).
 */
import { z } from 'zod';
import { AppError } from '../../kernel/errors.ts';
import { hash2 } from '../../kernel/random.ts';
import {
  BUSY,
  DEVICE_DISCARD,
  DEVICE_FLUSH,
  DEVICE_READ,
  DEVICE_SEND,
  DEVICE_WRITE,
  type Device,
  type DeviceContext,
  type DeviceModel,
  type DeviceStatistics,
  defineDevice,
  type FilterModel,
  type ParameterDeclaration,
  QUEUED,
  REQUEST_FUA,
  REQUEST_RESERVED,
  type SubmitAnswer,
} from '../api.ts';
import { ContractBreach, type Rule } from '../guard.ts';
import fixed from '../models/fixed.ts';
import nullDevice from '../models/null.ts';
import { resolveParameters } from '../registry.ts';
import type { DeviceSetup, FilterSetup } from '../stack.ts';
import { DeviceDriver, type RequestOptions } from './device-driver.ts';

export interface CheckOptions {
  /** Parameters as written in a scenario. @default the model's own defaults */
  readonly parameters?: Readonly<Record<string, unknown>>;
  /** @default 1 */
  readonly seed?: number;
  /** Name in messages. @default the model's name */
  readonly specifier?: string;
}

export interface CheckResult {
  readonly check: string;
  /** One sentence: what was tried. */
  readonly description: string;
  readonly passed: boolean;
  /** What went wrong, and in which load; null where nothing did. */
  readonly evidence: string | null;
}

export interface CheckReport {
  readonly schema: 'fvp.conformance/1';
  readonly kind: 'device' | 'filter';
  readonly name: string;
  readonly passed: boolean;
  readonly checks: readonly CheckResult[];
  readonly loads: number;
  readonly requests: number;
}

/** A sequence of requests; `closed` ones are sent whenever an earlier one completes. */
interface Load {
  readonly name: string;
  readonly startNs: number;
  readonly requests: readonly (RequestOptions & { readonly afterNs: number })[];
  /** How many requests are under way at once; 0: each comes at its time. */
  readonly depth: number;
}

const RULES: readonly { readonly rule: Rule; readonly description: string }[] = [
  { rule: 'calls', description: 'No call throws, and each answers what the contract allows.' },
  { rule: 'no-lost-request', description: 'Every request that is accepted completes, once.' },
  { rule: 'back-pressure', description: 'After BUSY comes ready(), and what was refused is taken up.' },
  { rule: 'monotone-time', description: 'Times are whole numbers of ns, and never lie before now.' },
  {
    rule: 'conservation',
    description: 'statistics() counts each request, and its residence (Little’s law).',
  },
  { rule: 'drain', description: 'With nothing under way it comes to rest.' },
];

const BAD_DEFAULT = 'the default of';

/** Events per request, from which a device is taken never to come to rest. Assumed. */
const EVENTS_PER_REQUEST_MAX = 1000;
const KIB = 1024;
const MIB = 1024 * KIB;
/** Time of a run after 90 days: beyond 2^52 ns, where sums with fractions begin to be rounded. */
const LATE_NS = 90 * 86_400e9;

/** Drives a device model and says what holds. */
export function checkDevice<Parameters>(
  model: DeviceModel<Parameters>,
  options: CheckOptions = {},
): CheckReport {
  const parameterFaults = parameterEvidence(model);
  const setups = (): DeviceSetup[] => [
    {
      model: model as DeviceModel<unknown>,
      parameters: settle(model, options),
      plugIn: options.specifier ?? model.name,
    },
  ];
  const roles = model.roles;
  const storage = roles.includes('flash') || roles.includes('datastore');
  const loads = [...(storage ? storageLoads() : []), ...(roles.includes('link') ? linkLoads() : [])];
  return check('device', model.name, parameterFaults, setups, loads, options.seed ?? 1);
}

/** Drives a filter before devices that answer late, at once, and BUSY, and says what holds. */
export function checkFilter<Parameters>(
  model: FilterModel<Parameters>,
  options: CheckOptions = {},
): CheckReport {
  const parameterFaults = parameterEvidence(model);
  const setups = (): DeviceSetup[] => {
    const filter: FilterSetup = {
      model: model as FilterModel<unknown>,
      parameters: settle(model, options),
      plugIn: options.specifier ?? model.name,
    };
    return [fixed, nullDevice, narrow].map((device) => ({
      model: device as DeviceModel<unknown>,
      parameters: settle(device as DeviceModel<unknown>, {}),
      filters: [filter],
    }));
  };
  const loads = [...storageLoads(), ...linkLoads()];
  return check('filter', model.name, parameterFaults, setups, loads, options.seed ?? 1);
}

function settle(
  model: DeviceModel<never> | FilterModel<never>,
  { parameters = {}, specifier = model.name }: CheckOptions,
): unknown {
  const loaded = { model, provenance: { from: 'path', specifier } } as unknown as Parameters<
    typeof resolveParameters
  >[0];
  return resolveParameters(loaded, { overrides: parameters }).parameters;
}

function check(
  kind: 'device' | 'filter',
  name: string,
  parameterFaults: string | null,
  setups: () => readonly DeviceSetup[],
  loads: readonly Load[],
  seed: number,
): CheckReport {
  const evidence = new Map<string, string>();
  const note = (rule: string, what: string) => {
    if (!evidence.has(rule)) evidence.set(rule, what);
  };
  let requests = 0;
  let runs = 0;
  const usable = parameterFaults === null || !parameterFaults.startsWith(BAD_DEFAULT);
  for (const load of usable ? loads : []) {
    const devices = setups();
    for (let at = 0; at < devices.length; at++) {
      const where = `load "${load.name}"${devices.length === 1 ? '' : ` on ${devices[at]!.model.name}`}`;
      runs++;
      requests += load.requests.length;
      const ambient = new Set<string>();
      try {
        const first = watched(ambient, () => trail(devices[at]!, load, seed));
        if (ambient.size > 0) note('determinism', `${where}: it calls ${[...ambient].join(', ')}`);
        if (trail(setups()[at]!, load, seed) !== first)
          note('determinism', `${where}: a second run differs from the first`);
        if (besideAnother(setups()[at]!, setups()[at]!, load, seed) !== first)
          note('independence', `${where}: beside a second instance it differs from alone`);
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        note(error instanceof ContractBreach ? error.rule : 'calls', `${where}: ${error.message}`);
      }
    }
  }
  const result = (id: string, description: string): CheckResult => ({
    check: id,
    description,
    passed: usable && !evidence.has(id),
    evidence: evidence.get(id) ?? (usable ? null : 'not tried'),
  });
  if (parameterFaults !== null) evidence.set('parameters', parameterFaults);
  const checks = [
    result('parameters', 'Each parameter has unit, description, source, and a default that it accepts.'),
    ...RULES.map(({ rule, description }) => result(rule, description)),
    result('determinism', 'The same seed gives the same completions and figures; no clock, no Math.random.'),
    result('independence', 'Two instances in one run do not disturb each other.'),
  ];
  return {
    schema: 'fvp.conformance/1',
    kind,
    name,
    passed: checks.every(({ passed }) => passed),
    checks,
    loads: runs,
    requests,
  };
}

function parameterEvidence(model: {
  readonly summary: string;
  readonly parameters: Readonly<Record<string, ParameterDeclaration>>;
}): string | null {
  if (model.summary.trim() === '') return 'its summary is empty';
  for (const [name, declaration] of Object.entries(model.parameters)) {
    for (const word of ['unit', 'description', 'source'] as const) {
      if (typeof declaration[word] !== 'string' || declaration[word].trim() === '')
        return `parameter "${name}" has no ${word}`;
    }
    const parsed = z.safeParse(declaration.schema, declaration.default);
    if (!parsed.success) {
      const why = parsed.error.issues[0]?.message ?? 'is not valid';
      return `${BAD_DEFAULT} parameter "${name}", ${JSON.stringify(declaration.default)}, ${why}`;
    }
  }
  return null;
}

/** Runs `run`, noting what it asks of the world outside. */
function watched<Result>(asked: Set<string>, run: () => Result): Result {
  const sources: readonly (readonly [object: object, name: string, shown: string])[] = [
    [globalThis.Math, 'random', 'Math.random'],
    [globalThis.Date, 'now', 'Date.now'],
    [globalThis.performance, 'now', 'performance.now'],
  ];
  const originals = sources.map(([object, name]) => Reflect.get(object, name) as () => number);
  for (const [at, [object, name, shown]] of sources.entries()) {
    Reflect.set(object, name, () => {
      asked.add(shown);
      return originals[at]!.call(object);
    });
  }
  try {
    return run();
  } finally {
    for (const [at, [object, name]] of sources.entries()) Reflect.set(object, name, originals[at]);
  }
}

/** What became of each request, and the figures in the end. */
function trail(setup: DeviceSetup, load: Load, seed: number): string {
  const driver = start(setup, load, seed);
  let events = 0;
  while (driver.step()) checkRest(driver, load, ++events);
  return story(driver);
}

/** As `trail`, while another instance is given every second request, and its seed is another one. */
function besideAnother(setup: DeviceSetup, other: DeviceSetup, load: Load, seed: number): string {
  const driver = start(setup, load, seed);
  const half = { ...load, requests: load.requests.filter((_, at) => at % 2 === 0) };
  const disturbing = start(other, half, seed + 1);
  let events = 0;
  while (driver.step()) {
    disturbing.step();
    checkRest(driver, load, ++events);
  }
  return story(driver);
}

function checkRest(driver: DeviceDriver, load: Load, events: number): void {
  if (events <= EVENTS_PER_REQUEST_MAX * load.requests.length) return;
  const atRest = driver.requests.every((request) => request.completedNs >= 0);
  throw new ContractBreach(
    atRest ? 'drain' : 'no-lost-request',
    `${events} events for ${load.requests.length} requests, and no end: ${atRest ? 'nothing is under way' : 'some never complete'}`,
  );
}

function start(setup: DeviceSetup, load: Load, seed: number): DeviceDriver {
  const driver = new DeviceDriver(setup.model, setup.parameters, seed, 'device', setup.filters, setup.plugIn);
  let sent = 0;
  const send = () => {
    if (sent < load.requests.length) driver.submit(load.requests[sent++]!);
  };
  if (load.depth > 0) {
    driver.at(load.startNs, () => {
      for (let i = 0; i < load.depth; i++) send();
    });
    driver.onComplete = () => driver.at(driver.nowNs, send);
    return driver;
  }
  let atNs = load.startNs;
  for (const { afterNs } of load.requests) {
    atNs += afterNs;
    driver.at(atNs, send);
  }
  return driver;
}

function story(driver: DeviceDriver): string {
  driver.checkFinished();
  const filters = driver.stack.filters.map(({ filter }) => [filter.statistics(), filter.log?.() ?? []]);
  return JSON.stringify([
    driver.requests.map(({ completedNs, fault }) => [completedNs, fault]),
    driver.device.statistics(),
    filters,
  ]);
}

/** Numbers that look random, the same everywhere. */
function word(at: number, stage: number, below: number): number {
  return hash2(at, stage) % below;
}

function requestsOf(
  count: number,
  make: (at: number) => RequestOptions & { readonly afterNs: number },
): Load['requests'] {
  return Array.from({ length: count }, (_, at) => make(at));
}

function storageLoads(): Load[] {
  const mixed = (at: number) => {
    const dice = word(at, 1, 100);
    const operation =
      dice < 60 ? DEVICE_WRITE : dice < 92 ? DEVICE_READ : dice < 96 ? DEVICE_FLUSH : DEVICE_DISCARD;
    const bytes = operation === DEVICE_FLUSH ? 0 : 4 * KIB * (1 + word(at, 2, 8));
    return { operation, unit: word(at, 3, 4), address: 4 * KIB * word(at, 4, 100_000), bytes, key: at };
  };
  const sizes = [0, 512, 1024, 3584, 4 * KIB, 64 * KIB, 1 * MIB, 4 * MIB];
  return [
    {
      name: 'one at a time',
      startNs: 0,
      depth: 1,
      requests: requestsOf(40, (at) => ({
        afterNs: 0,
        operation: [DEVICE_READ, DEVICE_WRITE, DEVICE_FLUSH, DEVICE_DISCARD][at % 4]!,
        address: 64 * KIB * at,
        bytes: at % 4 === DEVICE_FLUSH ? 0 : 4 * KIB,
      })),
    },
    {
      name: 'sequential',
      startNs: 0,
      depth: 8,
      requests: requestsOf(400, (at) => ({
        afterNs: 0,
        operation: at < 200 ? DEVICE_WRITE : DEVICE_READ,
        address: 64 * KIB * (at % 200),
        bytes: 64 * KIB,
      })),
    },
    {
      name: 'random',
      startNs: 0,
      depth: 0,
      requests: requestsOf(800, (at) => ({ afterNs: word(at, 5, 400_000), ...mixed(at) })),
    },
    {
      name: 'all at once',
      startNs: 1000,
      depth: 0,
      requests: requestsOf(500, (at) => ({ afterNs: 0, ...mixed(at) })),
    },
    {
      name: '64 under way',
      startNs: 0,
      depth: 64,
      requests: requestsOf(800, (at) => ({ afterNs: 0, ...mixed(at) })),
    },
    {
      name: 'sizes, units and flags',
      startNs: 0,
      depth: 0,
      requests: requestsOf(300, (at) => ({
        afterNs: word(at, 6, 3) * 1_000_000,
        operation: word(at, 7, 2),
        unit: word(at, 8, 64),
        address: 512 * word(at, 9, 2 ** 31),
        bytes: sizes[at % sizes.length]!,
        flags: [0, 0, REQUEST_FUA, REQUEST_RESERVED, REQUEST_FUA | REQUEST_RESERVED][word(at, 10, 5)]!,
        key: -at,
      })),
    },
    {
      name: 'after 90 days',
      startNs: LATE_NS,
      depth: 0,
      requests: requestsOf(300, (at) => ({ afterNs: word(at, 11, 100_000), ...mixed(at) })),
    },
  ];
}

function linkLoads(): Load[] {
  const message = (at: number) => ({
    operation: DEVICE_SEND,
    unit: word(at, 12, 8),
    bytes: [0, 64, 4 * KIB, 64 * KIB, MIB][word(at, 13, 5)]!,
    key: at,
  });
  return [
    {
      name: 'messages',
      startNs: 0,
      depth: 0,
      requests: requestsOf(500, (at) => ({ afterNs: word(at, 14, 50_000), ...message(at) })),
    },
    {
      name: 'messages all at once',
      startNs: LATE_NS,
      depth: 0,
      requests: requestsOf(500, (at) => ({ afterNs: 0, ...message(at) })),
    },
  ];
}

/** Takes three requests at a time, and refuses more. */
class Narrow implements Device {
  private readonly context: DeviceContext;
  private underWay = 0;
  private requests = 0;

  constructor(context: DeviceContext) {
    this.context = context;
  }

  submit(...[, , , , , token]: Parameters<Device['submit']>): SubmitAnswer {
    if (this.underWay === NARROW_DEPTH) return BUSY;
    this.underWay++;
    this.requests++;
    const endNs = this.context.nowNs + NARROW_NS;
    this.context.completeAt(endNs, token);
    this.context.fireAt(endNs, 0);
    return QUEUED;
  }

  fire(): void {
    if (this.underWay-- === NARROW_DEPTH) this.context.ready();
  }

  statistics(): DeviceStatistics {
    const residenceNs = NARROW_NS * this.requests;
    return { busyNs: residenceNs, servers: NARROW_DEPTH, requests: this.requests, residenceNs };
  }
}

const NARROW_DEPTH = 3;
const NARROW_NS = 100_000;

const narrow = defineDevice<unknown>({
  name: 'narrow',
  summary: 'Takes three requests at a time, and answers BUSY to more.',
  roles: ['flash', 'datastore', 'link'],
  parameters: {},
  create: (_, context) => new Narrow(context),
});
