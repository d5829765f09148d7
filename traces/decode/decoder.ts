/**
 * Decompression, chosen by the first bytes: `openDecoded` gives the plain bytes of any input. Add a compression by
 * adding a line to the table.
 */
import type { ByteSource, RawSource } from './byte-source.ts';
import { gunzipSource } from './gzip.ts';
import { programSource } from './program.ts';
import { zstdSource } from './zstd.ts';

interface Decoder {
  readonly name: string;
  readonly magic: readonly number[];
  /** @param prefix bytes already read from `raw`; they come first */
  open(raw: RawSource, prefix: Uint8Array, file: string): Promise<ByteSource>;
}

/** @source RFC 1952 section 2.3.1 (gzip), RFC 8878 section 3.1.1 (zstd), the .xz file format 1.1.0, bzip2's manual */
const DECODERS: readonly Decoder[] = [
  { name: 'gzip', magic: [0x1f, 0x8b], open: gunzipSource },
  { name: 'zstd', magic: [0x28, 0xb5, 0x2f, 0xfd], open: zstdSource },
  { name: 'xz', magic: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0], open: programSource('xz', 'xz-utils') },
  { name: 'bzip2', magic: [0x42, 0x5a, 0x68], open: programSource('bzip2', 'bzip2') },
];

const MAGIC_BYTES_MAX = 6;

/** A source that gives `prefix` first. */
class PrefixedSource implements ByteSource {
  private prefix: Uint8Array;
  private readonly rest: ByteSource;

  constructor(prefix: Uint8Array, rest: ByteSource) {
    this.prefix = prefix;
    this.rest = rest;
  }

  read(into: Uint8Array): Promise<number> {
    if (this.prefix.length === 0) return this.rest.read(into);
    const count = Math.min(into.length, this.prefix.length);
    into.set(this.prefix.subarray(0, count));
    this.prefix = this.prefix.subarray(count);
    return Promise.resolve(count);
  }

  close(): void {
    this.rest.close();
  }
}

/**
 * The plain bytes of `raw`, decompressed when they are packed.
 * @param file as the person named it, for messages
 */
export async function openDecoded(raw: RawSource, file: string): Promise<ByteSource> {
  const start = new Uint8Array(MAGIC_BYTES_MAX);
  let have = 0;
  while (have < start.length) {
    const count = await raw.read(start.subarray(have));
    if (count === 0) break;
    have += count;
  }
  const prefix = start.subarray(0, have);
  for (const decoder of DECODERS) {
    if (decoder.magic.every((byte, index) => prefix[index] === byte)) return decoder.open(raw, prefix, file);
  }
  return new PrefixedSource(prefix, raw);
}
