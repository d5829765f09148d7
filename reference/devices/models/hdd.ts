/**
 * A hard disk: one arm, one spindle.
 *
 *     positioning = seek (by distance) + rotation until the sector comes by
 *     transfer    = bytes / rate of the zone; outer zones hold more per revolution and are faster
 *
 * - Up to `queueDepth` commands wait in the drive, which chooses the next: first come first served, by the elevator
 *   (C-LOOK: towards the inside, then from the outside again), or the one that can begin soonest.
 * - A read that follows on the last one finds what the head has read on into the buffer, up to `readAhead`.
 * - A write is answered once it is in the write cache. Cached writes go to the disk when nothing else wants it, when the
 *   cache is more than half full, or when a flush waits; when it is full, writes wait for room in order.
 * - The seek time is a + b sqrt(d) + c d of the distance d in full strokes, through the track-to-track, mean and full
 *   seek of the data sheet, the mean being that over all pairs of places.
 *   Source of the form: C. Ruemmler and J. Wilkes, "An introduction to disk drive modeling", IEEE Computer 27 (1994)
 * - Tracks are skewed so that a transfer goes on over a track's end without loss. No bad sectors, no power saving.
 */
import { BugError } from '../../kernel/errors.ts';
import {
  BUSY,
  DEVICE_DISCARD,
  DEVICE_FLUSH,
  DEVICE_READ,
  DEVICE_WRITE,
  type Device,
  type DeviceContext,
  type DeviceStatistics,
  defineDevice,
  type ParameterFault,
  QUEUED,
  REQUEST_FUA,
  type SubmitAnswer,
} from '../api.ts';
import { NEXT, Slots } from '../array/slots.ts';
import {
  bandwidthParameter,
  bytesParameter,
  choiceParameter,
  countParameter,
  flagParameter,
  type ParametersOf,
  timeParameter,
} from '../parameters.ts';
import { RunningTotal } from '../running-total.ts';
import { ServerPool, transferNs } from '../server-pool.ts';

const CHEETAH = 'Seagate Cheetah 15K.7 SAS product manual';

const parameters = {
  size: bytesParameter({
    description: 'Bytes of the disk. Addresses beyond wrap around.',
    default: '600GB',
    min: '1GB',
    source: CHEETAH,
  }),
  rpm: countParameter({
    description: 'Revolutions per minute.',
    default: 15000,
    min: 1000,
    max: 30000,
    source: CHEETAH,
  }),
  trackSeek: timeParameter({
    description: 'Seek to the next track.',
    default: '200us',
    max: '1s',
    source: `${CHEETAH}: read, typical`,
  }),
  meanSeek: timeParameter({
    description: 'Mean seek over all pairs of places.',
    default: '3400us',
    max: '1s',
    source: `${CHEETAH}: average read, typical`,
  }),
  fullSeek: timeParameter({
    description: 'Seek over the full stroke.',
    default: '6600us',
    max: '1s',
    source: `${CHEETAH}: full stroke read, typical`,
  }),
  writeSettle: timeParameter({
    description: 'What a seek takes longer before a write: the head must settle.',
    default: '500us',
    max: '1s',
    source: `${CHEETAH}: average write 3.9 ms against 3.4 ms`,
  }),
  outerBandwidth: bandwidthParameter({
    description: 'Rate of the outermost zone.',
    default: '204MB/s',
    source: `${CHEETAH}: sustained transfer rate 122 to 204 MB/s`,
  }),
  innerBandwidth: bandwidthParameter({
    description: 'Rate of the innermost zone.',
    default: '122MB/s',
    source: `${CHEETAH}: sustained transfer rate 122 to 204 MB/s`,
  }),
  zones: countParameter({
    description: 'Zones of constant rate; each covers the same part of the stroke.',
    default: 16,
    min: 1,
    max: 64,
    source: 'assumed: drives have about 15 to 30',
  }),
  queueDepth: countParameter({
    description:
      'Commands that the drive takes at once; further ones are refused until one is complete. 0: no limit.',
    default: 32,
    min: 0,
    max: 65536,
    source: 'SATA native command queueing: 32; SAS drives take more',
  }),
  scheduler: choiceParameter({
    description:
      'How the drive chooses the next command: in order, by the elevator, or what can begin soonest.',
    default: 'elevator',
    choices: ['fifo', 'elevator', 'soonest'],
    source: 'assumed: what drives do lies between elevator and soonest',
  }),
  readAhead: bytesParameter({
    description: 'Bytes that the drive reads on after a read. 0: none.',
    default: '1MiB',
    max: '1GiB',
    source: 'assumed: a segment of a cache of 16 MB',
  }),
  writeCache: bytesParameter({
    description: 'Memory for writes not yet on the disk. 0: off.',
    default: '0',
    max: '16GiB',
    source: 'assumed: off, as arrays and servers set their disks',
  }),
  volatileCache: flagParameter({
    description: 'The write cache is lost with power: a flush waits until it is on the disk.',
    default: true,
    source: 'drives have no battery',
  }),
  overhead: timeParameter({
    description: 'Controller and host path of every request; overlaps with other requests.',
    default: '100us',
    max: '1s',
    source: 'assumed',
  }),
  bandwidth: bandwidthParameter({
    description: 'Rate of the interface, which cached writes cross.',
    default: '600MB/s',
    source: 'SAS 6 Gbit/s (8b/10b)',
  }),
};

type HddParameters = ParametersOf<typeof parameters>;

function check(hdd: HddParameters): ParameterFault | undefined {
  if (hdd.trackSeek > hdd.meanSeek) return { parameter: 'trackSeek', problem: 'must not be above meanSeek' };
  if (hdd.meanSeek > hdd.fullSeek) return { parameter: 'meanSeek', problem: 'must not be above fullSeek' };
  if (hdd.innerBandwidth > hdd.outerBandwidth)
    return { parameter: 'innerBandwidth', problem: 'must not be above outerBandwidth' };
  if (!Number.isFinite(hdd.outerBandwidth))
    return { parameter: 'outerBandwidth', problem: 'must not be unlimited: it says how long a track is' };
  return undefined;
}

const NS_PER_MINUTE = 60e9;
/** Mean of the square root of the distance between two uniform places on a stroke: 8/15; of the distance: 1/3. */
const MEAN_ROOT = 8 / 15;
const MEAN_DISTANCE = 1 / 3;

/** Where bytes lie: zones of equal width, from the outside in. */
class Layout {
  readonly revolutionNs: number;
  /** First byte of each zone, and the end of the last. */
  private readonly starts: Float64Array;
  private readonly rates: Float64Array;
  private readonly capacityBytes: number;
  private readonly zones: number;
  private readonly a: number;
  private readonly b: number;
  private readonly c: number;

  constructor(hdd: HddParameters) {
    this.revolutionNs = NS_PER_MINUTE / hdd.rpm;
    this.capacityBytes = hdd.size;
    this.zones = hdd.zones;
    this.rates = new Float64Array(hdd.zones);
    let sum = 0;
    for (let zone = 0; zone < hdd.zones; zone++) {
      const share = hdd.zones === 1 ? 0.5 : zone / (hdd.zones - 1);
      this.rates[zone] = hdd.outerBandwidth + share * (hdd.innerBandwidth - hdd.outerBandwidth);
      sum += this.rates[zone]!;
    }
    this.starts = new Float64Array(hdd.zones + 1);
    for (let zone = 0; zone < hdd.zones; zone++)
      this.starts[zone + 1] = this.starts[zone]! + (hdd.size * this.rates[zone]!) / sum;
    this.a = hdd.trackSeek;
    const mean = hdd.meanSeek - this.a;
    const full = hdd.fullSeek - this.a;
    this.b = (mean - MEAN_DISTANCE * full) / (MEAN_ROOT - MEAN_DISTANCE);
    this.c = full - this.b;
  }

  zoneOf(place: number): number {
    let zone = 0;
    while (zone + 1 < this.zones && place >= this.starts[zone + 1]!) zone++;
    return zone;
  }

  /** Bytes per second at a place. */
  rateAt(place: number): number {
    return this.rates[this.zoneOf(place)]!;
  }

  /** Where on the stroke a place lies: 0 outside, 1 inside. */
  radiusOf(place: number): number {
    const zone = this.zoneOf(place);
    const start = this.starts[zone]!;
    return (zone + (place - start) / (this.starts[zone + 1]! - start)) / this.zones;
  }

  trackOf(place: number): number {
    const zone = this.zoneOf(place);
    return zone * 2 ** 32 + Math.floor((place - this.starts[zone]!) / this.trackBytes(zone));
  }

  /** Where in a revolution a place comes by, 0 to 1. */
  angleOf(place: number): number {
    const zone = this.zoneOf(place);
    const tracks = (place - this.starts[zone]!) / this.trackBytes(zone);
    return tracks - Math.floor(tracks);
  }

  /** @param distance in full strokes @returns ns */
  seekNs(distance: number): number {
    return this.a + this.b * Math.sqrt(distance) + this.c * distance;
  }

  /** The place of an address; units lie an eighth of the disk apart. */
  placeOf(unit: number, address: number): number {
    const place = address + unit * Math.floor(this.capacityBytes / 8);
    return place - Math.floor(place / this.capacityBytes) * this.capacityBytes;
  }

  private trackBytes(zone: number): number {
    return (this.rates[zone]! * this.revolutionNs) / 1e9;
  }
}

/** Words of a command's row. */
const COMMAND_WORDS = 6;
const COMMAND_TOKEN = 1;
const COMMAND_OPERATION = 2;
/** 1: answered already, it only has to come to the disk. */
const COMMAND_CACHED = 3;
const COMMAND_SEQUENCE = 4;
/** A flush: cached writes that it still waits for. */
const COMMAND_WAITING = 5;
const COMMAND_DOUBLES = 4;
const COMMAND_PLACE = 0;
const COMMAND_BYTES = 1;
const COMMAND_SUBMITTED = 2;

/** Arguments of `fire`: the disk has done its command; a command of a limited queue is complete. */
const DISK_DONE = 0;
const COMPLETED = 1;

class HardDisk implements Device {
  private readonly parameters: HddParameters;
  private readonly context: DeviceContext;
  private readonly layout: Layout;
  private readonly wire = new ServerPool(1);
  private readonly commands = new Slots(COMMAND_WORDS, COMMAND_DOUBLES);
  /** Commands that wait for the disk, in no order. */
  private waiting = new Int32Array(64);
  private waitingCount = 0;
  private foreground = 0;
  private current = -1;
  /** Writes that wait for room in the cache. */
  private roomHead = -1;
  private roomTail = -1;
  private flushHead = -1;
  private cachedBytes = 0;
  private underWay = 0;
  private refused = false;
  private sequence = 0;
  /** Where the head is: the place after the last command, and when it was there. */
  private headPlace = 0;
  private headNs = 0;
  /** The last command was a read, so that the drive reads on. */
  private isReadingOn = false;

  private finished = 0;
  private reads = 0;
  private writes = 0;
  private flushes = 0;
  private discards = 0;
  private cachedWrites = 0;
  private readAheadHits = 0;
  private roomWaits = 0;
  private readonly busyNs = new RunningTotal();
  private readonly seekNs = new RunningTotal();
  private readonly rotationNs = new RunningTotal();
  private readonly residenceNs = new RunningTotal();
  private readonly readBytes = new RunningTotal();
  private readonly writtenBytes = new RunningTotal();

  constructor(hdd: HddParameters, context: DeviceContext) {
    this.parameters = hdd;
    this.context = context;
    this.layout = new Layout(hdd);
  }

  submit(
    operation: number,
    unit: number,
    address: number,
    bytes: number,
    flags: number,
    token: number,
  ): SubmitAnswer {
    const { parameters: hdd, context, commands } = this;
    if (operation > DEVICE_DISCARD)
      throw new BugError(`${context.name}: hdd takes no operation ${operation}`);
    if (hdd.queueDepth > 0) {
      if (this.underWay === hdd.queueDepth) {
        this.refused = true;
        return BUSY;
      }
      this.underWay++;
    }
    const command = commands.take();
    const row = COMMAND_WORDS * command;
    const at = COMMAND_DOUBLES * command;
    commands.words[row + COMMAND_TOKEN] = token;
    commands.words[row + COMMAND_OPERATION] = operation;
    commands.words[row + COMMAND_CACHED] = 0;
    commands.words[row + COMMAND_SEQUENCE] = ++this.sequence | 0;
    commands.doubles[at + COMMAND_PLACE] = this.layout.placeOf(unit, address);
    commands.doubles[at + COMMAND_BYTES] = bytes;
    commands.doubles[at + COMMAND_SUBMITTED] = context.nowNs;
    if (operation === DEVICE_READ) {
      this.reads++;
      this.readBytes.add(bytes);
      this.await(command);
    } else if (operation === DEVICE_WRITE) {
      this.writes++;
      this.writtenBytes.add(bytes);
      const isThrough = hdd.volatileCache && (flags & REQUEST_FUA) !== 0;
      if (isThrough || bytes > hdd.writeCache) this.await(command);
      else this.cache(command);
    } else if (operation === DEVICE_FLUSH) {
      this.flushes++;
      this.flush(command);
    } else {
      this.discards++;
      this.settle(command, context.nowNs);
      commands.release(command);
    }
    return QUEUED;
  }

  fire(argument: number): void {
    if (argument === DISK_DONE) this.diskDone();
    else {
      this.underWay--;
      if (this.refused) {
        this.refused = false;
        this.context.ready();
      }
    }
  }

  statistics(): DeviceStatistics {
    return {
      busyNs: this.busyNs.value,
      servers: 1,
      requests: this.finished,
      residenceNs: this.residenceNs.value,
      reads: this.reads,
      writes: this.writes,
      flushes: this.flushes,
      discards: this.discards,
      readBytes: this.readBytes.value,
      writtenBytes: this.writtenBytes.value,
      seekNs: this.seekNs.value,
      rotationNs: this.rotationNs.value,
      readAheadHits: this.readAheadHits,
      cachedWrites: this.cachedWrites,
      cachedBytes: this.cachedBytes,
      roomWaits: this.roomWaits,
    };
  }

  /** Answers a command at a time, to which the overhead is added. */
  private settle(command: number, atNs: number): void {
    const { commands, context } = this;
    const endNs = atNs + this.parameters.overhead;
    this.finished++;
    this.residenceNs.add(endNs - commands.doubles[COMMAND_DOUBLES * command + COMMAND_SUBMITTED]!);
    context.completeAt(endNs, commands.words[COMMAND_WORDS * command + COMMAND_TOKEN]!);
    if (this.parameters.queueDepth > 0) context.fireAt(endNs, COMPLETED);
  }

  /** Puts a command among those that wait for the disk. */
  private await(command: number): void {
    if (this.waitingCount === this.waiting.length) {
      const grown = new Int32Array(2 * this.waiting.length);
      grown.set(this.waiting);
      this.waiting = grown;
    }
    this.waiting[this.waitingCount++] = command;
    if (this.commands.words[COMMAND_WORDS * command + COMMAND_CACHED] === 0) this.foreground++;
    if (this.current < 0) this.startNext();
  }

  private cache(command: number): void {
    const { commands, parameters: hdd, context } = this;
    const bytes = commands.doubles[COMMAND_DOUBLES * command + COMMAND_BYTES]!;
    if (this.roomHead >= 0 || this.cachedBytes + bytes > hdd.writeCache) {
      this.roomWaits++;
      commands.words[COMMAND_WORDS * command + NEXT] = -1;
      if (this.roomHead < 0) this.roomHead = command;
      else commands.words[COMMAND_WORDS * this.roomTail + NEXT] = command;
      this.roomTail = command;
      return;
    }
    this.cachedBytes += bytes;
    this.cachedWrites++;
    this.settle(command, this.wire.serve(context.nowNs, transferNs(bytes, hdd.bandwidth), 0));
    commands.words[COMMAND_WORDS * command + COMMAND_CACHED] = 1;
    this.await(command);
  }

  private flush(command: number): void {
    const { commands, context } = this;
    let waits = 0;
    if (this.parameters.volatileCache) {
      for (let i = 0; i < this.waitingCount; i++)
        waits += commands.words[COMMAND_WORDS * this.waiting[i]! + COMMAND_CACHED]!;
      if (this.current >= 0) waits += commands.words[COMMAND_WORDS * this.current + COMMAND_CACHED]!;
    }
    if (waits === 0) {
      this.settle(command, context.nowNs);
      commands.release(command);
      return;
    }
    commands.words[COMMAND_WORDS * command + COMMAND_WAITING] = waits;
    commands.words[COMMAND_WORDS * command + NEXT] = this.flushHead;
    this.flushHead = command;
    if (this.current < 0) this.startNext();
  }

  /** Whether cached writes may take the disk now. */
  private isDestaging(): boolean {
    return (
      this.foreground === 0 ||
      this.roomHead >= 0 ||
      this.flushHead >= 0 ||
      2 * this.cachedBytes > this.parameters.writeCache
    );
  }

  private startNext(): void {
    if (this.waitingCount === 0) return;
    const index = this.choose();
    const command = this.waiting[index]!;
    this.waiting[index] = this.waiting[--this.waitingCount]!;
    const { words, doubles } = this.commands;
    if (words[COMMAND_WORDS * command + COMMAND_CACHED] === 0) this.foreground--;
    this.current = command;
    const { nowNs } = this.context;
    const place = doubles[COMMAND_DOUBLES * command + COMMAND_PLACE]!;
    const bytes = doubles[COMMAND_DOUBLES * command + COMMAND_BYTES]!;
    const isRead = words[COMMAND_WORDS * command + COMMAND_OPERATION] === DEVICE_READ;
    const movingNs = Math.ceil((bytes * 1e9) / this.layout.rateAt(place));
    let endNs: number;
    const readAhead = this.parameters.readAhead;
    if (isRead && this.isReadingOn && readAhead > 0 && place === this.headPlace) {
      // The head has gone on since; what it has read by now is in the buffer, as far as that holds it.
      this.readAheadHits++;
      const passedNs = this.headNs + movingNs;
      endNs = bytes <= readAhead ? Math.max(nowNs, passedNs) : Math.max(passedNs, nowNs + movingNs);
      this.headNs = Math.max(passedNs, nowNs - Math.ceil((readAhead * 1e9) / this.layout.rateAt(place)));
    } else {
      const seekNs = this.seekOf(place, isRead);
      const rotationNs = this.rotationOf(place, nowNs + seekNs);
      this.seekNs.add(seekNs);
      this.rotationNs.add(rotationNs);
      endNs = nowNs + seekNs + rotationNs + movingNs;
      this.headNs = endNs;
    }
    this.headPlace = this.layout.placeOf(0, place + bytes);
    this.isReadingOn = isRead;
    this.busyNs.add(endNs - nowNs);
    this.context.fireAt(endNs, DISK_DONE);
  }

  private seekOf(place: number, isRead: boolean): number {
    const { layout, parameters: hdd } = this;
    if (layout.trackOf(place) === layout.trackOf(this.headPlace)) return 0;
    const distance = Math.abs(layout.radiusOf(place) - layout.radiusOf(this.headPlace));
    return Math.floor(layout.seekNs(distance) + (isRead ? 0 : hdd.writeSettle) + 0.5);
  }

  private rotationOf(place: number, atNs: number): number {
    const { layout } = this;
    const turns = atNs / layout.revolutionNs;
    let wait = layout.angleOf(place) - (turns - Math.floor(turns));
    if (wait < 0) wait += 1;
    // A command that follows on the last one must not miss its sector by a rounding.
    return wait > 1 - 1e-5 ? 0 : Math.floor(wait * layout.revolutionNs + 0.5);
  }

  /** Index of the command to do next. */
  private choose(): number {
    const { words } = this.commands;
    const isDestaging = this.isDestaging();
    const { scheduler } = this.parameters;
    let best = -1;
    let least = Number.POSITIVE_INFINITY;
    let bestSequence = 0;
    for (let i = 0; i < this.waitingCount; i++) {
      const command = this.waiting[i]!;
      if (words[COMMAND_WORDS * command + COMMAND_CACHED] === 1 && !isDestaging) continue;
      const sequence = words[COMMAND_WORDS * command + COMMAND_SEQUENCE]!;
      const cost = scheduler === 'fifo' ? 0 : this.costOf(command);
      if (best < 0 || cost < least || (cost === least && ((sequence - bestSequence) | 0) < 0)) {
        best = i;
        least = cost;
        bestSequence = sequence;
      }
    }
    return best;
  }

  private costOf(command: number): number {
    const place = this.commands.doubles[COMMAND_DOUBLES * command + COMMAND_PLACE]!;
    if (this.parameters.scheduler === 'elevator') {
      const ahead = place - this.headPlace;
      return ahead >= 0 ? ahead : ahead + this.parameters.size;
    }
    const isRead = this.commands.words[COMMAND_WORDS * command + COMMAND_OPERATION] === DEVICE_READ;
    const seekNs = this.seekOf(place, isRead);
    return seekNs + this.rotationOf(place, this.context.nowNs + seekNs);
  }

  private diskDone(): void {
    const { commands, context } = this;
    const command = this.current;
    this.current = -1;
    const row = COMMAND_WORDS * command;
    const wasCached = commands.words[row + COMMAND_CACHED] === 1;
    if (wasCached) {
      this.cachedBytes -= commands.doubles[COMMAND_DOUBLES * command + COMMAND_BYTES]!;
      this.reachedDisk(commands.words[row + COMMAND_SEQUENCE]!);
    } else {
      this.settle(command, context.nowNs);
    }
    commands.release(command);
    while (this.roomHead >= 0) {
      const next = this.roomHead;
      const bytes = commands.doubles[COMMAND_DOUBLES * next + COMMAND_BYTES]!;
      if (this.cachedBytes + bytes > this.parameters.writeCache) break;
      this.roomHead = commands.words[COMMAND_WORDS * next + NEXT]!;
      const rest = this.roomHead;
      this.roomHead = -1;
      this.cache(next);
      this.roomHead = rest;
    }
    if (this.current < 0) this.startNext();
  }

  /** A cached write is on the disk: flushes that came after it wait for one less. */
  private reachedDisk(sequence: number): void {
    const { commands, context } = this;
    let flush = this.flushHead;
    this.flushHead = -1;
    while (flush >= 0) {
      const row = COMMAND_WORDS * flush;
      const next = commands.words[row + NEXT]!;
      if (((commands.words[row + COMMAND_SEQUENCE]! - sequence) | 0) > 0)
        commands.words[row + COMMAND_WAITING]!--;
      if (commands.words[row + COMMAND_WAITING]! > 0) {
        commands.words[row + NEXT] = this.flushHead;
        this.flushHead = flush;
      } else {
        this.settle(flush, context.nowNs);
        commands.release(flush);
      }
      flush = next;
    }
  }
}

export default defineDevice<HddParameters>({
  name: 'hdd',
  summary: 'A hard disk: seeks, rotation, zones, command queue with elevator, read-ahead, write cache.',
  roles: ['flash', 'datastore'],
  parameters,
  volatileCache: (hdd) => hdd.volatileCache && hdd.writeCache > 0,
  check,
  create: (hdd, context) => new HardDisk(hdd, context),
});
