/** Names points by content: two with the same key have the same figures, whoever replayed them, and where. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { packageRoot } from '../program/package-root.ts';
import type { BenchRequest } from '../replay/bench-request.ts';
import type { BenchInput } from '../replay/run-bench.ts';

/** The built code that decides figures. What shows them is left out: a new column must not run everything again. */
const CODE_FOLDERS = ['bench/plan', 'bench/replay', 'reference', 'results/hdr', 'traces', 'workloads'];

let known: string | undefined;

/** Hash of the built code and the data it brings, hex; read once. */
export function codeVersion(): string {
  if (known !== undefined) return known;
  const hash = createHash('sha256');
  const dist = new URL('dist/', packageRoot());
  for (const folder of CODE_FOLDERS)
    for (const path of filesUnder(fileURLToPath(new URL(folder, dist)))) {
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
      return /\.(?:js|yaml|fio)$/.test(entry.name) ? [{ absolute, relative: path }] : [];
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
