/** A byte source over chunks that come one after another. */
import type { ByteSource } from './byte-source.ts';

export class ChunkSource implements ByteSource {
  private chunk: Uint8Array = new Uint8Array(0);
  private readonly nextChunk: () => Promise<Uint8Array | undefined>;
  private readonly closeBelow: () => void;

  /** @param nextChunk undefined at the end */
  constructor(nextChunk: () => Promise<Uint8Array | undefined>, closeBelow: () => void) {
    this.nextChunk = nextChunk;
    this.closeBelow = closeBelow;
  }

  async read(into: Uint8Array): Promise<number> {
    while (this.chunk.length === 0) {
      const next = await this.nextChunk();
      if (next === undefined) return 0;
      this.chunk = next;
    }
    const count = Math.min(into.length, this.chunk.length);
    into.set(this.chunk.subarray(0, count));
    this.chunk = this.chunk.subarray(count);
    return count;
  }

  close(): void {
    this.closeBelow();
  }
}
