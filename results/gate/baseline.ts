/** A baseline: one file with what a gate needs of a run, and the reasons why its numbers changed. */
import { readFile } from 'node:fs/promises';
import * as z from 'zod';
import { DataError, NoInputError } from '../../reference/kernel/errors.ts';
import type { Direction, Measured, MeasuredTimes } from '../compare/measured.ts';
import { parseFile } from '../run-dir/read-run.ts';
import { LATENCY_KINDS, type LatencyRecording, type RunDocument } from '../schema/run-document.ts';
import { runDocumentSchema } from '../schema/run-schema.ts';
import { type LatencySpans, spansOf } from './spans.ts';

export const BASELINE_SCHEMA = 'fvp.baseline/1';

/** How to make the run again. */
export interface BaselineRequest {
  readonly workloads: readonly string[];
  readonly scenario: string;
  readonly seed: number;
}

export interface BaselineReason {
  readonly reason: string;
  /** How many figures the update changed. */
  readonly changedFigures: number;
}

export interface Baseline {
  readonly schema: typeof BASELINE_SCHEMA;
  /** The oldest first. */
  readonly reasons: readonly BaselineReason[];
  /** null where the run was not made by the gate. */
  readonly request: BaselineRequest | null;
  readonly run: RunDocument;
  readonly spans: readonly LatencySpans[];
}

const numbers = z.array(z.number().nonnegative());

const baselineSchema = z.object({
  schema: z.literal(BASELINE_SCHEMA),
  reasons: z.array(z.object({ reason: z.string(), changedFigures: z.int().nonnegative() })),
  request: z.object({ workloads: z.array(z.string()), scenario: z.string(), seed: z.int() }).nullable(),
  run: runDocumentSchema,
  spans: z.array(
    z.object({
      workload: z.string(),
      mode: z.string(),
      kind: z.enum(LATENCY_KINDS),
      spanNs: z.int().positive(),
      counts: numbers,
      p50Ns: numbers,
      p99Ns: numbers,
      maxNs: numbers,
    }),
  ),
});

/** A run in virtual time with its latencies over time. */
export interface GateRun {
  readonly document: RunDocument;
  readonly spans: readonly LatencySpans[];
}

export function gateRun(document: RunDocument, latencies: readonly LatencyRecording[]): GateRun {
  return { document, spans: spansOf(latencies) };
}

/** The text of a baseline file: indented, a line for each span, so that a review shows which numbers changed. */
export function formatBaseline({ schema, reasons, request, run, spans }: Baseline): string {
  const head = JSON.stringify({ schema, reasons, request, run }, null, 1);
  const lines = spans.map((each) => `  ${JSON.stringify(each)}`);
  return `${head.slice(0, -2)},\n "spans": [\n${lines.join(',\n')}\n ]\n}\n`;
}

/** True for a file that names itself a baseline with its first key. */
export async function isBaselineFile(path: string): Promise<boolean> {
  return isBaseline(await readFile(path, 'utf8').catch(() => ''));
}

function isBaseline(text: string): boolean {
  return /^\s*\{\s*"schema"\s*:\s*"fvp\.baseline\//.test(text.slice(0, 200));
}

/**
 * @throws DataError when it is no baseline
 * @throws NoInputError when there is no such file
 */
export async function readBaseline(path: string): Promise<Baseline> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw new NoInputError(`there is no baseline ${path}`, {
      cause,
      hint: `fvp bench gate --baseline ${path} --update --reason "first baseline" writes one`,
    });
  }
  if (!isBaseline(text))
    throw new DataError(
      'no baseline',
      { file: path },
      { expected: `a file that fvp bench gate --update has written` },
    );
  return parseFile(text, path, baselineSchema);
}

/** A baseline, or a run that was just made, as what can be compared; it has figures and no histograms. */
export function measuredOf(name: string, { document }: GateRun, source: Measured['source']): Measured {
  const results = document.results.map((exact) => {
    const times: Partial<Record<Direction, MeasuredTimes>> = {};
    for (const direction of [...LATENCY_KINDS, 'all'] as const)
      times[direction] = { count: exact[direction].count, response: null, service: null };
    return { workload: exact.workload, mode: exact.mode, times, exact };
  });
  return { name, source, document, timelines: [], results, notes: [] };
}
