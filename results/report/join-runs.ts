/** Several saved runs as one input of the report. */
import { basename } from 'node:path';
import { assert } from '../../reference/kernel/errors.ts';
import type { SavedRun } from '../run-dir/read-run.ts';
import { RUN_SCHEMA } from '../schema/run-document.ts';
import type { ReportInput } from './figure.ts';

/**
 * One run is what it is. Of several, workloads carry the name of their run, and the scenario holds each run's own, with
 * its seed and replay.
 * @param runs by the name of their folder; at least one
 */
export function joinRuns(runs: readonly (readonly [dir: string, run: SavedRun])[]): ReportInput {
  const [first] = runs;
  assert(first !== undefined, 'there is a run to report');
  if (runs.length === 1) return first[1];
  const names = new Map<string, number>();
  const named = runs.map(([dir, run]) => {
    const base = basename(dir);
    const seen = names.get(base) ?? 0;
    names.set(base, seen + 1);
    return [seen === 0 ? base : `${base}-${seen + 1}`, run] as const;
  });
  const of = (name: string, workload: string): string => `${workload} (${name})`;
  return {
    document: {
      schema: RUN_SCHEMA,
      seed: first[1].document.seed,
      scenario: {
        name: 'several runs',
        runs: Object.fromEntries(
          named.map(([name, { document }]) => [
            name,
            { seed: document.seed, replay: document.replay, scenario: document.scenario },
          ]),
        ),
      },
      replay: [...new Set(runs.map(([, { document }]) => document.replay))].join(', '),
      workloads: named.flatMap(([name, { document }]) =>
        document.workloads.map((workload) => ({ ...workload, name: of(name, workload.name) })),
      ),
      events: named.flatMap(([name, { document }]) =>
        (document.events ?? []).map((events) => ({ ...events, workload: of(name, events.workload) })),
      ),
      results: named.flatMap(([name, { document }]) =>
        document.results.map((result) => ({ ...result, workload: of(name, result.workload) })),
      ),
    },
    timelines: named.flatMap(([name, { timelines }]) =>
      timelines.map((timeline) => ({ ...timeline, workload: of(name, timeline.workload) })),
    ),
    latencies: named.flatMap(([name, { latencies }]) =>
      latencies.map((recording) => ({ ...recording, workload: of(name, recording.workload) })),
    ),
  };
}
