/** Writes to the spindles with their parity or mirror, as chains of operations or several at once: jobs. */
import type { ArrayParameters } from './array-parameters.ts';
import {
  JOB_BYTES,
  JOB_DOUBLES,
  JOB_KEY,
  JOB_LEFT,
  JOB_LINE,
  JOB_PLACE,
  JOB_READS,
  JOB_REQUEST,
  JOB_SPINDLE,
  JOB_STAGE,
  JOB_STEP,
  JOB_STEPS,
  JOB_UNIT,
  JOB_WORDS,
  OPERATION_DOUBLES,
  OPERATION_PLACE,
  OPERATION_WORDS,
  OPERATION_WRITES,
  Slots,
} from './slots.ts';
import { BACKGROUND_STAGE, DESTAGE, type Spindles, THROUGH } from './spindles.ts';

/** Who waits for pieces of a request: what is read, or written through. */
export interface PieceOwner {
  pieceArrived(request: number): void;
}

/** Who gave lines to destage. */
export interface DestageOwner {
  /** The lines of a destage are on the spindles. @param firstLine the first of the job; -1: inherited */
  destaged(firstLine: number): void;
}

export class SpindleWrites {
  private readonly parameters: ArrayParameters;
  private readonly spindles: Spindles;
  private readonly pieces: PieceOwner;
  private readonly destages: DestageOwner;
  private readonly jobs = new Slots(JOB_WORDS, JOB_DOUBLES);
  /** Spindles that a small write touches: data and parities, or data and mirror. */
  private readonly copies: number;

  constructor(array: ArrayParameters, spindles: Spindles, pieces: PieceOwner, destages: DestageOwner) {
    this.parameters = array;
    this.spindles = spindles;
    this.pieces = pieces;
    this.destages = destages;
    this.copies = array.writePenalty > 2 ? array.writePenalty / 2 : array.writePenalty;
  }

  /**
   * Writes [start, end) of a request, data and parity (or mirror) at once.
   * @returns how often `pieceArrived` will be called for it
   */
  writeThrough(request: number, unit: number, start: number, end: number, key: number): number {
    const { jobs, spindles } = this;
    const { stripe, stripeWidth, writePenalty } = this.parameters;
    let at = start;
    let pieces = 0;
    while (at < end) {
      const to = Math.min(end, (Math.floor(at / stripe) + 1) * stripe);
      for (let copy = 0; copy < this.copies; copy++) {
        const offset = copy === 0 ? 0 : stripeWidth + copy - 1;
        const spindle = (spindles.spindleOf(unit, at) + offset) % spindles.count;
        const job = this.job(request, unit, spindle, spindles.placeOf(at), to - at, key, ++pieces * 8);
        const row = JOB_WORDS * job;
        jobs.words[row + JOB_STEPS] = writePenalty / this.copies;
        jobs.words[row + JOB_LEFT] = writePenalty / this.copies;
        jobs.words[row + JOB_READS] = writePenalty > 2 ? 1 : 0;
        this.nextStep(job);
      }
      at = to;
    }
    return pieces;
  }

  /** Writes a run of lines within a stripe, all operations on the spindle of the data. */
  writeRun(
    firstLine: number,
    unit: number,
    spindle: number,
    place: number,
    bytes: number,
    key: number,
  ): void {
    const { writePenalty } = this.parameters;
    const job = this.job(-1, unit, spindle, place, bytes, key, BACKGROUND_STAGE);
    const { words } = this.jobs;
    const row = JOB_WORDS * job;
    words[row + JOB_LINE] = firstLine;
    words[row + JOB_STEPS] = writePenalty;
    words[row + JOB_LEFT] = writePenalty;
    words[row + JOB_READS] = writePenalty > 2 ? writePenalty / 2 : 0;
    this.nextStep(job);
  }

  /** Writes a full stripe with its parity in one go. */
  writeStripe(firstLine: number, unit: number, address: number, bytes: number, key: number): void {
    const { spindles } = this;
    const { stripeWidth, writePenalty, stripe } = this.parameters;
    const redundancy = writePenalty === 2 ? stripeWidth : writePenalty / 2 - 1;
    const count = stripeWidth + redundancy;
    const data = spindles.homeOf(unit, address);
    const job = this.job(-1, unit, data, spindles.placeOf(address), bytes, key, BACKGROUND_STAGE);
    const row = JOB_WORDS * job;
    this.jobs.words[row + JOB_LINE] = firstLine;
    this.jobs.words[row + JOB_STEP] = count;
    this.jobs.words[row + JOB_STEPS] = count;
    this.jobs.words[row + JOB_LEFT] = count;
    for (let i = 0; i < count; i++) {
      const at = i < stripeWidth ? address + i * stripe : address;
      const operation = this.operation(
        DESTAGE,
        job,
        unit,
        spindles.placeOf(at),
        stripe,
        key,
        BACKGROUND_STAGE + i,
        1,
      );
      spindles.enqueue((data + i) % spindles.count, operation, false);
    }
  }

  /** An operation of a job has ended. */
  stepEnded(job: number): void {
    const { jobs } = this;
    const { words } = jobs;
    const row = JOB_WORDS * job;
    const left = --words[row + JOB_LEFT]!;
    if (left > 0) {
      if (words[row + JOB_STEP]! < words[row + JOB_STEPS]!) this.nextStep(job);
      return;
    }
    const request = words[row + JOB_REQUEST]!;
    const line = words[row + JOB_LINE]!;
    jobs.release(job);
    if (request >= 0) this.pieces.pieceArrived(request);
    else this.destages.destaged(line);
  }

  private job(
    request: number,
    unit: number,
    spindle: number,
    place: number,
    bytes: number,
    key: number,
    stage: number,
  ): number {
    const { jobs } = this;
    const job = jobs.take();
    const { words, doubles } = jobs;
    const row = JOB_WORDS * job;
    words[row + JOB_REQUEST] = request;
    words[row + JOB_LINE] = -1;
    words[row + JOB_STEP] = 0;
    words[row + JOB_UNIT] = unit;
    words[row + JOB_SPINDLE] = spindle;
    words[row + JOB_KEY] = key;
    words[row + JOB_STAGE] = stage;
    doubles[JOB_DOUBLES * job + JOB_PLACE] = place;
    doubles[JOB_DOUBLES * job + JOB_BYTES] = bytes;
    return job;
  }

  /** Begins the next operation of a job on its spindle: first the reads of old data and parity, then the writes. */
  private nextStep(job: number): void {
    const { words, doubles } = this.jobs;
    const row = JOB_WORDS * job;
    const step = words[row + JOB_STEP]!;
    const guest = words[row + JOB_REQUEST]! >= 0;
    words[row + JOB_STEP] = step + 1;
    const operation = this.operation(
      guest ? THROUGH : DESTAGE,
      job,
      words[row + JOB_UNIT]!,
      doubles[JOB_DOUBLES * job + JOB_PLACE]!,
      doubles[JOB_DOUBLES * job + JOB_BYTES]!,
      words[row + JOB_KEY]!,
      words[row + JOB_STAGE]! + step,
      step >= words[row + JOB_READS]! ? 1 : 0,
    );
    this.spindles.enqueue(words[row + JOB_SPINDLE]!, operation, guest);
  }

  /** @param place on the spindle, bytes @param writes 1 for a write, 0 for a read of old data or parity */
  private operation(
    kind: number,
    job: number,
    unit: number,
    place: number,
    bytes: number,
    key: number,
    stage: number,
    writes: number,
  ): number {
    const { spindles } = this;
    const operation = spindles.operation(kind, job, unit, 0, bytes, key, stage);
    const { words, doubles } = spindles.operations;
    doubles[OPERATION_DOUBLES * operation + OPERATION_PLACE] = place;
    words[OPERATION_WORDS * operation + OPERATION_WRITES] = writes;
    return operation;
  }
}
