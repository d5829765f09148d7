/**
 * How arrivals come: gaps, counts in windows of doubling width, and what those say of bursts. Windows are all whole
 * ones from the first arrival on; a gap of any length costs the same.
 */
import { LatencyHistogram } from '../../reference/kernel/histogram.ts';
import { NS_PER_S } from '../../reference/kernel/units.ts';
import { log2 } from './exact-log2.ts';

/** Narrowest window: 2^20 ns, about a millisecond. Assumed: bursts shorter than a service time do not matter. */
const FIRST_WINDOW_BITS = 20;
const LEVELS = 34;
/** Fewest windows that a variance is taken of. Assumed. */
const WINDOWS_MIN = 30;
/** Fewest levels that a slope is fitted through. Assumed. */
const FITTED_LEVELS_MIN = 4;

export interface Dispersion {
  readonly windowNs: number;
  readonly windows: number;
  /** I/Os in a window. */
  readonly meanIos: number;
  /** Variance over mean of the counts: 1 for a Poisson process, more for bursts. @source Cox and Lewis (1966) */
  readonly index: number;
}

export class ArrivalCounts {
  readonly gaps = new LatencyHistogram();
  /** Most arrivals in a whole second of the trace's clock. */
  peakSecondIos = 0;
  private squaredGaps = 0;
  private arrivals = 0;
  private lastNs = 0;
  private second = 0;
  private inSecond = 0;
  /** By level: number of the window at hand, arrivals in it, and sums over the windows before. */
  private readonly window = new Float64Array(LEVELS);
  private readonly inWindow = new Float64Array(LEVELS);
  private readonly squares = new Float64Array(LEVELS);
  private readonly sums = new Float64Array(LEVELS);

  /** @param timeNs never falls from call to call, and starts at 0 */
  arrive(timeNs: number): void {
    if (this.arrivals > 0) {
      const gap = timeNs - this.lastNs;
      this.gaps.record(gap);
      this.squaredGaps += gap * gap;
    }
    this.arrivals++;
    this.lastNs = timeNs;
    const second = Math.floor(timeNs / NS_PER_S);
    if (second !== this.second) this.closeSecond(second);
    this.inSecond++;
    const window = Math.floor(timeNs / 2 ** FIRST_WINDOW_BITS);
    if (window !== this.window[0]) this.closeWindows(window);
    this.inWindow[0]!++;
  }

  /** Coefficient of variation of the gaps: 1 for a Poisson process; null with fewer than two gaps. */
  get gapVariation(): number | null {
    const { count, mean } = this.gaps;
    if (count < 2 || mean === 0) return null;
    return Math.sqrt(Math.max(0, this.squaredGaps / count - mean * mean)) / mean;
  }

  /** Call it after the last arrival. @param durationNs from the first arrival to the end of what was recorded */
  dispersions(durationNs: number): Dispersion[] {
    this.closeSecond(-1);
    const found: Dispersion[] = [];
    // Arrivals of the window at hand count at the next level only once it is closed.
    const counts = Float64Array.from(this.inWindow);
    let carried = 0;
    for (let level = 0; level < LEVELS; level++) {
      const windowNs = 2 ** (FIRST_WINDOW_BITS + level);
      const windows = Math.floor(durationNs / windowNs);
      carried += counts[level]!;
      if (windows < WINDOWS_MIN) break;
      // The last window is whole only when the trace ends with it.
      const lastIsWhole = this.window[level]! < windows;
      const sum = this.sums[level]! + (lastIsWhole ? carried : 0);
      const squares = this.squares[level]! + (lastIsWhole ? carried * carried : 0);
      const mean = sum / windows;
      if (mean > 0)
        found.push({ windowNs, windows, meanIos: mean, index: (squares / windows - mean * mean) / mean });
    }
    return found;
  }

  private closeSecond(next: number): void {
    if (this.inSecond > this.peakSecondIos) this.peakSecondIos = this.inSecond;
    this.second = next;
    this.inSecond = 0;
  }

  /** Ends the first level's window, and those of the levels above that end with it. */
  private closeWindows(first: number): void {
    let next = first;
    for (let level = 0; level < LEVELS; level++) {
      const count = this.inWindow[level]!;
      this.sums[level]! += count;
      this.squares[level]! += count * count;
      this.inWindow[level] = 0;
      this.window[level] = next;
      next = Math.floor(next / 2);
      if (level + 1 < LEVELS) {
        this.inWindow[level + 1]! += count;
        if (this.window[level + 1] === next) return;
      }
    }
  }
}

/**
 * The Hurst parameter by the variances of aggregated counts: 0.5 without memory, towards 1 with bursts at every scale.
 * Null when there are too few windows.
 * @source Taqqu, Teverovsky and Willinger, "Estimators for long-range dependence" (1995), aggregated variance
 */
export function hurst(dispersions: readonly Dispersion[]): number | null {
  // The variance of a window's mean is index x mean / width^2; in units of the first window's width.
  const points = dispersions
    .filter(({ meanIos, index }) => meanIos >= 1 && index > 0)
    .map(({ windowNs, meanIos, index }) => {
      const width = windowNs / 2 ** FIRST_WINDOW_BITS;
      return { x: log2(width), y: log2((index * meanIos) / (width * width)) };
    });
  if (points.length < FITTED_LEVELS_MIN) return null;
  const mean = (of: (point: { x: number; y: number }) => number): number =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const x = mean((point) => point.x);
  const y = mean((point) => point.y);
  const slope =
    mean((point) => (point.x - x) * (point.y - y)) / mean((point) => (point.x - x) * (point.x - x));
  return Math.max(0, Math.min(1, 1 + slope / 2));
}
