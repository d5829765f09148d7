import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openTrace } from '../open-trace.ts';
import { FORMAT_SAMPLES } from '../testing/format-samples.ts';
import { program, shell } from '../testing/independent-tools.ts';
import { errorOf, openFiles, testFolder } from '../testing/read-rows.ts';
import { openRawSource } from './byte-source.ts';
import { programSource } from './program.ts';

const LINES = Buffer.from(
  FORMAT_SAMPLES.spc!.toString()
    .repeat(3000)
    .replace(/\.\d+\n/g, '.5\n')
    .replace(/,\d+\.5/g, ',7.5'),
);

describe.each([
  ['xz', 'xz-utils'],
  ['bzip2', 'bzip2'],
])('%s', (name, debianPackage) => {
  const there = program(name, debianPackage);
  it.skipIf(there.absent)(`is unpacked, and told when it is damaged or cut${there.note}`, async () => {
    const path = join(testFolder(), 'x');
    writeFileSync(path, LINES);
    const plain = await openTrace([path]);
    shell(`${name} -k "$1"`, path);
    const packed = readFileSync(`${path}.${name === 'xz' ? 'xz' : 'bz2'}`);
    const trace = await openFiles({ packed });
    expect(trace.summary.contentSha256).toBe(plain.summary.contentSha256);
    expect(await errorOf(packed.subarray(0, packed.length >> 1))).toMatch(
      /^E_DATA input: .*damaged or truncated/,
    );
    const damaged = Buffer.from(packed);
    damaged.fill(0x55, packed.length >> 1, (packed.length >> 1) + 40);
    // What comes out before the damage is noticed may no longer be rows.
    expect(await errorOf(damaged)).toMatch(/^E_DATA input/);
  });
});

it('a program that is not installed is named with its package', async () => {
  const path = join(testFolder(), 'x');
  writeFileSync(path, 'x');
  await expect(
    programSource('no-such-unpacker', 'zstd')(openRawSource(path), new Uint8Array(1), path),
  ).rejects.toMatchObject({
    code: 'E_UNAVAILABLE',
    hint: 'apt-get install zstd',
  });
});
