/** Names points by content: two with the same key have the same figures, whoever replayed them, and where. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { packageRoot } from '../program/package-root.ts';
import type { BenchRequest } from '../replay/bench-request.ts';
import type { BenchInput } from '../replay/run-bench.ts';

/**
 * The built code that decides a point's figures. What asks for points and what shows them is left out: a new question or
 * column must not run everything again.
 */
const CODE: readonly (readonly [folder: string, files: RegExp])[] = [
  ['bench/plan', /^(?:point|pressure)\.js$/],
  ...['bench/replay', 'reference', 'results/hdr', 'traces', 'workloads'].map(
    (folder) => [folder, /\.(?:js|yaml|fio)$/] as const,
  ),
];

let known: string | undefined;

/** Hash of the built code and the data it brings, hex; read once. */
export function codeVersion(): string {
  if (known !== undefined) return known;
  const hash = createHash('sha256');
  const dist = new URL('dist/', packageRoot());
  for (const [folder, files] of CODE)
    for (const path of filesUnder(fileURLToPath(new URL(folder, dist)))) {
      if (!files.test(path.relative)) continue;
      const bytes = readFileSync(path.absolute);
      hash.update(`${folder}/${path.relative}\0${bytes.length}\0`).update(bytes);
    }
  known = hash.digest('hex');
  return known;
}

function filesUnder(folder: string, relative = ''): { absolute: string; relative: string }[] {
  return readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = `${relative}${entry.name}`;
      const absolute = `${folder}/${entry.name}`;
      if (entry.isDirectory()) return filesUnder(absolute, `${path}/`);
      return [{ absolute, relative: path }];
    });
}

/** SHA-256 over everything that a point's figures come from, hex. */
export function keyOf(request: BenchRequest, input: BenchInput, code: string): string {
  const { modes, speed, iodepth, warmupNs, preloadFraction, durationNs, seed } = request;
  const content = {
    code,
    mode: modes,
    speed,
    iodepth: iodepth ?? null,
    warmupNs,
    preloadFraction,
    durationNs: durationNs ?? null,
    seed,
    input,
  };
  return createHash('sha256')
    .update(JSON.stringify(content, (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value)))
    .digest('hex');
}
