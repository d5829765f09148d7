/** The file of `fvp plan sweep`: what is varied, on which load. */

import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, resolve as resolvePath } from 'node:path';
import * as z from 'zod';
import { presetNames } from '../../reference/cluster/scenario/presets.ts';
import { YamlFile } from '../../reference/devices/yaml-file.ts';
import { AppError, DataError, NoInputError } from '../../reference/kernel/errors.ts';
import { didYouMean } from '../../reference/kernel/nearest-name.ts';
import { parseThreshold } from '../../results/gate/expression.ts';
import { SHIPPED_NAMES } from '../replay/shipped-workloads.ts';
import type { SampledAxis } from './sample.ts';
import { checkAxisName, parseRange, valuesOf } from './vary.ts';

const text = z.union([z.string(), z.number(), z.boolean()]).transform(String);
const axis = z.union([
  z.array(text).min(1),
  text,
  z.strictObject({ range: z.string(), scale: z.enum(['linear', 'log']).optional() }),
]);

const specSchema = z.strictObject({
  schema: z.literal('fvp.sweep/1').optional(),
  description: z.string().optional(),
  workloads: z.array(z.string()).optional(),
  scenario: z.string().optional(),
  set: z.record(z.string(), text).optional(),
  replay: z.enum(['open', 'dependent', 'closed']).optional(),
  speed: text.optional(),
  iodepth: text.optional(),
  warmup: text.optional(),
  preload: text.optional(),
  duration: text.optional(),
  seed: text.optional(),
  seeds: z.int().min(1).max(100).optional(),
  /** Of a Latin hypercube; without it the whole grid. */
  sample: z.int().min(2).max(10_000).optional(),
  objectives: z.array(z.string()).optional(),
  pareto: z.array(z.string()).optional(),
  prices: z.string().optional(),
  vary: z.record(z.string(), axis),
});

export interface SweepSpec {
  readonly workloads: readonly string[] | undefined;
  readonly flags: Readonly<
    Partial<
      Record<'scenario' | 'replay' | 'speed' | 'iodepth' | 'warmup' | 'preload' | 'duration' | 'seed', string>
    >
  >;
  readonly set: readonly string[];
  readonly seeds: number | undefined;
  readonly sample: number | undefined;
  readonly objectives: readonly string[];
  /** Figures such as `writes.p99`, of which less is better. */
  readonly pareto: readonly string[];
  /** Path from where fvp runs. */
  readonly prices: string | undefined;
  readonly axes: readonly SampledAxis[];
}

/** @throws NoInputError, DataError with file:line:column */
export async function readSweepSpec(file: string): Promise<SweepSpec> {
  let content: string;
  try {
    content = await readFile(file, 'utf8');
  } catch (cause) {
    throw new NoInputError(`cannot read the sweep ${file}`, {
      cause,
      hint: 'docs/planning.md shows one',
    });
  }
  const yaml = new YamlFile(content, file);
  const parsed = specSchema.safeParse(yaml.value);
  if (!parsed.success) {
    // What is missing may be what is misspelt.
    const { issues } = parsed.error;
    throw specError(yaml, issues.find(({ code }) => code === 'unrecognized_keys') ?? issues[0]!);
  }
  const spec = parsed.data;
  const folder = dirname(file);
  const axes = Object.entries(spec.vary).map(([name, values]): SampledAxis => {
    return atPlace(yaml, ['vary', name], () => {
      checkAxisName(name);
      if (Array.isArray(values)) return { name, values: valuesOf(name, values.join(',')) };
      if (typeof values === 'string') {
        const range = values.includes('..') && !values.includes('+') && !values.includes(',');
        return {
          name,
          values: valuesOf(name, values),
          ...(range ? { range: parseRange(name, values) } : {}),
        };
      }
      const range = parseRange(name, values.range);
      return { name, values: valuesOf(name, values.range), range, scale: values.scale ?? 'log' };
    });
  });
  if (axes.length === 0)
    throw new DataError('nothing is varied', yaml.place(['vary']), {
      expected: 'vary: { mode: [none, write-back] }',
    });
  for (const [index, figure] of (spec.pareto ?? []).entries())
    atPlace(yaml, ['pareto', index], () => parseThreshold(`${figure}<1s`));
  const { scenario, replay, speed, iodepth, warmup, preload, duration, seed } = spec;
  const flags = {
    scenario: fromFile(scenario, folder),
    replay,
    speed,
    iodepth,
    warmup,
    preload,
    duration,
    seed,
  };
  return {
    workloads: spec.workloads?.map((name) => (SHIPPED_NAMES.includes(name) ? name : beside(name, folder))),
    flags: Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined)),
    set: Object.entries(spec.set ?? {}).map(([path, value]) => `${path}=${value}`),
    seeds: spec.seeds,
    sample: spec.sample,
    objectives: spec.objectives ?? [],
    pareto: spec.pareto ?? [],
    prices: spec.prices === undefined ? undefined : beside(spec.prices, folder),
    axes,
  };
}

/** Files are named from the sweep's own folder, or else from where fvp runs. */
function beside(path: string, folder: string): string {
  const own = resolvePath(folder, path);
  return folder !== '.' && existsSync(own) ? own : path;
}

function fromFile(scenario: string | undefined, folder: string): string | undefined {
  return scenario === undefined || presetNames().includes(scenario) ? scenario : beside(scenario, folder);
}

function atPlace<T>(yaml: YamlFile, path: readonly (string | number)[], work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    throw new DataError(error.message, yaml.place(path), { hint: error.hint, cause: error });
  }
}

function specError(yaml: YamlFile, issue: z.core.$ZodIssue): DataError {
  const path = issue.path.map((key) => (typeof key === 'symbol' ? String(key) : key));
  if (issue.code === 'unrecognized_keys') {
    const key = issue.keys[0]!;
    const known = Object.keys(specSchema.shape);
    return new DataError(`unknown key "${key}" in a sweep`, yaml.keyPlace(path, key), {
      hint: didYouMean(key, known) ?? `the keys are ${known.join(', ')}`,
    });
  }
  const found = yaml.source(path);
  const name = path.length === 0 ? 'a sweep' : `"${path.join('.')}"`;
  return new DataError(`${name} does not fit: ${issue.message}`, yaml.place(path), {
    ...(found === undefined ? {} : { found }),
    expected:
      path[0] === 'vary'
        ? 'a list of values, or a range such as 50G..800G'
        : path.length === 0
          ? 'a mapping, with vary: at least'
          : 'see docs/planning.md',
  });
}
