/**
 * Degraded service by class of operation (US 9,658,959; fvp-protocol.md 2.4). Latency is followed apart for local reads,
 * remote reads, populates and VM writes. A class that is slow is left alone for a while, then tried again, each time
 * after a longer while: a slow flash or network costs the operations that it slows, not acceleration as a whole.
 */
import type { FvpOptions } from './options.ts';

/** Reads from this host's flash; degraded, clean blocks are read from the datastore. */
export const CLASS_LOCAL_READ = 0;
/** Reads of a former host's clean cache; degraded, they go to the datastore. */
export const CLASS_REMOTE_READ = 1;
/** "False writes"; degraded, what reads miss is not copied into flash. */
export const CLASS_POPULATE = 2;
/** "True writes"; degraded, write-back is left for a time, and write-through does not update the cache. */
export const CLASS_VM_WRITE = 3;
/** What the others are compared with: reads and writes of the datastore. */
export const CLASS_DATASTORE_READ = 4;
export const CLASS_DATASTORE_WRITE = 5;
const CLASSES = 6;

/** By class, of those that can be degraded. */
export const CLASS_NAMES = ['local reads', 'remote reads', 'populates', 'VM writes'] as const;

/** Weight of a new latency in the smoothed one. @source assumed */
const WEIGHT = 1 / 32;
/** A class is judged by no fewer latencies. @source assumed */
const SAMPLES_LEAST = 32;

/** By class: that of the datastore which it is compared with. */
const COMPARED = [
  CLASS_DATASTORE_READ,
  CLASS_DATASTORE_READ,
  CLASS_DATASTORE_READ,
  CLASS_DATASTORE_WRITE,
] as const;

/** Weight of the `count`th sample: the mean of the first ones, then smoothed. */
export function smoothingWeight(count: number, weight: number): number {
  return count * weight < 1 ? 1 / count : weight;
}

export class LatencyClasses {
  /** By class; smoothed, ns. */
  private readonly smoothedNs = new Float64Array(CLASSES);
  private readonly samples = new Float64Array(CLASSES);
  /** Until then the class is left alone. */
  private readonly untilNs = new Float64Array(CLASSES).fill(Number.NEGATIVE_INFINITY);
  private readonly backOffNs = new Float64Array(CLASSES);
  private readonly options: FvpOptions;
  /** Told when a class has become slow, and for how long it is left alone. */
  private readonly onDegraded: (latencyClass: number, untilNs: number) => void;

  constructor(options: FvpOptions, onDegraded: (latencyClass: number, untilNs: number) => void) {
    this.options = options;
    this.onDegraded = onDegraded;
  }

  isDegraded(latencyClass: number, nowNs: number): boolean {
    return nowNs < this.untilNs[latencyClass]!;
  }

  /** An operation of a class has taken `ns`. */
  sample(latencyClass: number, ns: number, nowNs: number): void {
    const { smoothedNs, samples } = this;
    const count = ++samples[latencyClass]!;
    smoothedNs[latencyClass]! += (ns - smoothedNs[latencyClass]!) * smoothingWeight(count, WEIGHT);
    if (latencyClass >= CLASS_DATASTORE_READ || count < SAMPLES_LEAST) return;
    if (this.isSlow(latencyClass, smoothedNs[latencyClass]!)) this.degrade(latencyClass, nowNs);
  }

  /** True when operations of this class that take so long are slow. */
  isSlow(latencyClass: number, ns: number): boolean {
    const { aboveNs, factor } = this.options.degrade;
    return ns > aboveNs && ns > factor * this.smoothedNs[COMPARED[latencyClass]!]!;
  }

  private degrade(latencyClass: number, nowNs: number): void {
    const { smoothedNs, samples, untilNs, backOffNs, options } = this;
    if (nowNs < untilNs[latencyClass]!) return;
    const { firstNs, mostNs } = options.retry;
    // A class that was well for longer than it was last left alone begins anew.
    const wasWell = nowNs - untilNs[latencyClass]! > backOffNs[latencyClass]!;
    backOffNs[latencyClass] = wasWell ? firstNs : Math.min(mostNs, 2 * backOffNs[latencyClass]!);
    untilNs[latencyClass] = nowNs + backOffNs[latencyClass]!;
    samples[latencyClass] = 0;
    smoothedNs[latencyClass] = 0;
    this.onDegraded(latencyClass, untilNs[latencyClass]!);
  }
}
