/**
 * `max_latency`, `rate_min` and `rate_iops_min`: what a job may not do. It then ends with an error; the other jobs go on
 * unless `exitall_on_error` says otherwise.
 *
 * @source fio 3.42: backend.c (__check_min_rate, do_io), io_u.c (account_io_completion, lat_fatal)
 */
import { formatBytes, formatCount, formatNs } from '../../reference/kernel/units.ts';
import type { PlannedProcess } from './job-plan.ts';

const NS_PER_MS = 1e6;
/** The rate is not looked at in the first two seconds. */
const SETTLE_NS = 2e9;
const KINDS = ['read', 'write', 'trim'] as const;

export class JobLimits {
  /** Why the job has failed, in words; undefined while it has not. */
  failure: string | undefined;
  readonly hasRates: boolean;
  private readonly settings: PlannedProcess['settings'];
  /** By direction: totals and time of the last look; -1 before the first. */
  private readonly lastBytes = new Float64Array(3);
  private readonly lastIos = new Float64Array(3);
  private readonly lastNs = new Float64Array(3).fill(-1);

  constructor(settings: PlannedProcess['settings']) {
    this.settings = settings;
    this.hasRates = [0, 1, 2].some(
      (direction) => settings.rateMinBytesPerSecond[direction]! > 0 || settings.rateMinIops[direction]! > 0,
    );
  }

  /** Takes the time from issue to completion. @returns true when it was too long */
  completed(direction: number, latencyNs: number): boolean {
    const mostNs = this.settings.maxLatencyNs[direction]!;
    if (mostNs === 0 || latencyNs <= mostNs || this.failure !== undefined) return false;
    this.failure = `a ${KINDS[direction]} took ${formatNs(latencyNs)}, and max_latency is ${formatNs(mostNs)}`;
    return true;
  }

  /**
   * Looks at the rates since the last look, where a cycle has passed.
   * @param sinceNs since the job began
   * @returns true when one was too low
   */
  checkRates(nowNs: number, sinceNs: number, doneBytes: Float64Array, doneIos: Float64Array): boolean {
    if (sinceNs < SETTLE_NS || this.failure !== undefined) return false;
    for (let direction = 0; direction < 3; direction++) {
      if (doneBytes[direction] === 0) continue;
      if (this.isTooSlow(direction, nowNs, doneBytes[direction]!, doneIos[direction]!)) return true;
    }
    return false;
  }

  /** The counts have begun anew. */
  restart(): void {
    this.lastNs.fill(-1);
  }

  private isTooSlow(direction: number, nowNs: number, bytes: number, ios: number): boolean {
    const { rateMinBytesPerSecond, rateMinIops, rateCycleMs } = this.settings;
    const leastBytes = rateMinBytesPerSecond[direction]!;
    const leastIos = rateMinIops[direction]!;
    if (leastBytes === 0 && leastIos === 0) return false;
    const spentNs = nowNs - this.lastNs[direction]!;
    if (this.lastNs[direction]! >= 0) {
      if (spentNs < rateCycleMs * NS_PER_MS || spentNs === 0) return false;
      if (leastBytes > 0) {
        const perSecond = Math.floor(((bytes - this.lastBytes[direction]!) * 1e9) / spentNs);
        if (perSecond < leastBytes)
          this.failure = `its ${KINDS[direction]}s came to ${formatBytes(perSecond)} a second, and rate_min is ${formatBytes(leastBytes)}`;
      } else {
        const perSecond = Math.floor(((ios - this.lastIos[direction]!) * 1e9) / spentNs);
        if (perSecond < leastIos)
          this.failure = `its ${KINDS[direction]}s came to ${formatCount(perSecond)} a second, and rate_iops_min is ${formatCount(leastIos)}`;
      }
    }
    this.lastBytes[direction] = bytes;
    this.lastIos[direction] = ios;
    this.lastNs[direction] = nowNs;
    return this.failure !== undefined;
  }
}
