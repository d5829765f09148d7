/**
 * A fault-tolerant parallel file system as the datastore: data lies in stripes over server nodes, each stripe on
 * `copies` of them. A node is a wire, a processor and disks, each first come first served:
 *
 *     read:  wire (request) | processor | hit: memory; miss: disk | bytes back over the wire's other direction
 *     write: wire (bytes) | processor | room in the write buffer: memory; none: the disk   on every copy, the slowest counts
 *
 * A read goes to one of the copies, at random. A write that found room is written to the disk at once, behind what the
 * disk already has to do, and keeps its room until it is there; so the buffer hides the disk until the disk cannot
 * follow. A flush is a round trip: what a buffer holds is on another node too.
 *
 * All that a node does is in order of arrival, so each completion is computed when the request is submitted.
 */
import { BugError } from '../../kernel/errors.ts';
import {
  DEVICE_DISCARD,
  DEVICE_READ,
  DEVICE_WRITE,
  type Device,
  type DeviceContext,
  type DeviceStatistics,
  defineDevice,
  type ParameterFault,
  QUEUED,
  type SubmitAnswer,
} from '../api.ts';
import {
  bandwidthParameter,
  bytesParameter,
  countParameter,
  fractionParameter,
  type ParametersOf,
  serviceTimeParameter,
  timeParameter,
} from '../parameters.ts';
import { RunningTotal } from '../running-total.ts';
import { ServerPool, transferNs } from '../server-pool.ts';

const SHAPE = 'assumed: a small cluster of 2014';
const TWO_32 = 2 ** 32;

const parameters = {
  nodes: countParameter({
    description: 'Server nodes that hold the data.',
    default: 4,
    min: 1,
    max: 1024,
    source: SHAPE,
  }),
  copies: countParameter({
    description: 'Nodes that hold each stripe.',
    default: 2,
    min: 1,
    max: 8,
    source: 'assumed: mirrored, so that a node may fail',
  }),
  stripe: bytesParameter({
    description: 'Bytes that lie together on one node.',
    default: '64KiB',
    min: '4KiB',
    max: '1GiB',
    source: 'PVFS2: default strip size of its simple_stripe distribution, 64 KiB',
  }),
  network: timeParameter({
    description: 'Round trip between host and node, without the time of the wire.',
    default: '100us',
    max: '1s',
    source:
      'assumed: 10 Gigabit Ethernet with TCP through the kernel, 20 us each way, and two protocol stacks',
  }),
  nodeBandwidth: bandwidthParameter({
    description: 'Rate of a node on the network, in each direction.',
    default: '9.4Gbit/s',
    source: '10 Gbit/s (IEEE 802.3ae) less headers: 1,448 of 1,538 bytes are payload',
  }),
  processor: serviceTimeParameter({
    description: "Time of a node's server process for one piece of a request.",
    default: '30us',
    source: 'assumed',
  }),
  memory: timeParameter({
    description: 'Time to find and move data in the memory of a node.',
    default: '20us',
    max: '1s',
    source: 'assumed',
  }),
  hitRate: fractionParameter({
    description: 'Share of reads that the read buffer of a node serves.',
    default: '30%',
    source: 'assumed: what is left where the guests have caches of their own',
  }),
  writeBuffer: bytesParameter({
    description: 'Memory of a node for writes not yet on its disks. 0: writes go through.',
    default: '256MiB',
    max: '1TiB',
    source: SHAPE,
  }),
  disks: countParameter({
    description: 'Disks of a node, with one queue.',
    default: 8,
    min: 1,
    max: 1024,
    source: SHAPE,
  }),
  diskRead: serviceTimeParameter({
    description: 'Positioning of a read on a disk.',
    default: '12ms',
    source: 'assumed: a 7,200 rpm disk, 8 ms to seek and half a revolution of 8.3 ms',
  }),
  diskWrite: serviceTimeParameter({
    description: 'Positioning of a write on a disk.',
    default: '12ms',
    source: 'assumed: a 7,200 rpm disk, 8 ms to seek and half a revolution of 8.3 ms',
  }),
  diskBandwidth: bandwidthParameter({
    description: 'Rate at which a disk transfers.',
    default: '150MB/s',
    source: 'assumed: a 7,200 rpm disk of 2014',
  }),
};

type PvfsParameters = ParametersOf<typeof parameters>;

function check(pvfs: PvfsParameters): ParameterFault | undefined {
  if (pvfs.copies > pvfs.nodes)
    return { parameter: 'copies', problem: `must not be above nodes, ${pvfs.nodes}` };
  return undefined;
}

/** What the write buffer of a node holds, oldest first: when each write will be on disk, and its bytes. */
class WriteBuffer {
  private readonly limitBytes: number;
  private ends = new Float64Array(64);
  private sizes = new Float64Array(64);
  private head = 0;
  private count = 0;
  private readonly heldBytes = new RunningTotal();

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes;
  }

  /** Whether `bytes` more fit at a time; times must not fall. Room is given back in order, as by a log. */
  hasRoom(nowNs: number, bytes: number): boolean {
    const mask = this.ends.length - 1;
    while (this.count > 0 && this.ends[this.head]! <= nowNs) {
      this.heldBytes.add(-this.sizes[this.head]!);
      this.head = (this.head + 1) & mask;
      this.count--;
    }
    return this.heldBytes.value + bytes <= this.limitBytes;
  }

  hold(endNs: number, bytes: number): void {
    if (this.count === this.ends.length) this.grow();
    const at = (this.head + this.count++) & (this.ends.length - 1);
    this.ends[at] = endNs;
    this.sizes[at] = bytes;
    this.heldBytes.add(bytes);
  }

  private grow(): void {
    const { ends, sizes, head } = this;
    const capacity = ends.length;
    this.ends = new Float64Array(2 * capacity);
    this.sizes = new Float64Array(2 * capacity);
    for (let i = 0; i < capacity; i++) {
      this.ends[i] = ends[(head + i) & (capacity - 1)]!;
      this.sizes[i] = sizes[(head + i) & (capacity - 1)]!;
    }
    this.head = 0;
  }
}

class ServerNode {
  readonly inbound = new ServerPool(1);
  readonly outbound = new ServerPool(1);
  readonly processor = new ServerPool(1);
  readonly disks: ServerPool;
  readonly buffer: WriteBuffer;

  constructor(pvfs: PvfsParameters) {
    this.disks = new ServerPool(pvfs.disks);
    this.buffer = new WriteBuffer(pvfs.writeBuffer);
  }
}

class ParallelFileSystem implements Device {
  private readonly parameters: PvfsParameters;
  private readonly context: DeviceContext;
  private readonly nodes: readonly ServerNode[];
  /** A draw below this is a hit. */
  private readonly hitBelow: number;
  private requests = 0;
  private readonly residenceNs = new RunningTotal();
  private readonly readBytes = new RunningTotal();
  private readonly writtenBytes = new RunningTotal();
  private pieces = 0;
  private hits = 0;
  private bufferedWrites = 0;
  private throughWrites = 0;

  constructor(pvfs: PvfsParameters, context: DeviceContext) {
    this.parameters = pvfs;
    this.context = context;
    this.nodes = Array.from({ length: pvfs.nodes }, () => new ServerNode(pvfs));
    this.hitBelow = Math.floor(pvfs.hitRate * TWO_32);
  }

  submit(
    operation: number,
    unit: number,
    address: number,
    bytes: number,
    _flags: number,
    token: number,
    key: number,
  ): SubmitAnswer {
    const { parameters: pvfs, context } = this;
    const { nowNs } = context;
    let endNs = nowNs;
    if (operation === DEVICE_READ || operation === DEVICE_WRITE) {
      const end = address + bytes;
      let at = address;
      let stage = 0;
      do {
        const stripe = Math.floor(at / pvfs.stripe);
        const to = Math.min(end, (stripe + 1) * pvfs.stripe);
        const pieceNs =
          operation === DEVICE_READ
            ? this.read(nowNs, stripe + unit, to - at, key, stage)
            : this.write(nowNs, stripe + unit, to - at, key, stage);
        if (pieceNs > endNs) endNs = pieceNs;
        at = to;
        stage += 16;
      } while (at < end);
      (operation === DEVICE_READ ? this.readBytes : this.writtenBytes).add(bytes);
    } else if (operation > DEVICE_DISCARD) {
      throw new BugError(`${context.name}: pvfs takes no operation ${operation}`);
    }
    endNs += pvfs.network;
    this.requests++;
    this.residenceNs.add(endNs - nowNs);
    context.completeAt(endNs, token);
    return QUEUED;
  }

  fire(): void {}

  /** `busyNs` and `servers` are those of the disks. */
  statistics(): DeviceStatistics {
    const busy = (pool: (node: ServerNode) => ServerPool): number =>
      this.nodes.reduce((sum, node) => sum + pool(node).busyNs, 0);
    return {
      busyNs: busy((node) => node.disks),
      servers: this.parameters.nodes * this.parameters.disks,
      requests: this.requests,
      residenceNs: this.residenceNs.value,
      readBytes: this.readBytes.value,
      writtenBytes: this.writtenBytes.value,
      pieces: this.pieces,
      readHits: this.hits,
      bufferedWrites: this.bufferedWrites,
      throughWrites: this.throughWrites,
      inboundBusyNs: busy((node) => node.inbound),
      outboundBusyNs: busy((node) => node.outbound),
      processorBusyNs: busy((node) => node.processor),
    };
  }

  /** Reads a piece from one of its copies. @returns when its bytes have left the node, ns */
  private read(nowNs: number, stripe: number, bytes: number, key: number, stage: number): number {
    const { parameters: pvfs, context } = this;
    const copy = pvfs.copies === 1 ? 0 : context.draw(key, stage) % pvfs.copies;
    const node = this.nodes[(stripe + copy) % pvfs.nodes]!;
    this.pieces++;
    // The request itself is short, but waits behind the bytes of writes.
    const carriedNs = node.inbound.serve(nowNs, 0, 0);
    const askedNs = node.processor.serve(carriedNs, pvfs.processor.drawNs(context, key, stage + 1), 0);
    let readNs: number;
    if (this.hitBelow > 0 && context.draw(key, stage + 2) < this.hitBelow) {
      this.hits++;
      readNs = askedNs + pvfs.memory;
    } else {
      const serviceNs = pvfs.diskRead.drawNs(context, key, stage + 3) + transferNs(bytes, pvfs.diskBandwidth);
      readNs = node.disks.serve(askedNs, serviceNs, 0);
    }
    return this.sendBack(node, askedNs, readNs, bytes);
  }

  /** The way back is shared: its bytes take their turn in the order in which reads were asked for. */
  private sendBack(node: ServerNode, askedNs: number, readNs: number, bytes: number): number {
    const wireNs = transferNs(bytes, this.parameters.nodeBandwidth);
    const sentNs = node.outbound.serve(askedNs, wireNs, 0);
    return Math.max(sentNs, readNs + wireNs);
  }

  /** Writes a piece to all its copies. @returns when the last of them has it, ns */
  private write(nowNs: number, stripe: number, bytes: number, key: number, stage: number): number {
    const { parameters: pvfs, context } = this;
    let endNs = nowNs;
    for (let copy = 0; copy < pvfs.copies; copy++) {
      const node = this.nodes[(stripe + copy) % pvfs.nodes]!;
      this.pieces++;
      const carriedNs = node.inbound.serve(nowNs, transferNs(bytes, pvfs.nodeBandwidth), 0);
      const askedNs = node.processor.serve(
        carriedNs,
        pvfs.processor.drawNs(context, key, stage + 2 * copy),
        0,
      );
      const hasRoom = node.buffer.hasRoom(askedNs, bytes);
      const serviceNs =
        pvfs.diskWrite.drawNs(context, key, stage + 2 * copy + 1) + transferNs(bytes, pvfs.diskBandwidth);
      const writtenNs = node.disks.serve(askedNs, serviceNs, 0);
      if (hasRoom) {
        node.buffer.hold(writtenNs, bytes);
        this.bufferedWrites++;
      } else {
        this.throughWrites++;
      }
      const copyNs = hasRoom ? askedNs + pvfs.memory : writtenNs;
      if (copyNs > endNs) endNs = copyNs;
    }
    return endNs;
  }
}

export default defineDevice<PvfsParameters>({
  name: 'pvfs',
  summary: 'A parallel file system: stripes over mirrored server nodes with read hits and write buffers.',
  roles: ['datastore'],
  parameters,
  check,
  create: (pvfs, context) => new ParallelFileSystem(pvfs, context),
});
