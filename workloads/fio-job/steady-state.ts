/**
 * `steadystate`: ends a job, or a group of them, once its rate or latency has stopped moving.
 *
 * @source fio 3.42, steadystate.c
 */
import type { SteadyStateCriterion } from '#fio-parser';

const NS_PER_S = 1e9;

export interface SteadyStateSetup {
  readonly criterion: SteadyStateCriterion;
  readonly durationNs: number;
  readonly rampNs: number;
  readonly intervalNs: number;
}

export class SteadyState {
  readonly setup: SteadyStateSetup;
  /** When it was reached; undefined until then. */
  attainedNs: number | undefined;
  /** The last value compared with the limit; undefined before there were enough intervals. */
  lastValue: number | undefined;
  private readonly values: number[] = [];
  private readonly count: number;
  private beforeIos = 0;
  private beforeBytes = 0;
  private beforeLatencyNs = 0;

  constructor(setup: SteadyStateSetup) {
    this.setup = setup;
    this.count = Math.floor(setup.durationNs / setup.intervalNs);
  }

  /**
   * Takes the totals at the end of an interval.
   * @param sinceNs since the job began
   * @returns true once the state is steady
   */
  take(sinceNs: number, ios: number, bytes: number, latencyNs: number): boolean {
    const { criterion, rampNs, intervalNs } = this.setup;
    const newIos = ios - this.beforeIos;
    const newBytes = bytes - this.beforeBytes;
    const newLatencyNs = latencyNs - this.beforeLatencyNs;
    this.beforeIos = ios;
    this.beforeBytes = bytes;
    this.beforeLatencyNs = latencyNs;
    // The interval in which the ramp ends does not count.
    if (rampNs > 0 && sinceNs < rampNs + intervalNs) return false;
    const perSecond = NS_PER_S / intervalNs;
    let value = newIos === 0 ? 0 : newLatencyNs / newIos;
    if (criterion.of.startsWith('iops')) value = Math.floor(newIos * perSecond);
    else if (criterion.of.startsWith('bw')) value = Math.floor(newBytes * perSecond);
    this.values.push(value);
    if (this.values.length > this.count) this.values.shift();
    if (this.values.length < this.count) return false;
    this.lastValue = this.compared();
    if (this.lastValue >= criterion.limit) return false;
    this.attainedNs = sinceNs;
    return true;
  }

  /** The slope, or the largest deviation from the mean. */
  private compared(): number {
    const { values } = this;
    const { of, isPercent } = this.setup.criterion;
    const n = values.length;
    const sum = values.reduce((total, value) => total + value, 0);
    const mean = sum / n;
    let value: number;
    if (of.endsWith('_slope')) {
      const sumX = (n * (n - 1)) / 2;
      const sumXX = ((n - 1) * n * (2 * n - 1)) / 6;
      const sumXY = values.reduce((total, y, x) => total + x * y, 0);
      value = Math.abs((sumXY - (sumX * sum) / n) / (sumXX - (sumX * sumX) / n));
    } else value = Math.max(...values.map((one) => Math.abs(one - mean)));
    if (!isPercent) return value;
    return mean === 0 ? 0 : (100 * value) / mean;
  }
}
