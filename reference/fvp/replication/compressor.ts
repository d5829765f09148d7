/**
 * Adaptive compression of the replication stream, as what it costs and saves (fvp-protocol.md 8): a record that is sent
 * compressed waits for this host's compressor and is then so much shorter on the wire. Whether a link is better off with
 * it is measured: acknowledgement times are smoothed apart for records sent compressed and as they are, the shorter way
 * is taken, and some records go the other way, so that a change is seen. A holder keeps a record as it came, so nothing
 * is decompressed there.
 */
import { DOUBLE_ZERO } from '../../kernel/double-zero.ts';
import type { HostState } from '../host-state.ts';
import { smoothingWeight } from '../latency-classes.ts';
import { TIMER_COMPRESSOR, timerOf } from '../timers.ts';
import type { VirtualDisk } from '../virtual-disk.ts';

/** Weight of a new acknowledgement time in the smoothed one. @source assumed */
const WEIGHT = 1 / 64;
/** Each way is judged by no fewer records. @source assumed */
const SAMPLES_LEAST = 64;
/** One record in 2^5 goes the way that is not thought the better one. @source assumed */
const TRIAL_BITS = 5;

/** What is known of the way to one host. */
interface Way {
  readonly smoothedNs: Float64Array;
  readonly samples: Float64Array;
}
const PLAIN = 0;
const COMPRESSED = 1;

export class Compressor {
  private readonly state: HostState;
  private readonly send: (disk: VirtualDisk, sequence: number) => void;
  /** By host; sparse. */
  private readonly ways: (Way | undefined)[] = [];
  /** Records that are compressed one after the other, from `head` on. */
  private readonly disks: VirtualDisk[] = [];
  private readonly sequences: number[] = [];
  private readonly endsNs: number[] = [];
  private head = 0;
  private freeNs = DOUBLE_ZERO;

  /** @param send told of each record that is ready */
  constructor(state: HostState, send: (disk: VirtualDisk, sequence: number) => void) {
    this.state = state;
    this.send = send;
  }

  /** True when a new record is to be sent compressed to this host. */
  wants(host: number, sequence: number): boolean {
    const { smoothedNs, samples } = this.wayTo(host);
    if (samples[PLAIN]! < SAMPLES_LEAST) return false;
    if (samples[COMPRESSED]! < SAMPLES_LEAST) return true;
    const isBetter = smoothedNs[COMPRESSED]! < smoothedNs[PLAIN]!;
    const isTrial = Math.imul(sequence, 0x9e3779b1) >>> (32 - TRIAL_BITS) === 0;
    return isBetter !== isTrial;
  }

  /** A holder has acknowledged a record `ns` after it was appended. */
  acknowledged(host: number, wasCompressed: boolean, ns: number): void {
    const { smoothedNs, samples } = this.wayTo(host);
    const way = wasCompressed ? COMPRESSED : PLAIN;
    const count = ++samples[way]!;
    smoothedNs[way]! += (ns - smoothedNs[way]!) * smoothingWeight(count, WEIGHT);
  }

  /** Compresses a record, after those before it. */
  add(disk: VirtualDisk, sequence: number, bytes: number): void {
    const { ports, options, counters } = this.state;
    const { nowNs } = ports.clock;
    const takesNs = Math.ceil((bytes * 1e9) / options.replication.compression!.bytesPerSecond);
    this.freeNs = (this.freeNs > nowNs ? this.freeNs : nowNs) + takesNs;
    counters.compressedRecords++;
    counters.compressingNs += takesNs;
    this.disks.push(disk);
    this.sequences.push(sequence);
    this.endsNs.push(this.freeNs);
    ports.timer.set(this.freeNs, timerOf(TIMER_COMPRESSOR, 0));
  }

  onTimer(): void {
    const { nowNs } = this.state.ports.clock;
    while (this.head < this.endsNs.length && this.endsNs[this.head]! <= nowNs) {
      const disk = this.disks[this.head]!;
      const sequence = this.sequences[this.head++]!;
      this.send(disk, sequence);
    }
    if (this.head < this.endsNs.length) return;
    this.disks.length = 0;
    this.sequences.length = 0;
    this.endsNs.length = 0;
    this.head = 0;
  }

  private wayTo(host: number): Way {
    let way = this.ways[host];
    if (way === undefined) {
      way = { smoothedNs: new Float64Array(2), samples: new Float64Array(2) };
      this.ways[host] = way;
    }
    return way;
  }
}
