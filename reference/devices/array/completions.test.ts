import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { RandomStream } from '../../kernel/random.ts';
import {
  DEVICE_DISCARD,
  DEVICE_FLUSH,
  DEVICE_READ,
  DEVICE_WRITE,
  REQUEST_FUA,
  REQUEST_RESERVED,
} from '../api.ts';
import { DeviceDriver, type RequestOptions } from '../conformance/device-driver.ts';
import { loadDevice, resolveParameters } from '../registry.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;

/** Caches so small that lines are evicted, writes wait and destages overtake reads. */
const SMALL = { readCache: '4MiB', writeCache: '4MiB' };

/** A mixed load of four units: random over `spanBytes`, with streams, rewrites, flushes and a few odd sizes. */
function* mixedLoad(random: RandomStream, count: number, spanBytes: number): Generator<RequestOptions> {
  const streamAt = new Float64Array(8);
  for (let i = 0; i < count; i++) {
    const unit = random.nextBelow(4);
    const kind = random.nextBelow(100);
    const bytes =
      random.nextBelow(10) === 0 ? 512 * (1 + random.nextBelow(600)) : (4 * KIB) << random.nextBelow(4);
    const near = random.nextBelow(2) === 0 ? spanBytes : spanBytes / 16;
    const address = random.nextBelow(near / (4 * KIB)) * 4 * KIB;
    if (kind < 30) yield { operation: DEVICE_READ, unit, address, bytes };
    else if (kind < 45) {
      const stream = random.nextBelow(8);
      yield { operation: DEVICE_READ, unit: stream & 3, address: streamAt[stream]!, bytes: 16 * KIB };
      streamAt[stream]! += 16 * KIB;
    } else if (kind < 90) yield { operation: DEVICE_WRITE, unit, address, bytes };
    else if (kind < 93) yield { operation: DEVICE_WRITE, unit, address, bytes: MIB };
    else if (kind < 95) yield { operation: DEVICE_WRITE, unit, address, bytes, flags: REQUEST_FUA };
    else if (kind < 96) yield { operation: DEVICE_WRITE, unit, address, bytes, flags: REQUEST_RESERVED };
    else if (kind < 98) yield { operation: DEVICE_FLUSH, unit };
    else if (kind < 99) yield { operation: DEVICE_DISCARD, unit, address, bytes };
    else yield { operation: DEVICE_WRITE, unit, address, bytes: 0 };
  }
}

/** Digest of which request completes when, in order, and of the figures at the end. */
async function digest(preset: string, overrides: object, gapNs: number, spanBytes: number): Promise<string> {
  const loaded = await loadDevice('array', '.');
  const { parameters } = resolveParameters(loaded, { preset, overrides: { ...overrides } });
  const driver = new DeviceDriver(loaded.model, parameters, 7, 'array');
  const random = new RandomStream(7, `${preset} load`);
  const completions: number[] = [];
  driver.onComplete = (request) => completions.push(request.token, driver.nowNs);
  let timeNs = 0;
  for (const request of mixedLoad(random, 12_000, spanBytes)) {
    // In bursts: a quarter of them arrive together.
    timeNs += random.nextBelow(4) === 0 ? 0 : random.nextBelow(2 * gapNs);
    driver.at(timeNs, () => driver.submit(request));
  }
  driver.run();
  const hash = createHash('sha256');
  hash.update(completions.join(' '));
  hash.update(JSON.stringify(driver.device.statistics()));
  return hash.digest('hex').slice(0, 16);
}

describe('the completions of a seeded load on an array', () => {
  it.each([
    ['fc-array-15k', {}, 400_000, 10 * GIB, '879024f4260dd78a'],
    ['fc-array-15k', SMALL, 2_000_000, GIB, '4e0ae16f8461b49c'],
    ['fc-array-15k', { ...SMALL, flush: 'drain' }, 4_000_000, GIB, '2fde1baa9c357a1f'],
    ['fc-array-15k', { ...SMALL, readCache: 0, cacheLine: '32KiB' }, 4_000_000, 64 * MIB, '81f052903fc47ef1'],
    ['fc-array-15k-raid5', {}, 400_000, 10 * GIB, '64166554f8ceb792'],
    ['fc-array-15k-raid5', SMALL, 4_000_000, 64 * MIB, 'bc1b27f3337f1575'],
    [
      'fc-array-15k-raid5',
      { ...SMALL, flush: 'drain', writePenalty: 6 },
      9_000_000,
      64 * MIB,
      'dd11818bb9b9ea01',
    ],
    ['fc-array-15k-raid5', { writeCache: 0, lunQueueDepth: 0 }, 4_000_000, GIB, '5ef7cae6573e9cd5'],
    ['all-flash-array', {}, 20_000, 10 * GIB, '21b792c41efcccc5'],
    ['all-flash-array', { ...SMALL, cacheLine: '4KiB' }, 30_000, 64 * MIB, '7bb452c64646f35e'],
    ['nvme-of-array', {}, 20_000, 10 * GIB, '589a334162dda6ca'],
    ['nvme-of-array', { ...SMALL, spindles: 8 }, 60_000, 64 * MIB, '5185e73724f28d0d'],
  ])(
    'on %s with %j every %i ns over %i bytes are those pinned',
    async (preset, overrides, gap, span, pinned) => {
      expect(await digest(preset, overrides, gap, span)).toBe(pinned);
    },
  );
});
