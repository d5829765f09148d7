/** Questions to other hosts that bring data: asked of one host after the other until one of them answers. */
import type { HostState } from '../host-state.ts';
import { PENDING_FAILED, RECORD_PENDING } from '../log/record-ring.ts';
import {
  FIELD_BYTES,
  FIELD_OFFSET,
  FIELD_PAYLOAD,
  FIELD_PAYLOAD_OFFSET,
  FIELD_REQUEST,
  FIELD_SEQUENCE,
  FIELD_STATUS,
  MESSAGE_FETCH,
  MESSAGE_FIELDS,
  MESSAGE_READ,
} from '../message.ts';
import { STATUS_ERROR, STATUS_OK, STATUS_REFUSED, type Status } from '../ports.ts';
import { TIMER_QUESTION, timerOf } from '../timers.ts';
import type { VirtualDisk } from '../virtual-disk.ts';

interface Question {
  readonly disk: VirtualDisk;
  readonly type: number;
  /** Of a record for FETCH, 0 for READ. */
  readonly sequence: number;
  /** Within the record for FETCH, of the disk for READ. */
  readonly offset: number;
  readonly bytes: number;
  readonly payload: number;
  readonly payloadOffset: number;
  readonly hosts: readonly number[];
  asked: number;
  /** One of those asked did not answer: it may have the data. */
  silent: boolean;
  readonly done: (status: Status) => void;
}

export class Questions {
  private readonly state: HostState;
  private readonly open = new Map<number, Question>();

  constructor(state: HostState) {
    this.state = state;
  }

  /** Questions without an answer yet. */
  get count(): number {
    return this.open.size;
  }

  /** Hosts that have the data of a record that is not to be read here. */
  sourcesOf(disk: VirtualDisk, sequence: number): number[] {
    const { sources } = disk.work;
    if (sources.length !== 0) return sources;
    const pending = disk.ring.words[disk.ring.at(sequence) + RECORD_PENDING]! & ~PENDING_FAILED;
    return disk.members.filter((member) => (pending & member.bit) === 0).map((member) => member.host);
  }

  /**
   * Asks the holders of a record for part of its data. `done` comes with STATUS_ERROR when all have answered and none has
   * it, with STATUS_REFUSED when one that may have it did not answer.
   */
  fetch(
    disk: VirtualDisk,
    sequence: number,
    offset: number,
    bytes: number,
    payload: number,
    payloadOffset: number,
    done: (status: Status) => void,
  ): void {
    const hosts = this.sourcesOf(disk, sequence);
    this.askNext({
      disk,
      type: MESSAGE_FETCH,
      sequence,
      offset,
      bytes,
      payload,
      payloadOffset,
      hosts,
      asked: -1,
      silent: false,
      done,
    });
  }

  /** Asks the former host of a disk for clean data; STATUS_ERROR when it has none. */
  read(
    disk: VirtualDisk,
    offset: number,
    bytes: number,
    payload: number,
    payloadOffset: number,
    done: (status: Status) => void,
  ): void {
    const hosts = [disk.remoteHost];
    this.askNext({
      disk,
      type: MESSAGE_READ,
      sequence: 0,
      offset,
      bytes,
      payload,
      payloadOffset,
      hosts,
      asked: -1,
      silent: false,
      done,
    });
  }

  /** An answer; `FETCHED` and `READ_DONE` alike. */
  onAnswer(message: number): void {
    const { ports, counters } = this.state;
    const base = message * MESSAGE_FIELDS;
    const request = ports.network.fields[base + FIELD_REQUEST]!;
    const question = this.open.get(request);
    if (question === undefined) return;
    this.open.delete(request);
    if (ports.network.fields[base + FIELD_STATUS] !== STATUS_OK) {
      this.askNext(question);
      return;
    }
    counters.remoteReadBytes += question.bytes;
    ports.content?.receiving(message, question.payload, question.payloadOffset);
    question.done(STATUS_OK);
  }

  onTimer(request: number): void {
    const question = this.open.get(request);
    if (question === undefined) return;
    this.open.delete(request);
    question.silent = true;
    this.askNext(question);
  }

  private askNext(question: Question): void {
    if (++question.asked >= question.hosts.length || question.disk.dead) {
      question.done(question.silent ? STATUS_REFUSED : STATUS_ERROR);
      return;
    }
    const { ports, options } = this.state;
    const request = this.state.nextRequest();
    this.open.set(request, question);
    const { disk, type } = question;
    const epoch = type === MESSAGE_READ ? disk.remoteEpoch : disk.epoch;
    const message = this.state.message(type, disk.id, epoch, request);
    const fields = ports.network.fields;
    const base = message * MESSAGE_FIELDS;
    fields[base + FIELD_SEQUENCE] = question.sequence;
    fields[base + FIELD_OFFSET] = question.offset;
    fields[base + FIELD_BYTES] = question.bytes;
    fields[base + FIELD_PAYLOAD] = question.payload;
    fields[base + FIELD_PAYLOAD_OFFSET] = question.payloadOffset;
    ports.network.send(question.hosts[question.asked]!, message, options.messageBytes);
    ports.timer.set(ports.clock.nowNs + options.replication.timeoutNs, timerOf(TIMER_QUESTION, request));
  }
}
