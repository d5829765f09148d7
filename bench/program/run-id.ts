/** Names of run directories. */
import { createHash, randomBytes } from 'node:crypto';

/**
 * `20261123T104512Z-3fa9c1`: the UTC second a run starts, so that names sort by time, and a short hash, so that two
 * runs started in the same second differ.
 */
export function runId(startedAt: Date, salt: Uint8Array = randomBytes(16)): string {
  const second = startedAt
    .toISOString()
    .replace(/[-:]/g, '')
    .replace(/\.\d+Z$/, 'Z');
  const hash = createHash('sha256').update(second).update(salt).digest('hex').slice(0, 6);
  return `${second}-${hash}`;
}
