/** Reads a profile, from a file or as the text it is. */
import { parse as parseYaml } from 'yaml';
import { DataError } from '../../reference/kernel/errors.ts';
import { openRawSource } from '../decode/byte-source.ts';
import { openDecoded } from '../decode/decoder.ts';
import { checkProfile, type Profile } from './profile.ts';

/** Longest profile. Assumed: a hundred times the largest seen. */
export const PROFILE_BYTES_MAX = 2 ** 24;
const CHUNK_BYTES = 2 ** 16;

/** @throws NoInputError, IoError; DataError with the place */
export async function readProfileFile(path: string): Promise<Profile> {
  const raw = openRawSource(path);
  try {
    const source = await openDecoded(raw, path);
    const chunks: Uint8Array[] = [];
    for (let bytes = 0; ; ) {
      const chunk = new Uint8Array(CHUNK_BYTES);
      const count = await source.read(chunk);
      if (count === 0) break;
      bytes += count;
      if (bytes > PROFILE_BYTES_MAX)
        throw new DataError('this is no profile: it is too long', { file: path });
      chunks.push(chunk.subarray(0, count));
    }
    return readProfile(Buffer.concat(chunks).toString(), path);
  } finally {
    raw.close();
  }
}

/** @throws DataError with the place */
export function readProfile(text: string, file: string): Profile {
  let value: unknown;
  try {
    value = text.trimStart().startsWith('{') ? JSON.parse(text) : parseYaml(text);
  } catch (cause) {
    throw new DataError(`not a profile: ${(cause as Error).message.split('\n')[0]}`, { file }, { cause });
  }
  return checkProfile(value, { file });
}
