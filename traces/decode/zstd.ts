/**
 * zstd, of one or many frames, by the reference decoder compiled to WebAssembly: Node 20 has none of its own. It
 * verifies checksums and needs no more memory than the frame's window (at most 128 MiB, by the decoder's own limit).
 *
 * Measured on the 47.6 MB PostgreSQL recording, 2-core EPYC, Node 20.20: zstddec 0.3.4 700 MB/s of output (330 cold),
 * fzstd 0.1.1 240 MB/s (135 cold, no checksums); the zstd program 910 MB/s.
 */
import { AppError, DataError } from '../../reference/kernel/errors.ts';
import type { ByteSource, RawSource } from './byte-source.ts';
import { ChunkSource } from './chunk-source.ts';

const CHUNK_BYTES = 256 * 1024;

/** The decompressed bytes of `prefix` and all that follows in `raw`. Blocks while it reads. */
export async function zstdSource(raw: RawSource, prefix: Uint8Array, file: string): Promise<ByteSource> {
  // Loaded here, as most inputs do without.
  const { ZSTDDecoder } = await import('zstddec/stream');
  const decoder = new ZSTDDecoder();
  await decoder.init();
  let pulls = 0;
  function* compressed(): Generator<Uint8Array> {
    pulls++;
    yield prefix;
    const chunk = new Uint8Array(CHUNK_BYTES);
    for (;;) {
      const count = raw.readSync(chunk);
      pulls++;
      if (count === 0) return;
      yield chunk.subarray(0, count);
    }
  }
  const chunks = decoder.decodeStreaming(compressed());
  let emptyAtPull = -1;
  const nextChunk = (): Promise<Uint8Array | undefined> => {
    for (;;) {
      let next: IteratorResult<Uint8Array>;
      try {
        next = chunks.next();
      } catch (cause) {
        if (cause instanceof AppError) throw cause;
        const error = new DataError(
          'the zstd data is truncated',
          { file },
          { cause, hint: 'copy or download the file again' },
        );
        return Promise.reject(error);
      }
      if (next.done === true) return Promise.resolve(undefined);
      if (next.value.length > 0) return Promise.resolve(next.value);
      // The decoder does not report errors, it stops getting on: no output twice without asking for input is one.
      if (emptyAtPull === pulls) {
        const error = new DataError(
          'the zstd data is damaged, or something else follows it',
          { file },
          { hint: `test it with: zstd -t ${file}` },
        );
        return Promise.reject(error);
      }
      emptyAtPull = pulls;
    }
  };
  return new ChunkSource(nextChunk, () => raw.close());
}
