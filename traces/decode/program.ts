/**
 * xz and bzip2, by the programs of that name: Node has neither, and they come with nearly every system. They
 * decompress beside the parser, in a process of their own.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { DataError, UnavailableError } from '../../reference/kernel/errors.ts';
import type { ByteSource, RawSource } from './byte-source.ts';
import { ChunkSource } from './chunk-source.ts';

const CHUNK_BYTES = 256 * 1024;

/** Opens through `program -dc`. @param debianPackage what to install where the program is missing */
export function programSource(
  program: string,
  debianPackage: string,
): (raw: RawSource, prefix: Uint8Array, file: string) => Promise<ByteSource> {
  return async (raw, prefix, file) => {
    const child = spawn(program, ['-dc'], { stdio: ['pipe', 'pipe', 'pipe'] });
    try {
      await once(child, 'spawn');
    } catch (cause) {
      throw new UnavailableError(`${file} is packed with ${program}, which is not installed`, {
        cause,
        hint: `apt-get install ${debianPackage}`,
      });
    }
    const closed = once(child, 'close') as Promise<[number | null]>;
    let complaint = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      if (complaint.length < 1000) complaint += text;
    });
    // A reader that stops early closes the pipe; that is no error.
    child.stdin.on('error', () => {});
    let failure: unknown;
    const feed = async (): Promise<void> => {
      child.stdin.write(prefix);
      for (;;) {
        const chunk = new Uint8Array(CHUNK_BYTES);
        const count = await raw.read(chunk);
        if (count === 0 || child.stdin.destroyed) break;
        if (!child.stdin.write(chunk.subarray(0, count))) {
          await Promise.race([once(child.stdin, 'drain').catch(() => {}), closed]);
        }
      }
      child.stdin.end();
    };
    feed().catch((error: unknown) => {
      failure = error;
      child.stdin.end();
    });
    const chunks = child.stdout[Symbol.asyncIterator]();
    const nextChunk = async (): Promise<Uint8Array | undefined> => {
      const next = await chunks.next();
      if (next.done !== true) return next.value as Uint8Array;
      const [code] = await closed;
      if (failure !== undefined) throw failure;
      if (code === 0) return undefined;
      const said = complaint.trim().split('\n')[0]!.trim();
      throw new DataError(
        `the ${program} data is damaged or truncated`,
        { file },
        { found: said, hint: `test it with: ${program} -t ${file}` },
      );
    };
    return new ChunkSource(nextChunk, () => {
      child.kill();
      raw.close();
    });
  };
}
