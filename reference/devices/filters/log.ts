/** Writes down the first requests: when each was submitted, what it was, how long it took and how it ended. */
import {
  BUSY,
  type DeviceContext,
  DONE,
  defineFilter,
  FAULT_CORRUPT,
  FAULT_ERROR,
  type Fault,
  type FilterStatistics,
  type NextDevice,
  QUEUED,
  REQUEST_FUA,
  REQUEST_RESERVED,
  type SubmitAnswer,
} from '../api.ts';
import { countParameter, type ParametersOf } from '../parameters.ts';
import { PassThrough } from '../pass-through.ts';
import { TokenTable } from '../token-table.ts';
import { OPERATION_NAMES } from './by-operation.ts';
import { checkWindow, windowParameters } from './fault-window.ts';

const parameters = {
  lines: countParameter({
    description: 'Most requests that are written down.',
    default: 1000,
    min: 1,
    max: 1_000_000,
    source: 'assumed',
  }),
  ...windowParameters,
};

type LogParameters = ParametersOf<typeof parameters>;

/** The line of a request that is not written down. */
const NO_LINE = -1;

class Log extends PassThrough {
  private readonly parameters: LogParameters;
  private readonly lines: string[] = [];
  /** Line and time of submission. */
  private readonly underWay = new TokenTable(2);
  private requests = 0;

  constructor(log: LogParameters, context: DeviceContext, next: NextDevice) {
    super(context, next);
    this.parameters = log;
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
    const { underWay, lines, context, parameters: log } = this;
    const { nowNs } = context;
    const wanted = lines.length < log.lines && nowNs >= log.from && nowNs < log.until;
    const place = underWay.add(token);
    underWay.values[place] = wanted ? lines.length : NO_LINE;
    underWay.values[place + 1] = nowNs;
    if (wanted) {
      const fua = (flags & REQUEST_FUA) === 0 ? '' : ' fua';
      const reserved = (flags & REQUEST_RESERVED) === 0 ? '' : ' reserved';
      lines.push(`${nowNs} ${OPERATION_NAMES[operation]} ${unit} ${address} ${bytes}${fua}${reserved}`);
    }
    const answer = this.next.submit(operation, unit, address, bytes, flags, token, key);
    if (answer === BUSY) {
      underWay.take(token);
      if (wanted) lines.pop();
      return BUSY;
    }
    this.requests++;
    if (answer === DONE) {
      this.completed(nowNs, token);
      return QUEUED;
    }
    return answer;
  }

  override completed(timeNs: number, token: number): void {
    this.end(timeNs, token, 'ok');
    this.context.completeAt(timeNs, token);
  }

  override faulted(timeNs: number, token: number, fault: Fault, sector: number): void {
    const how = fault === FAULT_ERROR ? 'error' : fault === FAULT_CORRUPT ? 'corrupt' : 'torn';
    this.end(timeNs, token, `${how} ${sector}`);
    this.context.faultAt(timeNs, token, fault, sector);
  }

  statistics(): FilterStatistics {
    return { requests: this.requests, lines: this.lines.length };
  }

  log(): readonly string[] {
    return this.lines;
  }

  private end(timeNs: number, token: number, how: string): void {
    this.underWay.take(token);
    const [line, submittedNs] = this.underWay.taken;
    if (line !== NO_LINE) this.lines[line!] += ` ${timeNs - submittedNs!} ${how}`;
  }
}

export default defineFilter<LogParameters>({
  name: 'log',
  summary:
    'Writes down the first requests: time (ns), operation, unit, address, bytes, latency (ns), how it ended.',
  parameters,
  check: checkWindow,
  create: (log, context, next) => new Log(log, context, next),
});
