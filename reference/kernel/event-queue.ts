/**
 * The pending events of a simulation in order of (time, sequence of push). An event carries two int32: who it is for
 * and a token.
 *
 * Up to 64 of the nearest events lie sorted in a ring, where most pushes land at or near the end; the rest spill into
 * a 4-ary heap. Invariant: no event of the heap comes before an event of the ring.
 */
import { DOUBLE_ZERO } from './double-zero.ts';

const NEAR_CAPACITY = 64;
const NEAR_MASK = NEAR_CAPACITY - 1;
/** How many events one refill moves from the heap to the ring: half of it, so that pushes still find room. */
const REFILL = NEAR_CAPACITY / 2;

export class EventQueue {
  /** The event taken by the last `pop`. */
  timeNs = DOUBLE_ZERO;
  target = 0;
  token = 0;

  /** The time of the event being pushed. */
  private pushedNs = DOUBLE_ZERO;
  private readonly nearTime = new Float64Array(NEAR_CAPACITY);
  private readonly nearTarget = new Int32Array(NEAR_CAPACITY);
  private readonly nearToken = new Int32Array(NEAR_CAPACITY);
  private nearHead = 0;
  private nearSize = 0;

  private farTime = new Float64Array(256);
  private farSequence = new Float64Array(256);
  private farTarget = new Int32Array(256);
  private farToken = new Int32Array(256);
  private farSize = 0;
  /** Time of the heap's first event; Infinity while it is empty. */
  private farFirstNs = Number.POSITIVE_INFINITY;
  private sequence = 0;
  /** Counts down for events that move from the ring to the heap: they are older than any of their time there. */
  private movedSequence = 0;

  get size(): number {
    return this.nearSize + this.farSize;
  }

  /** Time of the next event; Infinity when there is none. */
  peekTimeNs(): number {
    return this.nearSize === 0 ? Number.POSITIVE_INFINITY : this.nearTime[this.nearHead]!;
  }

  /**
   * Small, so that it is always inlined: the time goes by a field that holds a double, where an argument of a call
   * would be allocated.
   * @param timeNs at or after the time of the last event popped
   */
  push(timeNs: number, target: number, token: number): void {
    this.pushedNs = timeNs;
    this.insert(target, token);
  }

  private insert(target: number, token: number): void {
    const timeNs = this.pushedNs;
    if (this.nearSize === NEAR_CAPACITY || timeNs >= this.farFirstNs) {
      this.spill(timeNs, target, token);
      return;
    }
    const times = this.nearTime;
    const head = this.nearHead;
    const size = this.nearSize++;
    if (size !== 0 && timeNs < times[(head + (size >> 1)) & NEAR_MASK]!) {
      this.insertFromHead(timeNs, target, token);
      return;
    }
    let at = (head + size) & NEAR_MASK;
    for (let left = size; left > 0; left--) {
      const before = (at - 1) & NEAR_MASK;
      if (times[before]! <= timeNs) break;
      times[at] = times[before]!;
      this.nearTarget[at] = this.nearTarget[before]!;
      this.nearToken[at] = this.nearToken[before]!;
      at = before;
    }
    times[at] = timeNs;
    this.nearTarget[at] = target;
    this.nearToken[at] = token;
  }

  /** The event belongs before the ring's middle: the few before it move towards the head. */
  private insertFromHead(timeNs: number, target: number, token: number): void {
    const times = this.nearTime;
    let at = (this.nearHead - 1) & NEAR_MASK;
    this.nearHead = at;
    for (;;) {
      const after = (at + 1) & NEAR_MASK;
      if (times[after]! > timeNs) break;
      times[at] = times[after]!;
      this.nearTarget[at] = this.nearTarget[after]!;
      this.nearToken[at] = this.nearToken[after]!;
      at = after;
    }
    times[at] = timeNs;
    this.nearTarget[at] = target;
    this.nearToken[at] = token;
  }

  /** The ring is full, or the event belongs behind the heap's first. */
  private spill(timeNs: number, target: number, token: number): void {
    if (timeNs < this.farFirstNs) {
      const last = (this.nearHead + NEAR_CAPACITY - 1) & NEAR_MASK;
      if (timeNs < this.nearTime[last]!) {
        this.pushFar(
          this.nearTime[last]!,
          --this.movedSequence,
          this.nearTarget[last]!,
          this.nearToken[last]!,
        );
        this.nearSize--;
        this.push(timeNs, target, token);
        return;
      }
    }
    this.pushFar(timeNs, ++this.sequence, target, token);
  }

  /** Takes the next event into `timeNs`, `target` and `token`. @returns false when there is none */
  pop(): boolean {
    if (this.nearSize === 0) return false;
    const head = this.nearHead;
    this.timeNs = this.nearTime[head]!;
    this.target = this.nearTarget[head]!;
    this.token = this.nearToken[head]!;
    this.nearHead = (head + 1) & NEAR_MASK;
    if (--this.nearSize === 0 && this.farSize !== 0) this.refill();
    return true;
  }

  private refill(): void {
    this.nearHead = 0;
    let moved = 0;
    while (moved < REFILL && this.farSize !== 0) {
      this.nearTime[moved] = this.farTime[0]!;
      this.nearTarget[moved] = this.farTarget[0]!;
      this.nearToken[moved] = this.farToken[0]!;
      moved++;
      this.dropFarFirst();
    }
    this.nearSize = moved;
  }

  private pushFar(timeNs: number, sequence: number, target: number, token: number): void {
    if (this.farSize === this.farTime.length) this.growFar();
    const times = this.farTime;
    const sequences = this.farSequence;
    let at = this.farSize++;
    while (at > 0) {
      const parent = (at - 1) >> 2;
      const parentTime = times[parent]!;
      if (parentTime < timeNs || (parentTime === timeNs && sequences[parent]! < sequence)) break;
      times[at] = parentTime;
      sequences[at] = sequences[parent]!;
      this.farTarget[at] = this.farTarget[parent]!;
      this.farToken[at] = this.farToken[parent]!;
      at = parent;
    }
    times[at] = timeNs;
    sequences[at] = sequence;
    this.farTarget[at] = target;
    this.farToken[at] = token;
    this.farFirstNs = times[0]!;
  }

  private dropFarFirst(): void {
    const size = --this.farSize;
    if (size === 0) {
      this.farFirstNs = Number.POSITIVE_INFINITY;
      return;
    }
    const times = this.farTime;
    const sequences = this.farSequence;
    const timeNs = times[size]!;
    const sequence = sequences[size]!;
    let at = 0;
    for (;;) {
      const first = 4 * at + 1;
      if (first >= size) break;
      const end = first + 4 < size ? first + 4 : size;
      let least = first;
      let leastTime = times[first]!;
      for (let child = first + 1; child < end; child++) {
        const childTime = times[child]!;
        if (childTime < leastTime || (childTime === leastTime && sequences[child]! < sequences[least]!)) {
          least = child;
          leastTime = childTime;
        }
      }
      if (timeNs < leastTime || (timeNs === leastTime && sequence < sequences[least]!)) break;
      times[at] = leastTime;
      sequences[at] = sequences[least]!;
      this.farTarget[at] = this.farTarget[least]!;
      this.farToken[at] = this.farToken[least]!;
      at = least;
    }
    times[at] = timeNs;
    sequences[at] = sequence;
    this.farTarget[at] = this.farTarget[size]!;
    this.farToken[at] = this.farToken[size]!;
    this.farFirstNs = times[0]!;
  }

  private growFar(): void {
    const capacity = this.farTime.length * 2;
    const times = new Float64Array(capacity);
    times.set(this.farTime);
    this.farTime = times;
    const sequences = new Float64Array(capacity);
    sequences.set(this.farSequence);
    this.farSequence = sequences;
    const targets = new Int32Array(capacity);
    targets.set(this.farTarget);
    this.farTarget = targets;
    const tokens = new Int32Array(capacity);
    tokens.set(this.farToken);
    this.farToken = tokens;
  }
}
