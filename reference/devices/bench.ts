/**
 * tinybench tasks: what one operation of each device costs, event queue and histogram apart. Each task runs a batch
 * of operations, the size of which its name states.
 */
import type { Bench } from 'tinybench';
import { hash2 } from '../kernel/random.ts';
import { DEVICE_READ, DEVICE_SEND, DEVICE_WRITE, type Device, type DeviceContext } from './api.ts';
import { builtInModels, resolveParameters } from './registry.ts';

const BATCH = 1000;
/** Time between two operations: far from saturation for every device measured. */
const STEP_NS = 20_000;
const ADDRESSES = 4096;

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
}

const TASKS: readonly DeviceTask[] = [
  { name: 'null write', model: 'null', operation: DEVICE_WRITE },
  { name: 'fixed write', model: 'fixed', operation: DEVICE_WRITE },
  { name: 'link send', model: 'link', preset: '10gbe', operation: DEVICE_SEND },
  { name: 'flash write (speed-flash)', model: 'flash', preset: 'speed-flash', operation: DEVICE_WRITE },
  { name: 'flash write (nvme-tlc)', model: 'flash', preset: 'nvme-tlc', operation: DEVICE_WRITE },
  { name: 'flash read (nvme-tlc)', model: 'flash', preset: 'nvme-tlc', operation: DEVICE_READ },
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
  for (const task of TASKS) {
    const model = builtInModels().find((each) => each.name === task.model)!;
    const { parameters } = resolveParameters(
      { model, provenance: { from: 'built-in', specifier: task.model } },
      { preset: task.preset, overrides: {} },
    );
    const context = new BenchContext();
    const device = model.create(parameters, context);
    context.device = device;
    let key = 0;
    bench.add(`${task.name}, ${BATCH} operations`, () => {
      for (let i = 0; i < BATCH; i++) {
        context.advance(context.nowNs + STEP_NS);
        key = (key + 1) | 0;
        device.submit(task.operation, 0, (hash2(key, 0) % ADDRESSES) * 8192, 8192, 0, key, key);
      }
    });
  }
}
