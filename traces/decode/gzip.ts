/** gzip, of one or many members; inflates on the thread pool beside the parser. */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { AppError, DataError } from '../../reference/kernel/errors.ts';
import type { ByteSource, RawSource } from './byte-source.ts';
import { ChunkSource } from './chunk-source.ts';

const CHUNK_BYTES = 256 * 1024;

/** The decompressed bytes of `prefix` and all that follows in `raw`. */
export function gunzipSource(raw: RawSource, prefix: Uint8Array, file: string): Promise<ByteSource> {
  async function* compressed(): AsyncGenerator<Uint8Array> {
    yield prefix;
    for (;;) {
      const chunk = new Uint8Array(CHUNK_BYTES);
      const count = await raw.read(chunk);
      if (count === 0) return;
      yield chunk.subarray(0, count);
    }
  }
  const gunzip = createGunzip({ chunkSize: CHUNK_BYTES });
  // An error reaches the reader through the iterator below; here it would only be reported twice.
  pipeline(Readable.from(compressed(), { objectMode: false }), gunzip).catch(() => {});
  const chunks = gunzip[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  const nextChunk = async (): Promise<Uint8Array | undefined> => {
    try {
      const next = await chunks.next();
      return next.done === true ? undefined : next.value;
    } catch (cause) {
      if (cause instanceof AppError) throw cause;
      throw gzipError(file, cause as NodeJS.ErrnoException);
    }
  };
  const close = (): void => {
    gunzip.destroy();
    raw.close();
  };
  return Promise.resolve(new ChunkSource(nextChunk, close));
}

function gzipError(file: string, cause: NodeJS.ErrnoException): DataError {
  if (cause.code === 'Z_BUF_ERROR') {
    return new DataError(
      'the gzip data is truncated',
      { file },
      { cause, hint: 'copy or download the file again' },
    );
  }
  return new DataError(
    `the gzip data is damaged, or something else follows it (${cause.message})`,
    { file },
    {
      cause,
      hint: `test it with: gzip -t ${file}`,
    },
  );
}
