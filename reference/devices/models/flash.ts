/**
 * Flash as its host sees it: an interface that carries one request at a time, then k parallel units ("channels") with
 * one queue, first come first served. Reads and programs share the channels, so a read waits behind programs.
 *
 *     read:  overhead | wire | channel: read + bytes / channel bandwidth
 *     write: overhead | wire | channel: write + bytes / channel bandwidth | the channel stays busy for `hold`
 *
 * `overhead` overlaps with other requests. `hold` is the part of programming and garbage collection that follows the
 * acknowledgement when the buffer is safe against power loss; it bounds sustained writes without lengthening an idle
 * device's. Requests longer than a stripe are spread over channels. All requests come in order of time, so each
 * completion is computed when the request is submitted: one event per request.
 */
import { DOUBLE_ZERO } from '../../kernel/double-zero.ts';
import { BugError } from '../../kernel/errors.ts';
import {
  DEVICE_DISCARD,
  DEVICE_FLUSH,
  DEVICE_READ,
  DEVICE_WRITE,
  type Device,
  type DeviceContext,
  type DeviceStatistics,
  defineDevice,
  QUEUED,
  REQUEST_FUA,
  type SubmitAnswer,
} from '../api.ts';
import {
  bandwidthParameter,
  bytesParameter,
  countParameter,
  flagParameter,
  type ParametersOf,
  serviceTimeParameter,
  timeParameter,
} from '../parameters.ts';
import { ServerPool, transferNs } from '../server-pool.ts';

const S3700 = 'Intel SSD DC S3700 Series product specification';

const parameters = {
  channels: countParameter({
    description: 'Parallel units: how many requests are served at once.',
    default: 3,
    min: 1,
    max: 4096,
    source: `fitted: IOPS x latency of the ${S3700}`,
  }),
  overhead: timeParameter({
    description: 'Controller and host path of every request; overlaps with other requests.',
    default: '0',
    max: '1s',
    source: 'assumed: contained in the other times',
  }),
  read: serviceTimeParameter({
    description: 'Time of a channel for a read, without the transfer of its bytes.',
    default: '17us',
    source: `fitted: 75,000 4 KiB reads per second, ${S3700}`,
  }),
  write: serviceTimeParameter({
    description: 'Time of a channel until a write is acknowledged, without the transfer of its bytes.',
    default: '33us',
    source: `fitted: 65 us at 4 KiB, ${S3700}`,
  }),
  hold: serviceTimeParameter({
    description: 'Time for which the channel stays busy after a write has been acknowledged.',
    default: '27us',
    source: `fitted: 36,000 4 KiB writes per second, ${S3700}`,
  }),
  channelBandwidth: bandwidthParameter({
    description: 'Rate at which one channel moves bytes.',
    default: '177MB/s',
    source: `fitted: 75,000 reads per second of 4 KiB, 47,500 of 8 KiB, ${S3700}`,
  }),
  readBandwidth: bandwidthParameter({
    description: 'Rate at which the interface carries reads; one wire for both directions.',
    default: '500MB/s',
    source: S3700,
  }),
  writeBandwidth: bandwidthParameter({
    description: 'Rate at which the interface carries writes; one wire for both directions.',
    default: '460MB/s',
    source: S3700,
  }),
  stripe: bytesParameter({
    description: 'Longer requests are cut into pieces of this size, each for the channel that is free first.',
    default: '32KiB',
    min: '512',
    max: '64MiB',
    source: 'assumed',
  }),
  flush: serviceTimeParameter({
    description: 'Cost of a flush.',
    default: '20us',
    source: 'assumed: a command without data, the write buffer being safe against power loss',
  }),
  discard: timeParameter({
    description: 'Cost of a discard.',
    default: '50us',
    max: '10s',
    source: 'assumed',
  }),
  volatileCache: flagParameter({
    description:
      'Acknowledged writes are lost with power until a flush; a flush then waits for all programs under way.',
    default: false,
    source: `${S3700}: enhanced power-loss data protection`,
  }),
};

export type FlashParameters = ParametersOf<typeof parameters>;

class Flash implements Device {
  private readonly parameters: FlashParameters;
  private readonly context: DeviceContext;
  private readonly channels: ServerPool;
  /** When the read or write just submitted ends. A field, since a double that a call returns is allocated. */
  private endNs = DOUBLE_ZERO;
  private wireFreeNs = DOUBLE_ZERO;
  private wireBusyNs = DOUBLE_ZERO;
  /** When the last program submitted so far, or any before it, ends. */
  private programmedNs = DOUBLE_ZERO;
  private requests = 0;
  private residenceNs = DOUBLE_ZERO;
  private reads = 0;
  private writes = 0;
  private flushes = 0;
  private discards = 0;
  private readBytes = DOUBLE_ZERO;
  private writtenBytes = DOUBLE_ZERO;

  constructor(flash: FlashParameters, context: DeviceContext) {
    this.parameters = flash;
    this.context = context;
    this.channels = new ServerPool(flash.channels);
  }

  submit(
    operation: number,
    _unit: number,
    _address: number,
    bytes: number,
    flags: number,
    token: number,
    key: number,
  ): SubmitAnswer {
    const nowNs = this.context.nowNs;
    let endNs: number;
    if (operation === DEVICE_READ) {
      this.reads++;
      this.readBytes += bytes;
      this.read(bytes, key);
      endNs = this.endNs;
    } else if (operation === DEVICE_WRITE) {
      this.writes++;
      this.writtenBytes += bytes;
      this.write(bytes, flags, key);
      endNs = this.endNs;
    } else if (operation === DEVICE_FLUSH) {
      this.flushes++;
      const startNs = this.parameters.volatileCache && this.programmedNs > nowNs ? this.programmedNs : nowNs;
      endNs = startNs + this.parameters.flush.drawNs(this.context, key, 0);
    } else if (operation === DEVICE_DISCARD) {
      this.discards++;
      endNs = nowNs + this.parameters.discard;
    } else {
      throw new BugError(`${this.context.name}: flash takes no operation ${operation}`);
    }
    endNs += this.parameters.overhead;
    this.requests++;
    this.residenceNs += endNs - nowNs;
    this.context.completeAt(endNs, token);
    return QUEUED;
  }

  fire(): void {}

  statistics(): DeviceStatistics {
    return {
      busyNs: this.channels.busyNs,
      servers: this.channels.servers,
      requests: this.requests,
      residenceNs: this.residenceNs,
      reads: this.reads,
      writes: this.writes,
      flushes: this.flushes,
      discards: this.discards,
      readBytes: this.readBytes,
      writtenBytes: this.writtenBytes,
      wireBusyNs: this.wireBusyNs,
    };
  }

  private read(bytes: number, key: number): void {
    const { parameters, context, channels } = this;
    const nowNs = context.nowNs;
    let endNs = nowNs;
    let left = bytes;
    let stage = 0;
    do {
      const piece = Math.min(left, parameters.stripe);
      this.carry(transferNs(piece, parameters.readBandwidth));
      const serviceNs =
        parameters.read.drawNs(context, key, stage) + transferNs(piece, parameters.channelBandwidth);
      const pieceNs = channels.serve(this.wireFreeNs, serviceNs, 0);
      if (pieceNs > endNs) endNs = pieceNs;
      left -= piece;
      stage++;
    } while (left > 0);
    this.endNs = endNs;
  }

  private write(bytes: number, flags: number, key: number): void {
    const { parameters, context, channels } = this;
    const nowNs = context.nowNs;
    let endNs = nowNs;
    let programmedNs = nowNs;
    let left = bytes;
    let stage = 0;
    do {
      const piece = Math.min(left, parameters.stripe);
      this.carry(transferNs(piece, parameters.writeBandwidth));
      const serviceNs =
        parameters.write.drawNs(context, key, stage) + transferNs(piece, parameters.channelBandwidth);
      const holdNs = parameters.hold.drawNs(context, key, stage + 1);
      const pieceNs = channels.serve(this.wireFreeNs, serviceNs, holdNs);
      if (pieceNs > endNs) endNs = pieceNs;
      if (pieceNs + holdNs > programmedNs) programmedNs = pieceNs + holdNs;
      left -= piece;
      stage += 2;
    } while (left > 0);
    if (programmedNs > this.programmedNs) this.programmedNs = programmedNs;
    this.endNs = parameters.volatileCache && (flags & REQUEST_FUA) !== 0 ? programmedNs : endNs;
  }

  /** Moves bytes over the interface, until `wireFreeNs`. */
  private carry(durationNs: number): void {
    const nowNs = this.context.nowNs;
    this.wireFreeNs = (this.wireFreeNs > nowNs ? this.wireFreeNs : nowNs) + durationNs;
    this.wireBusyNs += durationNs;
  }
}

export default defineDevice<FlashParameters>({
  name: 'flash',
  summary: 'k channels behind one interface, service-time distributions apart for reads and programs.',
  roles: ['flash', 'datastore'],
  parameters,
  volatileCache: (flash) => flash.volatileCache,
  create: (flash, context) => new Flash(flash, context),
});
