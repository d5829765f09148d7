/**
 * What the spindles do for others: users of the array that are not simulated, at random times, and the rebuild of a
 * failed spindle, at a steady rate. It is worked out when a spindle is about to begin something, so that it needs no
 * events and ends with the guests: what came before the operation was queued is served before it.
 */
import type { DeviceContext } from '../api.ts';
import { RunningTotal } from '../running-total.ts';
import { transferNs } from '../server-pool.ts';
import { parseServiceTime, type ServiceTime } from '../service-time.ts';
import type { ArrayParameters } from './array-parameters.ts';

/** Longest time without guests that is caught up with; before that, the spindle is taken to have been idle. Assumed. */
const CATCH_UP_NS = 10e9;
/** Keys of draws: apart from those of guests, which are not negative. */
const KEY_BASE = -1;

export class OtherLoad {
  readonly busyNs = new RunningTotal();
  operations = 0;
  private readonly array: ArrayParameters;
  private readonly context: DeviceContext;
  private readonly interval: ServiceTime | undefined;
  private readonly rebuildIntervalNs: number;
  private readonly nextTenantNs: Float64Array;
  private readonly nextRebuildNs: Float64Array;
  /** When each spindle has done what it has begun, for others or for guests. */
  private readonly freeNs: Float64Array;
  private readonly draws: Int32Array;

  /** @param isRebuilt whether a spindle takes part in the rebuild */
  constructor(array: ArrayParameters, context: DeviceContext, isRebuilt: (spindle: number) => boolean) {
    this.array = array;
    this.context = context;
    const { spindles, failedSpindles, tenantIops, rebuildRate, stripe } = array;
    const perSpindle = tenantIops / (spindles - failedSpindles);
    this.interval =
      tenantIops === 0
        ? undefined
        : parseServiceTime({ distribution: 'exponential', mean: `${Math.ceil(1e9 / perSpindle)}ns` });
    this.rebuildIntervalNs = rebuildRate === 0 ? 0 : Math.ceil((stripe * 1e9) / rebuildRate);
    this.nextTenantNs = new Float64Array(spindles).fill(Number.POSITIVE_INFINITY);
    this.nextRebuildNs = new Float64Array(spindles).fill(Number.POSITIVE_INFINITY);
    this.freeNs = new Float64Array(spindles);
    this.draws = new Int32Array(spindles);
    for (let spindle = 0; spindle < spindles; spindle++) {
      if (this.interval !== undefined) this.nextTenantNs[spindle] = this.intervalNs(spindle);
      if (rebuildRate > 0 && isRebuilt(spindle))
        this.nextRebuildNs[spindle] = Math.floor((this.rebuildIntervalNs * spindle) / spindles);
    }
  }

  /** When a spindle is free for an operation that was queued at a time, ns. */
  freeFor(spindle: number, queuedNs: number): number {
    const { nextTenantNs, nextRebuildNs, freeNs } = this;
    if (queuedNs - freeNs[spindle]! > CATCH_UP_NS) this.skip(spindle, queuedNs - CATCH_UP_NS);
    for (;;) {
      const isTenant = nextTenantNs[spindle]! <= nextRebuildNs[spindle]!;
      const arrivalNs = isTenant ? nextTenantNs[spindle]! : nextRebuildNs[spindle]!;
      if (arrivalNs > queuedNs) return freeNs[spindle]!;
      const { array } = this;
      const bytes = isTenant ? array.tenantSize : array.stripe;
      const serviceNs =
        array.spindleRead.sampleNs(this.draw(spindle)) + transferNs(bytes, array.spindleBandwidth);
      freeNs[spindle] = Math.max(arrivalNs, freeNs[spindle]!) + serviceNs;
      this.busyNs.add(serviceNs);
      this.operations++;
      if (isTenant) nextTenantNs[spindle] = arrivalNs + this.intervalNs(spindle);
      else nextRebuildNs[spindle] = arrivalNs + this.rebuildIntervalNs;
    }
  }

  /** A spindle works for a guest until then. */
  occupied(spindle: number, untilNs: number): void {
    this.freeNs[spindle] = untilNs;
  }

  private skip(spindle: number, toNs: number): void {
    if (this.nextTenantNs[spindle]! < toNs) this.nextTenantNs[spindle] = toNs + this.intervalNs(spindle);
    if (this.nextRebuildNs[spindle]! < toNs) this.nextRebuildNs[spindle] = toNs;
    if (this.freeNs[spindle]! < toNs) this.freeNs[spindle] = toNs;
  }

  private intervalNs(spindle: number): number {
    return this.interval!.sampleNs(this.draw(spindle));
  }

  private draw(spindle: number): number {
    return this.context.draw(KEY_BASE - spindle, ++this.draws[spindle]!);
  }
}
