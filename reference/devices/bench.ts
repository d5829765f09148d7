/**
 * tinybench tasks: what one operation of each device costs, event queue and histogram apart. Each task runs a batch
 * of operations, the size of which its name states.
 */
import type { Bench } from 'tinybench';
import { DOUBLE_ZERO } from '../kernel/double-zero.ts';
import { BugError } from '../kernel/errors.ts';
import { EventQueue } from '../kernel/event-queue.ts';
import { hash2 } from '../kernel/random.ts';
import { BUSY, DEVICE_READ, DEVICE_SEND, DEVICE_WRITE, type Device, type DeviceContext } from './api.ts';
import fixed from './models/fixed.ts';
import { builtInModels, resolveParameters } from './registry.ts';

const BATCH = 1000;
/** Time between two operations: far from saturation for flash and caches. */
const STEP_NS = 20_000;
/** The same for what has disks behind it. */
const DISK_STEP_NS = 20_000_000;
/** Places of 8 KiB: all of them fit in any cache, or in none. */
const ADDRESSES = 4096;
const WIDE_ADDRESSES = 2 ** 26;

/** Runs `fire` calls in order of time, and forgets completions. */
class BenchContext implements DeviceContext {
  readonly name = 'bench';
  nowNs = 0;
  completions = 0;
  device: Device | undefined;
  private readonly times = new Float64Array(1024);
  private readonly arguments = new Int32Array(1024);
  private pending = 0;

  completeAt(): void {
    this.completions++;
  }

  faultAt(): void {
    this.completions++;
  }

  fireAt(timeNs: number, argument: number): void {
    let at = this.pending++;
    while (at > 0 && this.times[at - 1]! <= timeNs) {
      this.times[at] = this.times[at - 1]!;
      this.arguments[at] = this.arguments[at - 1]!;
      at--;
    }
    this.times[at] = timeNs;
    this.arguments[at] = argument;
  }

  ready(): void {}

  draw(key: number, stage: number): number {
    return hash2(key, stage);
  }

  advance(toNs: number): void {
    while (this.pending > 0 && this.times[this.pending - 1]! <= toNs) {
      this.pending--;
      this.nowNs = this.times[this.pending]!;
      this.device!.fire(this.arguments[this.pending]!);
    }
    this.nowNs = toNs;
  }
}

interface DeviceTask {
  readonly name: string;
  readonly model: string;
  readonly preset?: string;
  readonly operation: number;
  readonly overrides?: Readonly<Record<string, unknown>>;
  /** @default STEP_NS */
  readonly stepNs?: number;
  /** @default ADDRESSES */
  readonly addresses?: number;
}

/** As many bins as fio has for a latency that varies by a factor of eight. */
const MEASURED = Array.from({ length: 192 }, (_, i) => [100_000 + 4000 * i, 1 + (i % 7)]);

const TASKS: readonly DeviceTask[] = [
  { name: 'null write', model: 'null', operation: DEVICE_WRITE },
  { name: 'fixed write', model: 'fixed', operation: DEVICE_WRITE },
  { name: 'link send', model: 'link', preset: '10gbe', operation: DEVICE_SEND },
  { name: 'flash write (speed-flash)', model: 'flash', preset: 'speed-flash', operation: DEVICE_WRITE },
  { name: 'flash write (nvme-tlc)', model: 'flash', preset: 'nvme-tlc', operation: DEVICE_WRITE },
  { name: 'flash read (nvme-tlc)', model: 'flash', preset: 'nvme-tlc', operation: DEVICE_READ },
  { name: 'ram write', model: 'ram', operation: DEVICE_WRITE },
  {
    name: 'ssd write (intel-p4500-2tb)',
    model: 'ssd',
    preset: 'intel-p4500-2tb',
    operation: DEVICE_WRITE,
    stepNs: 200_000,
    addresses: WIDE_ADDRESSES,
  },
  {
    name: 'ssd read (intel-p4500-2tb)',
    model: 'ssd',
    preset: 'intel-p4500-2tb',
    operation: DEVICE_READ,
    addresses: WIDE_ADDRESSES,
  },
  {
    name: 'hdd read (cheetah-15k7)',
    model: 'hdd',
    preset: 'cheetah-15k7',
    operation: DEVICE_READ,
    stepNs: DISK_STEP_NS,
    addresses: WIDE_ADDRESSES,
  },
  {
    name: 'hdd write (cheetah-15k7)',
    model: 'hdd',
    preset: 'cheetah-15k7',
    operation: DEVICE_WRITE,
    stepNs: DISK_STEP_NS,
    addresses: WIDE_ADDRESSES,
  },
  {
    name: 'pvfs read',
    model: 'pvfs',
    operation: DEVICE_READ,
    stepNs: DISK_STEP_NS,
    addresses: WIDE_ADDRESSES,
  },
  {
    name: 'pvfs write',
    model: 'pvfs',
    operation: DEVICE_WRITE,
    stepNs: DISK_STEP_NS,
    addresses: WIDE_ADDRESSES,
  },
  {
    name: 'empirical read (two sizes, two depths)',
    model: 'empirical',
    operation: DEVICE_READ,
    overrides: {
      tables: [4096, 65536].flatMap((size) =>
        [1, 16].map((depth) => ({ operation: 'read', size, depth, histogram: MEASURED })),
      ),
    },
  },
  {
    name: 'array read from spindles (fc-array-15k)',
    model: 'array',
    preset: 'fc-array-15k',
    operation: DEVICE_READ,
    stepNs: DISK_STEP_NS,
    addresses: WIDE_ADDRESSES,
  },
  {
    name: 'array write, destaged (fc-array-15k)',
    model: 'array',
    preset: 'fc-array-15k',
    operation: DEVICE_WRITE,
    stepNs: DISK_STEP_NS,
    addresses: WIDE_ADDRESSES,
  },
  {
    name: 'array cached write (all-flash-array)',
    model: 'array',
    preset: 'all-flash-array',
    operation: DEVICE_WRITE,
  },
  {
    name: 'array cached read (all-flash-array)',
    model: 'array',
    preset: 'all-flash-array',
    operation: DEVICE_READ,
  },
];

/** Adds one task per device and operation. */
export function addDeviceTasks(bench: Bench): void {
  // First, while the device `fixed` knows one class of context only, as in a run.
  addDispatchTasks(bench);
  for (const task of TASKS) {
    const model = builtInModels().find((each) => each.name === task.model)!;
    const { parameters } = resolveParameters(
      { model, provenance: { from: 'built-in', specifier: task.model } },
      { preset: task.preset, overrides: task.overrides ?? {} },
    );
    const context = new BenchContext();
    const device = model.create(parameters, context);
    context.device = device;
    const { operation, stepNs = STEP_NS, addresses = ADDRESSES } = task;
    let key = 0;
    bench.add(`${task.name}, ${BATCH} operations`, () => {
      for (let i = 0; i < BATCH; i++) {
        context.advance(context.nowNs + stepNs);
        key = (key + 1) | 0;
        const answer = device.submit(operation, 0, (hash2(key, 0) % addresses) * 8192, 8192, 0, key, key);
        if (answer === BUSY) throw new BugError(`${task.name}: the load is too much for it`);
      }
    });
  }
}

/** Requests under way in the loops that measure the dispatch. */
const UNDER_WAY = 32;
const LATENCY_NS = 100_000;

/** Puts completions into an event queue, as the runtime does. */
class QueueContext implements DeviceContext {
  readonly name = 'bench';
  readonly queue: EventQueue;

  constructor(queue: EventQueue) {
    this.queue = queue;
  }

  get nowNs(): number {
    return this.queue.timeNs;
  }

  completeAt(timeNs: number, token: number): void {
    this.queue.push(timeNs, 0, token);
  }

  faultAt(): void {}
  fireAt(): void {}
  ready(): void {}

  draw(key: number, stage: number): number {
    return hash2(key, stage);
  }
}

/** As in the device: an imported constant is looked at anew at each use. */
const WRITE = DEVICE_WRITE;

/** A closed loop over an event queue with the device behind the contract. */
class ContractLoop {
  private readonly queue = new EventQueue();
  private readonly device: Device;

  constructor(parameters: FixedTimes) {
    this.device = fixed.create(parameters, new QueueContext(this.queue));
    for (let token = 0; token < UNDER_WAY; token++) this.device.submit(WRITE, 0, 0, 8192, 0, token, token);
  }

  run(): void {
    const { queue, device } = this;
    for (let i = 0; i < BATCH; i++) {
      queue.pop();
      device.submit(WRITE, 0, i * 8192, 8192, 0, queue.token, i);
    }
  }
}

/**
 * The same loop with what the device does and counts written into it by hand. What no run has, it does not have either:
 * it is an object with fields, as in a closure over constants V8 compiles the addresses of the queue's arrays into the
 * loop; and completions reach the queue by a reference of their own, as with one V8 keeps the queue's fields in
 * registers from `pop` to `push`, where in a run many devices push in between (2 of 9 ns).
 */
class InlinedLoop {
  private readonly queue = new EventQueue();
  private readonly completions: QueueContext;
  private readonly parameters: FixedTimes;
  requests = 0;
  residenceNs = DOUBLE_ZERO;
  writtenBytes = DOUBLE_ZERO;
  busyNs = DOUBLE_ZERO;
  busyUntilNs = DOUBLE_ZERO;

  constructor(parameters: FixedTimes) {
    this.parameters = parameters;
    this.completions = new QueueContext(this.queue);
    for (let token = 0; token < UNDER_WAY; token++) this.queue.push(parameters.write, 0, token);
  }

  run(): void {
    const { queue, completions, parameters } = this;
    for (let i = 0; i < BATCH; i++) {
      queue.pop();
      const nowNs = completions.queue.timeNs;
      const latencyNs = parameters.write;
      const endNs = nowNs + latencyNs;
      this.writtenBytes += 8192;
      this.requests++;
      this.residenceNs += latencyNs;
      if (endNs > this.busyUntilNs) {
        this.busyNs += endNs - Math.max(this.busyUntilNs, nowNs);
        this.busyUntilNs = endNs;
      }
      completions.queue.push(endNs, 0, queue.token);
    }
  }
}

type FixedTimes = Parameters<typeof fixed.create>[0];

/** The difference of the two is what the contract costs. */
function addDispatchTasks(bench: Bench): void {
  const ns = LATENCY_NS;
  const times: FixedTimes = { read: ns, write: ns, flush: ns, discard: ns, send: ns };
  const contract = new ContractLoop(times);
  const inlined = new InlinedLoop(times);
  bench.add(`fixed write in a loop, through the contract, ${BATCH} operations`, () => contract.run());
  bench.add(`fixed write in a loop, inlined by hand, ${BATCH} operations`, () => inlined.run());
}
