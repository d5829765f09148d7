/** Damages one sector of a request, silently: on the medium of a write, on the way of a read. */
import {
  BUSY,
  DEVICE_READ,
  DEVICE_SEND,
  DEVICE_WRITE,
  type DeviceContext,
  DONE,
  defineFilter,
  FAULT_CORRUPT,
  type Fault,
  type FilterStatistics,
  type NextDevice,
  QUEUED,
  SECTOR_BYTES,
  type SubmitAnswer,
} from '../api.ts';
import type { ParametersOf } from '../parameters.ts';
import { PassThrough } from '../pass-through.ts';
import { TokenTable } from '../token-table.ts';
import { checkWindow, happens, pick, shareOf, windowParameters } from './fault-window.ts';

const parameters = {
  read: shareOf('reads that deliver a damaged sector'),
  write: shareOf('writes that leave a damaged sector'),
  send: shareOf('messages that arrive damaged, and so are lost'),
  ...windowParameters,
};

type CorruptParameters = ParametersOf<typeof parameters>;

/** Of a request that is not damaged. */
const SOUND = -1;

class Corrupt extends PassThrough {
  private readonly parameters: CorruptParameters;
  /** The damaged sector of each request. */
  private readonly sectors = new TokenTable(1);
  private requests = 0;
  private damaged = 0;

  constructor(corrupt: CorruptParameters, context: DeviceContext, next: NextDevice) {
    super(context, next);
    this.parameters = corrupt;
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
    const damaged = this.damagedSector(operation, bytes);
    sectors.values[sectors.add(token)] = damaged;
    const answer = this.next.submit(operation, unit, address, bytes, flags, token, key);
    if (answer === BUSY) {
      sectors.take(token);
      return BUSY;
    }
    if (damaged !== SOUND) this.damaged++;
    if (answer === DONE) this.completed(context.nowNs, token);
    return QUEUED;
  }

  override completed(timeNs: number, token: number): void {
    this.sectors.take(token);
    const sector = this.sectors.taken[0]!;
    if (sector === SOUND) this.context.completeAt(timeNs, token);
    else this.context.faultAt(timeNs, token, FAULT_CORRUPT, sector);
  }

  override faulted(timeNs: number, token: number, fault: Fault, sector: number): void {
    this.sectors.take(token);
    this.context.faultAt(timeNs, token, fault, sector);
  }

  statistics(): FilterStatistics {
    return { requests: this.requests, damaged: this.damaged };
  }

  private damagedSector(operation: number, bytes: number): number {
    const { parameters: corrupt, context } = this;
    const attempt = this.requests++;
    const share = this.shareOf(operation);
    const sectors = operation === DEVICE_SEND ? 1 : Math.floor(bytes / SECTOR_BYTES);
    if (share === 0 || sectors === 0 || context.nowNs < corrupt.from || context.nowNs >= corrupt.until)
      return SOUND;
    if (!happens(context.draw(attempt, 0), share)) return SOUND;
    return operation === DEVICE_SEND ? 0 : pick(context.draw(attempt, 1), sectors);
  }

  private shareOf(operation: number): number {
    const { parameters: corrupt } = this;
    if (operation === DEVICE_READ) return corrupt.read;
    if (operation === DEVICE_WRITE) return corrupt.write;
    return operation === DEVICE_SEND ? corrupt.send : 0;
  }
}

export default defineFilter<CorruptParameters>({
  name: 'corrupt',
  summary: 'Damages one sector of a share of the requests, and tells nobody.',
  parameters,
  check: checkWindow,
  create: (corrupt, context, next) => new Corrupt(corrupt, context, next),
});
