/** What `fvp bench export` does once its flags are parsed. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError } from '../../reference/kernel/errors.ts';
import type { SparseHistogram } from '../../reference/kernel/histogram.ts';
import { chosenResults } from '../../results/compare/compare.ts';
import { loadMeasured } from '../../results/compare/load-measured.ts';
import { DIRECTIONS, type Measured, type TimeName } from '../../results/compare/measured.ts';
import { bencherMetrics } from '../../results/exports/bencher.ts';
import { csvText } from '../../results/exports/csv.ts';
import { githubActionBenchmark } from '../../results/exports/github-action-benchmark.ts';
import { hgrmText } from '../../results/exports/hgrm.ts';
import { prometheusText } from '../../results/exports/prometheus.ts';
import { hlogStems } from '../../results/run-dir/file-names.ts';
import { openOutputFile } from '../../results/run-dir/output-file.ts';
import { visibleText } from '../render/visible-text.ts';

export interface ExportCommandOptions {
  readonly format: string;
  /** File; for `hgrm` of several histograms a folder. Standard output without it. */
  readonly out: string | undefined;
  readonly workloads: readonly string[] | undefined;
  readonly modes: readonly string[] | undefined;
  readonly time: TimeName;
  readonly print: (text: string) => void;
}

export interface ExportOutcome {
  readonly schema: 'fvp.export/1';
  readonly format: string;
  readonly files: readonly string[];
  /** The text, where no file was asked for. */
  readonly text: string | null;
}

function textOf(format: string, measured: Measured): string {
  switch (format) {
    case 'csv':
      return csvText(measured);
    case 'bencher':
      return bencherMetrics(measured);
    case 'github-action-benchmark':
      return githubActionBenchmark(measured);
    default:
      return prometheusText(measured);
  }
}

/** Every histogram there is, with a name for its file. */
function histogramsOf({ results }: Measured, time: TimeName): [name: string, histogram: SparseHistogram][] {
  const stems = hlogStems(results);
  return results.flatMap((result, i) =>
    DIRECTIONS.flatMap((direction): [string, SparseHistogram][] => {
      const histogram = result.times[direction]?.[time] ?? null;
      if (histogram === null || histogram.count === 0) return [];
      if (direction === 'all' && result.times.reads !== undefined) return [];
      return [[`${stems[i]}.${direction}.hgrm`, histogram]];
    }),
  );
}

/** @returns what was written, for `--json` */
export async function runExportCommand(path: string, options: ExportCommandOptions): Promise<ExportOutcome> {
  const { format, out, time } = options;
  const [found, ...more] = await loadMeasured(path);
  if (found === undefined || more.length > 0)
    throw new UsageError(`${path} holds ${more.length + 1} results of fio`, {
      hint: 'export files of one result each',
    });
  const [results] = chosenResults([found], options);
  const measured: Measured = { ...found, results: results! };
  const files: string[] = [];
  const write = async (file: string, text: string): Promise<void> => {
    const output = await openOutputFile(file);
    try {
      await output.write(text);
      files.push(file);
    } finally {
      await output.discard();
    }
  };
  let text: string | null = null;
  if (format === 'hgrm') {
    const histograms = histogramsOf(measured, time);
    const [first, ...rest] = histograms;
    if (first === undefined) throw new UsageError(`${path} has no histogram of this kind`);
    const folder =
      out !== undefined &&
      ((await stat(out).catch(() => undefined))?.isDirectory() === true || rest.length > 0);
    if (rest.length > 0 && out === undefined)
      throw new UsageError(`${path} has ${histograms.length} histograms, and .hgrm holds one`, {
        hint: 'name a folder with --out, or choose with --workload and --mode',
      });
    if (folder) for (const [name, histogram] of histograms) await write(join(out, name), hgrmText(histogram));
    else if (out === undefined) text = hgrmText(first[1]);
    else await write(out, hgrmText(first[1]));
  } else if (out === undefined) text = textOf(format, measured);
  else await write(out, textOf(format, measured));
  if (text !== null) options.print(text.trimEnd());
  for (const file of files) options.print(`Written: ${visibleText(file)}`);
  return { schema: 'fvp.export/1', format, files, text };
}
