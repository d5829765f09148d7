/** Tears writes: only some of their first sectors reach the medium. */
import {
  BUSY,
  DEVICE_WRITE,
  type DeviceContext,
  DONE,
  defineFilter,
  FAULT_ERROR,
  FAULT_TORN,
  type Fault,
  type FilterStatistics,
  type NextDevice,
  QUEUED,
  SECTOR_BYTES,
  type SubmitAnswer,
} from '../api.ts';
import { bytesParameter, choiceParameter, type ParametersOf } from '../parameters.ts';
import { PassThrough } from '../pass-through.ts';
import { TokenTable } from '../token-table.ts';
import { checkWindow, happens, pick, shareOf, windowParameters } from './fault-window.ts';

const parameters = {
  write: shareOf('writes that are torn'),
  atomic: bytesParameter({
    description: 'Unit that is written in whole or not at all; writes of one unit are never torn.',
    default: '512',
    min: '512',
    max: '1MiB',
    source: 'a sector, NVM Express base specification (AWUPF is at least one logical block)',
  }),
  report: choiceParameter({
    description: 'silent: the caller is told that all is well; error: it is told of an error.',
    default: 'silent',
    choices: ['silent', 'error'],
    source: 'assumed',
  }),
  ...windowParameters,
};

type TornParameters = ParametersOf<typeof parameters>;

/** Of a write that is not torn. */
const WHOLE = -1;

class Torn extends PassThrough {
  private readonly parameters: TornParameters;
  private readonly fault: Fault;
  /** Sectors that each write leaves. */
  private readonly sectors = new TokenTable(1);
  private writes = 0;
  private torn = 0;

  constructor(torn: TornParameters, context: DeviceContext, next: NextDevice) {
    super(context, next);
    this.parameters = torn;
    this.fault = torn.report === 'error' ? FAULT_ERROR : FAULT_TORN;
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
    const { sectors, context } = this;
    const left = operation === DEVICE_WRITE ? this.sectorsLeft(bytes) : WHOLE;
    sectors.values[sectors.add(token)] = left;
    const answer = this.next.submit(operation, unit, address, bytes, flags, token, key);
    if (answer === BUSY) {
      sectors.take(token);
      return BUSY;
    }
    if (left !== WHOLE) this.torn++;
    if (answer === DONE) this.completed(context.nowNs, token);
    return QUEUED;
  }

  override completed(timeNs: number, token: number): void {
    this.sectors.take(token);
    const left = this.sectors.taken[0]!;
    if (left === WHOLE) this.context.completeAt(timeNs, token);
    else this.context.faultAt(timeNs, token, this.fault, left);
  }

  override faulted(timeNs: number, token: number, fault: Fault, sector: number): void {
    this.sectors.take(token);
    this.context.faultAt(timeNs, token, fault, sector);
  }

  statistics(): FilterStatistics {
    return { writes: this.writes, torn: this.torn };
  }

  /** How many sectors a write leaves, WHOLE for all. */
  private sectorsLeft(bytes: number): number {
    const { parameters: torn, context } = this;
    const attempt = this.writes++;
    const units = Math.ceil(bytes / torn.atomic);
    if (units < 2 || context.nowNs < torn.from || context.nowNs >= torn.until) return WHOLE;
    if (!happens(context.draw(attempt, 0), torn.write)) return WHOLE;
    return (pick(context.draw(attempt, 1), units) * torn.atomic) / SECTOR_BYTES;
  }
}

export default defineFilter<TornParameters>({
  name: 'torn',
  summary: 'Tears a share of the writes: only their first sectors reach the medium.',
  parameters,
  check: (torn) =>
    torn.atomic % SECTOR_BYTES === 0
      ? checkWindow(torn)
      : { parameter: 'atomic', problem: 'must be a multiple of 512' },
  create: (torn, context, next) => new Torn(torn, context, next),
});
