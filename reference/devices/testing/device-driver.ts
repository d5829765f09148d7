/**
 * Runs one device in virtual time, without a cluster, and asserts what every device must keep: each token completes
 * exactly once and never before it was submitted, time never goes back, BUSY is followed by `ready`, and Little's law
 * holds against the device's own figures. The order of equal times is that of the calls.
 */
import { assert } from '../../kernel/errors.ts';
import { componentSeed, hash2 } from '../../kernel/random.ts';
import {
  BUSY,
  type Device,
  type DeviceContext,
  type DeviceModel,
  DONE,
  FAULT_CORRUPT,
  FAULT_ERROR,
  type Fault,
  SECTOR_BYTES,
  type SubmitAnswer,
} from '../api.ts';

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
const CALL = 2;

interface Pending {
  readonly timeNs: number;
  readonly sequence: number;
  readonly kind: number;
  readonly argument: number;
  readonly call: (() => void) | undefined;
}

export class DeviceDriver implements DeviceContext {
  readonly name: string;
  readonly device: Device;
  readonly requests: DrivenRequest[] = [];
  /** Called at each completion, in virtual time: for closed loops. */
  onComplete: (request: DrivenRequest) => void = () => {};
  nowNs = 0;
  /** Completions and `fire` calls so far. */
  events = 0;
  private readonly seed: number;
  private readonly queue: Pending[] = [];
  private readonly refused: DrivenRequest[] = [];
  private sequence = 0;
  private inSystem = 0;
  private inSystemNs = 0;
  private changedNs = 0;

  constructor(model: DeviceModel<unknown>, parameters: unknown, seed = 1, name = 'device') {
    this.name = name;
    this.seed = componentSeed(seed, name);
    this.device = model.create(parameters, this);
  }

  completeAt(timeNs: number, token: number): void {
    assert(Number.isSafeInteger(timeNs), `completion of token ${token} is at an integer time, not ${timeNs}`);
    assert(timeNs >= this.nowNs, `token ${token} completes at ${timeNs}, not before now, ${this.nowNs}`);
    this.push(timeNs, COMPLETION, token, undefined);
  }

  faultAt(timeNs: number, token: number, kind: Fault, sector: number): void {
    const request = this.requests[token];
    assert(kind >= FAULT_ERROR && kind <= FAULT_CORRUPT, `${kind} is a fault`);
    assert(
      Number.isInteger(sector) &&
        sector >= 0 &&
        sector * SECTOR_BYTES <= (request?.bytes ?? 0) - (kind === FAULT_CORRUPT ? SECTOR_BYTES : 0),
      `sector ${sector} lies in the request`,
    );
    this.completeAt(timeNs, token);
    request!.fault = { kind, sector };
  }

  fireAt(timeNs: number, argument: number): void {
    assert(
      Number.isSafeInteger(timeNs) && timeNs >= this.nowNs,
      `fireAt(${timeNs}) is an integer, not before ${this.nowNs}`,
    );
    assert((argument | 0) === argument, `the argument of fireAt is an int32, not ${argument}`);
    this.push(timeNs, FIRE, argument, undefined);
  }

  ready(): void {
    const waiting = this.refused.splice(0);
    for (const request of waiting) this.offer(request);
  }

  draw(key: number, stage: number): number {
    return hash2(hash2(this.seed, key), stage);
  }

  /** Runs `call` at a time. */
  at(timeNs: number, call: () => void): void {
    this.push(timeNs, CALL, 0, call);
  }

  /** Submits now; a request answered BUSY is kept and submitted again after `ready`. */
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
    this.offer(request);
    return request;
  }

  /** Runs until nothing is left to do. */
  run(): void {
    this.runUntil(Number.POSITIVE_INFINITY);
    assert(
      this.refused.length === 0,
      `${this.refused.length} requests answered BUSY were never taken up again`,
    );
    const lost = this.requests.find((request) => request.completedNs < 0);
    assert(lost === undefined, `token ${lost?.token} (operation ${lost?.operation}) never completes`);
    this.checkLittlesLaw();
  }

  /** Runs everything up to and at `untilNs`. */
  runUntil(untilNs: number): void {
    for (;;) {
      if (this.queue.length === 0 || this.queue[0]!.timeNs > untilNs) break;
      const next = this.pop();
      assert(next.timeNs >= this.nowNs, 'time never goes back');
      this.nowNs = next.timeNs;
      if (next.kind === CALL) next.call!();
      else if (next.kind === FIRE) {
        this.events++;
        this.device.fire(next.argument);
      } else {
        this.events++;
        this.complete(next.argument);
      }
    }
  }

  /** The integral of the number in the device equals the sum of the residence times that it states. */
  private checkLittlesLaw(): void {
    const { requests, residenceNs, servers, busyNs } = this.device.statistics();
    const count = this.requests.length;
    assert(requests === count, `statistics().requests is ${count}, not ${requests}`);
    assert(
      residenceNs === this.inSystemNs,
      `statistics().residenceNs is ${this.inSystemNs}, not ${residenceNs}`,
    );
    assert(servers >= 1 && busyNs >= 0, 'statistics() has servers and busyNs');
  }

  private offer(request: DrivenRequest): void {
    const answer: SubmitAnswer = this.device.submit(
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
      return;
    }
    request.acceptedNs = this.nowNs;
    this.count(1);
    if (answer === DONE) this.complete(request.token);
  }

  private complete(token: number): void {
    const request = this.requests[token];
    assert(request !== undefined, `token ${token} was submitted`);
    assert(request.completedNs < 0, `token ${token} completes once`);
    request.completedNs = this.nowNs;
    this.count(-1);
    this.onComplete(request);
  }

  private count(change: number): void {
    this.inSystemNs += this.inSystem * (this.nowNs - this.changedNs);
    this.changedNs = this.nowNs;
    this.inSystem += change;
  }

  private push(timeNs: number, kind: number, argument: number, call: (() => void) | undefined): void {
    const entry = { timeNs, sequence: this.sequence++, kind, argument, call };
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
