/**
 * Runs one device, with its filters, in virtual time and without a cluster. Every layer is guarded (guard.ts), so that
 * whatever a device does wrong is an error that names it and the call; when nothing is left to do, every request must
 * have completed, and Little's law must hold against the device's own figures. The order of equal times is that of
 * the calls.
 */
import { componentSeed, hash2 } from '../../kernel/random.ts';
import {
  BUSY,
  type Device,
  type DeviceContext,
  type DeviceModel,
  DONE,
  type Fault,
  type NextDevice,
  type SubmitAnswer,
} from '../api.ts';
import type { GuardedDevice } from '../guard.ts';
import { createStack, type DeviceStack, type FilterSetup, type Layer } from '../stack.ts';

/** One request, with what became of it. */
export interface DrivenRequest {
  readonly token: number;
  readonly operation: number;
  readonly unit: number;
  readonly address: number;
  readonly bytes: number;
  readonly flags: number;
  readonly key: number;
  /** First offered. */
  readonly submittedNs: number;
  /** Taken by the device: later than `submittedNs` where it answered BUSY. */
  acceptedNs: number;
  /** -1 until complete. */
  completedNs: number;
  /** How it ended, where it did not end well. */
  fault: { readonly kind: Fault; readonly sector: number } | undefined;
}

export interface RequestOptions {
  readonly operation: number;
  readonly unit?: number;
  readonly address?: number;
  readonly bytes?: number;
  readonly flags?: number;
  /** @default the token */
  readonly key?: number;
}

const COMPLETION = 0;
const FIRE = 1;
const READY = 2;
const CALL = 3;

interface Pending {
  readonly timeNs: number;
  readonly sequence: number;
  readonly kind: number;
  /** A token, or what `fireAt` was given. */
  readonly argument: number;
  readonly layer: Layer | undefined;
  readonly call: (() => void) | undefined;
}

class DriverContext implements DeviceContext {
  readonly name: string;
  private readonly driver: DeviceDriver;
  private readonly layer: Layer;
  private readonly seed: number;

  constructor(driver: DeviceDriver, layer: Layer, seed: number) {
    this.name = layer.name;
    this.driver = driver;
    this.layer = layer;
    this.seed = componentSeed(seed, layer.name);
  }

  get nowNs(): number {
    return this.driver.nowNs;
  }

  completeAt(timeNs: number, token: number): void {
    this.layer.station.complete(timeNs);
    this.driver.schedule(timeNs, COMPLETION, token, undefined, undefined);
  }

  faultAt(timeNs: number, token: number, kind: Fault, sector: number): void {
    this.driver.requests[token]!.fault = { kind, sector };
    this.completeAt(timeNs, token);
  }

  fireAt(timeNs: number, argument: number): void {
    this.driver.schedule(timeNs, FIRE, argument, this.layer, undefined);
  }

  ready(): void {
    this.driver.schedule(this.driver.nowNs, READY, 0, this.layer, undefined);
  }

  draw(key: number, stage: number): number {
    return hash2(hash2(this.seed, key), stage);
  }
}

export class DeviceDriver {
  readonly device: Device;
  readonly stack: DeviceStack;
  readonly requests: DrivenRequest[] = [];
  /** Called at each completion, in virtual time: for closed loops. */
  onComplete: (request: DrivenRequest) => void = () => {};
  nowNs = 0;
  /** Completions and `fire` calls so far. */
  events = 0;
  private readonly top: NextDevice;
  private readonly queue: Pending[] = [];
  private readonly refused: DrivenRequest[] = [];
  private sequence = 0;

  /** @param filters the first is submitted to */
  constructor(
    model: DeviceModel<unknown>,
    parameters: unknown,
    seed = 1,
    name = 'device',
    filters: readonly FilterSetup[] = [],
    plugIn: string = model.name,
  ) {
    const setup = {
      model,
      parameters,
      plugIn,
      filters: filters.map((filter) => ({ plugIn: filter.model.name, ...filter })),
    };
    let outermost: Layer | undefined;
    this.stack = createStack(setup, name, (layer) => {
      outermost = layer;
      return new DriverContext(this, layer, seed);
    });
    outermost!.above = { ready: () => this.offerRefused() };
    this.device = this.stack.device;
    this.top = this.stack.top;
  }

  /** Runs `call` at a time. */
  at(timeNs: number, call: () => void): void {
    this.schedule(timeNs, CALL, 0, undefined, call);
  }

  /** Submits now; a request answered BUSY is kept, with those after it, and submitted again after `ready`. */
  submit(options: RequestOptions): DrivenRequest {
    const token = this.requests.length;
    const request: DrivenRequest = {
      token,
      operation: options.operation,
      unit: options.unit ?? 0,
      address: options.address ?? 0,
      bytes: options.bytes ?? 0,
      flags: options.flags ?? 0,
      key: options.key ?? token,
      submittedNs: this.nowNs,
      acceptedNs: -1,
      completedNs: -1,
      fault: undefined,
    };
    this.requests.push(request);
    if (this.refused.length > 0) this.refused.push(request);
    else this.offer(request);
    return request;
  }

  /** Runs until nothing is left to do. @throws UsageError that names the device and what it did wrong */
  run(): void {
    this.runUntil(Number.POSITIVE_INFINITY);
    this.checkFinished();
  }

  /** With nothing left to do: every request has completed, and Little's law holds. */
  checkFinished(): void {
    for (const guard of this.stack.guarded) {
      const unfinished = guard.unfinished();
      if (unfinished !== undefined) throw unfinished;
    }
    const wrong = this.stack.station.disagreement(this.device.statistics());
    if (wrong !== undefined) throw (this.device as GuardedDevice).miscounted(wrong);
  }

  /** Runs everything up to and at `untilNs`. */
  runUntil(untilNs: number): void {
    while (this.queue.length > 0 && this.queue[0]!.timeNs <= untilNs) this.step();
  }

  /** Takes the next event. @returns false when there is none */
  step(): boolean {
    if (this.queue.length === 0) return false;
    const next = this.pop();
    this.nowNs = next.timeNs;
    if (next.kind === CALL) next.call!();
    else if (next.kind === READY) next.layer!.above!.ready();
    else {
      this.events++;
      if (next.kind === FIRE) next.layer!.self!.fire(next.argument);
      else this.complete(next.argument);
    }
    return true;
  }

  schedule(
    timeNs: number,
    kind: number,
    argument: number,
    layer: Layer | undefined,
    call: (() => void) | undefined,
  ): void {
    const entry = { timeNs, sequence: this.sequence++, kind, argument, layer, call };
    const { queue } = this;
    let at = queue.length;
    queue.push(entry);
    while (at > 0) {
      const parent = (at - 1) >>> 1;
      if (!before(entry, queue[parent]!)) break;
      queue[at] = queue[parent]!;
      at = parent;
    }
    queue[at] = entry;
  }

  private offerRefused(): void {
    const waiting = this.refused.splice(0);
    for (const [at, request] of waiting.entries()) {
      if (this.offer(request)) continue;
      // In order: those behind it wait as well.
      this.refused.push(...waiting.slice(at + 1));
      return;
    }
  }

  /** @returns false where the device is too busy; the request is then kept */
  private offer(request: DrivenRequest): boolean {
    const answer: SubmitAnswer = this.top.submit(
      request.operation,
      request.unit,
      request.address,
      request.bytes,
      request.flags,
      request.token,
      request.key,
    );
    if (answer === BUSY) {
      this.refused.push(request);
      return false;
    }
    request.acceptedNs = this.nowNs;
    this.stack.outerStation.accept(this.nowNs);
    if (answer === DONE) {
      this.stack.outerStation.complete(this.nowNs);
      this.complete(request.token);
    }
    return true;
  }

  private complete(token: number): void {
    const request = this.requests[token]!;
    request.completedNs = this.nowNs;
    this.onComplete(request);
  }

  private pop(): Pending {
    const { queue } = this;
    const first = queue[0]!;
    const last = queue.pop()!;
    if (queue.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= queue.length) break;
      if (child + 1 < queue.length && before(queue[child + 1]!, queue[child]!)) child++;
      if (!before(queue[child]!, last)) break;
      queue[at] = queue[child]!;
      at = child;
    }
    queue[at] = last;
    return first;
  }
}

function before(a: Pending, b: Pending): boolean {
  return a.timeNs < b.timeNs || (a.timeNs === b.timeNs && a.sequence < b.sequence);
}
