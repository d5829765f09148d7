/**
 * `latency_target`: looks for the highest depth at which enough I/Os are quick enough.
 *
 * @source fio 3.42, io_u.c: lat_target_init, lat_target_check, lat_target_success, __lat_target_failed
 */
import type { JobSettings } from '#fio-parser';

/** Windows in a row that must succeed before the upper bound is raised again. @source fio io_u.c */
const STABLE_WINDOWS = 3;

export class LatencySearch {
  /** I/Os that may be under way now. */
  iodepth = 1;
  /** True once the depth is found and a last window measures it. */
  final = false;
  /** At least one window met the target. */
  everMet = false;
  private readonly settings: JobSettings;
  private readonly most: number;
  private high: number;
  private low = 1;
  private stable = 0;
  private failed = 0;
  private sinceNs = 0;
  private sinceIos = 0;

  constructor(settings: JobSettings, most: number) {
    this.settings = settings;
    this.most = most;
    this.high = most;
  }

  /** Only the depth that was found is measured, unless the search is to go on for ever. */
  get isMeasured(): boolean {
    return this.final || this.settings.latencyRun;
  }

  begin(nowNs: number, completedIos: number): void {
    if (!this.final) {
      this.iodepth = 1;
      this.low = 1;
      this.high = this.most;
    }
    this.newWindow(nowNs, completedIos);
  }

  /** @returns true where the depth was lowered, so that all must complete first */
  completed(latencyNs: number, nowNs: number, completedIos: number): boolean {
    if (latencyNs <= this.settings.latencyTargetNs) return false;
    if (this.settings.latencyPercentile >= 100) return this.lower(nowNs, completedIos);
    this.failed++;
    return false;
  }

  /** Looks at the window once it is over. */
  check(nowNs: number, completedIos: number): 'same' | 'changed' | 'done' {
    const { latencyWindowNs, latencyPercentile } = this.settings;
    if (nowNs - this.sinceNs < latencyWindowNs) return 'same';
    const ios = completedIos - this.sinceIos;
    if (ios <= 0) return 'same';
    if (((ios - this.failed) / ios) * 100 < latencyPercentile) {
      return this.lower(nowNs, completedIos) ? 'changed' : 'same';
    }
    this.everMet = true;
    return this.raise(nowNs, completedIos);
  }

  private lower(nowNs: number, completedIos: number): boolean {
    if (this.iodepth === 1) {
      this.newWindow(nowNs, completedIos);
      return false;
    }
    this.high = this.iodepth;
    if (this.iodepth === this.low) this.low--;
    this.iodepth = Math.max(1, Math.floor((this.iodepth + this.low) / 2));
    this.stable = 0;
    this.newWindow(nowNs, completedIos);
    return true;
  }

  private raise(nowNs: number, completedIos: number): 'same' | 'changed' | 'done' {
    const before = this.iodepth;
    this.low = before;
    if (before + 1 === this.high && ++this.stable >= STABLE_WINDOWS) {
      this.high++;
      this.stable = 0;
    }
    this.iodepth = this.high === this.most ? before * 2 : Math.floor((before + this.high) / 2);
    if (this.iodepth > this.most) this.iodepth = this.most;
    this.newWindow(nowNs, completedIos);
    if (this.settings.latencyRun || this.iodepth !== before) return 'same';
    if (this.final) return 'done';
    this.final = true;
    return 'changed';
  }

  private newWindow(nowNs: number, completedIos: number): void {
    this.sinceNs = nowNs;
    this.sinceIos = completedIos;
    this.failed = 0;
  }
}
