/** The way to Redis or Valkey: by URL, with password and TLS where it says so. */
import { Redis } from 'ioredis';
import { UnavailableError, UsageError } from '../../reference/kernel/errors.ts';

/** How long a server may take to answer at the start. Assumed. */
const CONNECT_MS = 5000;

/**
 * @param url redis://[user:password@]host:port[/db], or rediss:// for TLS
 * @throws UsageError for another URL, UnavailableError where nobody answers or the password is wrong
 */
export async function connect(url: string): Promise<Redis> {
  if (!/^rediss?:\/\/./.test(url))
    throw new UsageError('--queue: not the URL of a Redis or Valkey server', {
      hint: 'redis://host:6379, redis://:password@host:6379, or rediss:// with TLS',
    });
  // BullMQ waits for jobs without end, which is what null means here.
  const redis = new Redis(url, {
    maxRetriesPerRequest: null,
    connectTimeout: CONNECT_MS,
    lazyConnect: true,
    retryStrategy: (times) => Math.min(times * 200, 2000),
  });
  const faults: Error[] = [];
  redis.on('error', (error) => faults.push(error));
  let limit: NodeJS.Timeout | undefined;
  try {
    await Promise.race([
      redis.connect().then(() => redis.ping()),
      new Promise((_, reject) => {
        limit = setTimeout(() => reject(new Error(`no answer within ${CONNECT_MS / 1000} s`)), CONNECT_MS);
      }),
    ]);
  } catch (cause) {
    redis.disconnect();
    // The URL may hold a password, which is not repeated.
    const { hostname, port } = new URL(url);
    const why = (faults[0] ?? (cause as Error)).message || (cause as Error).message;
    throw new UnavailableError(`cannot use the queue at ${hostname}:${port || 6379}: ${why}`, {
      cause,
      hint: 'is redis-server running there, and is the password in the URL?',
    });
  } finally {
    clearTimeout(limit);
  }
  return redis;
}
