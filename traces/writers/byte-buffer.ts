/** Collects bytes and passes them on by the half MiB; what the writers of all formats write into. */
import type { ByteSink } from '../trace-writer.ts';

const CAPACITY = 512 * 1024;
/** Longest piece that may be put without asking; every number and word of a row is shorter. */
const PIECE_BYTES_MAX = 4096;
const ZERO = 48;
const INT32 = 2 ** 31;
const BILLION = 1e9;
const LITTLE = true;
const TWO_32 = 2 ** 32;

export class ByteBuffer {
  private readonly bytes = new Uint8Array(CAPACITY);
  private readonly view = new DataView(this.bytes.buffer);
  private at = 0;
  private readonly sink: ByteSink;

  constructor(sink: ByteSink) {
    this.sink = sink;
  }

  /** Makes room for one row; call it before each. */
  room(): void {
    if (this.at > CAPACITY - PIECE_BYTES_MAX) this.flush();
  }

  flush(): void {
    if (this.at > 0) this.sink.write(this.bytes.subarray(0, this.at));
    this.at = 0;
  }

  /** Puts bytes prepared before, such as a disk's name; they may be longer than a piece. */
  put(bytes: Uint8Array): void {
    if (bytes.length > CAPACITY - this.at) this.flush();
    if (bytes.length > CAPACITY) {
      this.sink.write(bytes);
      return;
    }
    this.bytes.set(bytes, this.at);
    this.at += bytes.length;
  }

  /** Puts ASCII text. */
  text(text: string): void {
    for (let i = 0; i < text.length; i++) this.bytes[this.at++] = text.charCodeAt(i);
  }

  byte(value: number): void {
    this.bytes[this.at++] = value;
  }

  /** Puts a whole number of at least 0, below 2^53, in decimal. */
  decimal(value: number): void {
    if (value < INT32) {
      this.digits(value, digitsOf(value));
      return;
    }
    const high = Math.floor(value / BILLION);
    this.decimal(high);
    this.digits(value - high * BILLION, 9);
  }

  /** Puts the lowest `count` digits (at most 10) of a whole number below 2^31, with leading zeros. */
  digits(value: number, count: number): void {
    let rest = value | 0;
    for (let at = this.at + count - 1; at >= this.at; at--) {
      const next = (rest / 10) | 0;
      this.bytes[at] = ZERO + rest - next * 10;
      rest = next;
    }
    this.at += count;
  }

  u16(value: number): void {
    this.view.setUint16(this.at, value, LITTLE);
    this.at += 2;
  }

  u32(value: number): void {
    this.view.setUint32(this.at, value, LITTLE);
    this.at += 4;
  }

  /** Puts a whole number of at least 0, below 2^53. */
  u64(value: number): void {
    const high = Math.floor(value / TWO_32);
    this.u32(value - high * TWO_32);
    this.u32(high);
  }
}

function digitsOf(value: number): number {
  let count = 1;
  for (let power = 10; count < 10 && value >= power; power *= 10) count++;
  return count;
}
