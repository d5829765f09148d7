/** Words in bytes to small numbers, in order of appearance: no string is made of a word that is known. */

const NONE = -1;

export class WordTable {
  /** Words so far. */
  count = 0;
  private bytes = new Uint8Array(4096);
  private used = 0;
  private starts = new Int32Array(64);
  private slots = new Int32Array(128).fill(NONE);
  private hashes = new Int32Array(64);
  private last = NONE;

  /** The number of the word `bytes[start]` to `bytes[end - 1]`; `count` before the call when it is new. */
  intern(bytes: Uint8Array, start: number, end: number): number {
    if (this.last !== NONE && this.is(this.last, bytes, start, end)) return this.last;
    let hash = 0x811c9dc5 | 0;
    for (let at = start; at < end; at++) hash = Math.imul(hash ^ bytes[at]!, 0x01000193);
    hash ^= hash >>> 15;
    const mask = this.slots.length - 1;
    let slot = hash & mask;
    for (let word = this.slots[slot]!; word !== NONE; word = this.slots[slot]!) {
      if (this.hashes[word] === hash && this.is(word, bytes, start, end)) {
        this.last = word;
        return word;
      }
      slot = (slot + 1) & mask;
    }
    return this.add(bytes, start, end, hash, slot);
  }

  private is(word: number, bytes: Uint8Array, start: number, end: number): boolean {
    const from = this.starts[word]!;
    const length = end - start;
    if (this.starts[word + 1]! - from !== length) return false;
    const own = this.bytes;
    for (let i = 0; i < length; i++) if (own[from + i] !== bytes[start + i]) return false;
    return true;
  }

  private add(bytes: Uint8Array, start: number, end: number, hash: number, slot: number): number {
    const word = this.count++;
    while (this.used + (end - start) > this.bytes.length) this.bytes = grown(this.bytes, Uint8Array);
    this.bytes.set(bytes.subarray(start, end), this.used);
    this.used += end - start;
    if (word + 2 > this.starts.length) {
      this.starts = grown(this.starts, Int32Array);
      this.hashes = grown(this.hashes, Int32Array);
    }
    this.starts[word + 1] = this.used;
    this.hashes[word] = hash;
    this.slots[slot] = word;
    this.last = word;
    if (2 * this.count > this.slots.length) this.rehash();
    return word;
  }

  private rehash(): void {
    this.slots = new Int32Array(2 * this.slots.length).fill(NONE);
    const mask = this.slots.length - 1;
    for (let word = 0; word < this.count; word++) {
      let slot = this.hashes[word]! & mask;
      while (this.slots[slot] !== NONE) slot = (slot + 1) & mask;
      this.slots[slot] = word;
    }
  }
}

function grown<T extends Uint8Array | Int32Array>(array: T, make: new (length: number) => T): T {
  const larger = new make(2 * array.length);
  larger.set(array);
  return larger;
}
