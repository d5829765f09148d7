/** Counts and measures what passes: by operation, requests, bytes and the distribution of latency. */

import { LatencyHistogram } from '../../kernel/histogram.ts';
import {
  BUSY,
  type DeviceContext,
  DONE,
  defineFilter,
  type Fault,
  type FilterStatistics,
  type NextDevice,
  type SubmitAnswer,
} from '../api.ts';
import type { ParametersOf } from '../parameters.ts';
import { PassThrough } from '../pass-through.ts';
import { RunningTotal } from '../running-total.ts';
import { TokenTable } from '../token-table.ts';
import { OPERATION_NAMES } from './by-operation.ts';
import { checkWindow, windowParameters } from './fault-window.ts';

type StatisticsParameters = ParametersOf<typeof windowParameters>;

const NOT_COUNTED = -1;

class Statistics extends PassThrough {
  private readonly parameters: StatisticsParameters;
  /** Operation and time of submission. */
  private readonly underWay = new TokenTable(2);
  private readonly latencies = OPERATION_NAMES.map(() => new LatencyHistogram());
  private readonly bytes = OPERATION_NAMES.map(() => new RunningTotal());
  private faults = 0;

  constructor(statistics: StatisticsParameters, context: DeviceContext, next: NextDevice) {
    super(context, next);
    this.parameters = statistics;
  }

  override submit(
    operation: number,
    unit: number,
    address: number,
    bytes: number,
    flags: number,
    token: number,
    key: number,
  ): SubmitAnswer {
    const { underWay, context, parameters: window } = this;
    const { nowNs } = context;
    const counted = nowNs >= window.from && nowNs < window.until;
    const place = underWay.add(token);
    underWay.values[place] = counted ? operation : NOT_COUNTED;
    underWay.values[place + 1] = nowNs;
    const answer = this.next.submit(operation, unit, address, bytes, flags, token, key);
    if (answer === BUSY) {
      underWay.take(token);
      return BUSY;
    }
    if (counted) this.bytes[operation]!.add(bytes);
    if (answer === DONE) this.end(nowNs, token);
    return answer;
  }

  override completed(timeNs: number, token: number): void {
    this.end(timeNs, token);
    this.context.completeAt(timeNs, token);
  }

  override faulted(timeNs: number, token: number, fault: Fault, sector: number): void {
    this.faults++;
    this.end(timeNs, token);
    this.context.faultAt(timeNs, token, fault, sector);
  }

  /** Of the operations that occurred. */
  statistics(): FilterStatistics {
    const figures: Record<string, number> = { faults: this.faults };
    for (const [operation, name] of OPERATION_NAMES.entries()) {
      const latency = this.latencies[operation]!;
      if (latency.count === 0) continue;
      figures[`${name}Requests`] = latency.count;
      figures[`${name}Bytes`] = this.bytes[operation]!.value;
      figures[`${name}LatencyNsMin`] = latency.min;
      figures[`${name}LatencyNsMean`] = latency.mean;
      figures[`${name}LatencyNsP50`] = latency.percentile(50);
      figures[`${name}LatencyNsP99`] = latency.percentile(99);
      figures[`${name}LatencyNsP99.9`] = latency.percentile(99.9);
      figures[`${name}LatencyNsMax`] = latency.max;
    }
    return figures;
  }

  private end(timeNs: number, token: number): void {
    this.underWay.take(token);
    const [operation, submittedNs] = this.underWay.taken;
    if (operation !== NOT_COUNTED) this.latencies[operation!]!.record(timeNs - submittedNs!);
  }
}

export default defineFilter<StatisticsParameters>({
  name: 'statistics',
  summary: 'Counts and measures what passes, by operation.',
  parameters: windowParameters,
  check: checkWindow,
  create: (statistics, context, next) => new Statistics(statistics, context, next),
});
