/**
 * A point as it travels to another machine: plain data, validated before anything is done with it. It names no path and no
 * URL: traces are looked for by name and content where the worker was told to look, devices and filters are built in or
 * among those that the worker was started with.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { parse } from 'yaml';
import * as z from 'zod';
import { presetNames as scenarioPresets } from '../../reference/cluster/scenario/presets.ts';
import { parseSetting } from '../../reference/cluster/scenario/settings.ts';
import { builtInFilters, builtInModels } from '../../reference/devices/registry.ts';
import { MODE_NAMES } from '../../reference/fvp/mode.ts';
import { UsageError } from '../../reference/kernel/errors.ts';
import { SHIPPED_NAMES } from '../replay/shipped-workloads.ts';
import type { PointTask } from './execute-point.ts';
import type { PointRequest } from './point.ts';

export const POINT_QUEUE = 'fvp-points';
const JOB_SCHEMA = 'fvp.plan-job/1';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const seconds100d = 100 * 86_400e9;

const jobSchema = z.strictObject({
  schema: z.literal(JOB_SCHEMA),
  key: sha256,
  code: sha256,
  /** A shipped name, or a file's name and its content's hash. */
  workload: z.union([
    z.strictObject({ shipped: z.string().max(100) }),
    z.strictObject({
      file: z
        .string()
        .max(255)
        .regex(/^[^/\\\0]+$/)
        .refine((name) => name !== '.' && name !== '..' && !name.startsWith('-')),
      sha256,
    }),
    z.null(),
  ]),
  /** A preset, or a scenario's text. */
  scenario: z.union([
    z.strictObject({ preset: z.string().max(100) }),
    z.strictObject({
      name: z.string().regex(/^[a-zA-Z0-9][a-zA-Z0-9._-]{0,99}$/),
      text: z.string().max(1_000_000),
    }),
  ]),
  settings: z.array(z.string().max(10_000)).max(1000),
  mode: z.enum(MODE_NAMES),
  replay: z.enum(['open', 'dependent', 'closed']).nullable(),
  speed: z.number().positive().max(1e12),
  iodepth: z.int().min(1).max(65_536).nullable(),
  warmupNs: z.number().min(0).max(seconds100d),
  preloadFraction: z.number().min(0).max(1),
  durationNs: z.number().min(1).max(seconds100d).nullable(),
  seed: z.int().min(0),
  format: z.string().max(1000).nullable(),
  event: z.enum(['Q', 'D']),
  lenient: z.boolean(),
});

export type PointJob = z.output<typeof jobSchema>;

/** @throws UsageError for what cannot travel */
export async function jobOf(task: PointTask): Promise<PointJob> {
  const { request, key, code } = task;
  const [workload] = request.workloads;
  const job: PointJob = {
    schema: JOB_SCHEMA,
    key,
    code,
    workload:
      workload === undefined
        ? null
        : SHIPPED_NAMES.includes(workload)
          ? { shipped: workload }
          : { file: basename(workload), sha256: await fileHash(workload) },
    scenario: scenarioPresets().includes(request.scenario)
      ? { preset: request.scenario }
      : { name: basename(request.scenario), text: await readFile(request.scenario, 'utf8') },
    settings: [...(request.settings ?? [])],
    mode: request.modes![0]!,
    replay: request.replay ?? null,
    speed: request.speed,
    iodepth: request.iodepth ?? null,
    warmupNs: request.warmupNs,
    preloadFraction: request.preloadFraction,
    durationNs: request.durationNs ?? null,
    seed: request.seed,
    format: request.format ?? null,
    event: request.event,
    lenient: request.lenient === true,
  };
  return job;
}

const hashes = new Map<string, Promise<string>>();

/** SHA-256 of a file's bytes, hex; each is read once. @throws UsageError for a folder */
export function fileHash(path: string): Promise<string> {
  let hash = hashes.get(path);
  if (hash === undefined) {
    hash = hashOf(path);
    hashes.set(path, hash);
    hash.catch(() => hashes.delete(path));
  }
  return hash;
}

async function hashOf(path: string): Promise<string> {
  if ((await stat(path)).isDirectory())
    throw new UsageError(`${path} is a folder: a trace travels as one file`, {
      hint: `fvp trace convert ${path} trace.arrow makes one of it`,
    });
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/**
 * What a worker takes from the queue.
 * @param allowed packages of devices and filters that it was started with
 * @throws UsageError for anything that a job must not hold
 */
export function checkedJob(data: unknown, allowed: readonly string[]): PointJob {
  const parsed = jobSchema.safeParse(data);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    throw new UsageError(`the job is not valid: ${issue.path.join('.')}: ${issue.message}`);
  }
  const job = parsed.data;
  const { workload, scenario } = job;
  if (workload !== null && 'shipped' in workload && !SHIPPED_NAMES.includes(workload.shipped))
    throw new UsageError(`the job names no shipped workload: ${JSON.stringify(workload.shipped)}`);
  if (workload !== null && 'file' in workload && workload.file.endsWith('.fio'))
    throw new UsageError('a job file of fio can name files, and does not travel', {
      hint: 'run it without --queue, or use one of fvp workload list',
    });
  if ('preset' in scenario) {
    if (!scenarioPresets().includes(scenario.preset))
      throw new UsageError(`the job names no preset: ${JSON.stringify(scenario.preset)}`);
  } else checkNames(parse(scenario.text, { maxAliasCount: 100 }), allowed);
  for (const text of job.settings) {
    const { path, value } = parseSetting(text);
    checkNames({ [path.split('.').at(-1)!]: parse(value, { maxAliasCount: 100 }) }, allowed);
  }
  return job;
}

/** Keys that load code or read files: device, filter, preset, workload. */
function checkNames(value: unknown, allowed: readonly string[], depth = 0): void {
  if (depth > 64) throw new UsageError('the job is nested too deeply');
  if (Array.isArray(value)) {
    for (const each of value) checkNames(each, allowed, depth + 1);
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  for (const [key, own] of Object.entries(value)) {
    if (key === 'filters' && Array.isArray(own))
      for (const each of own) if (typeof each === 'string') checkModel('filter', each, allowed);
    if (typeof own === 'string') {
      if (key === 'device' || key === 'filter') checkModel(key, own, allowed);
      if (key === 'preset' && isPath(own)) refusePath('preset', own);
      if (key === 'workload' && own !== 'input' && !SHIPPED_NAMES.includes(own))
        throw new UsageError(`the job names a workload that is not shipped: ${JSON.stringify(own)}`, {
          hint: 'name the trace on the command line',
        });
    }
    checkNames(own, allowed, depth + 1);
  }
}

function checkModel(kind: 'device' | 'filter', name: string, allowed: readonly string[]): void {
  if (isPath(name)) refusePath(kind, name);
  const known = [...builtInModels(), ...builtInFilters()].some((model) => model.name === name);
  if (!known && !allowed.includes(name))
    throw new UsageError(
      `the job names the ${kind} ${JSON.stringify(name)}, which this worker was not started with`,
      {
        hint: `start it with --allow-device ${name}`,
      },
    );
}

function isPath(name: string): boolean {
  return /^[./~\\]|[\\]|\.\.|^[a-zA-Z]:|^file:/.test(name) || (name.includes('/') && !name.startsWith('@'));
}

function refusePath(kind: string, name: string): never {
  throw new UsageError(`the job names a path, ${kind}: ${JSON.stringify(name)}; paths are refused`, {
    hint: 'make the plug-in a package that is installed on each worker, and start it with --allow-device PACKAGE',
  });
}

/** The request as the worker runs it. @param workload path of the trace, or a shipped name @param scenario path or preset */
export function requestOf(job: PointJob, workload: string | undefined, scenario: string): PointRequest {
  return {
    workloads: workload === undefined ? [] : [workload],
    scenario,
    ...(job.settings.length === 0 ? {} : { settings: job.settings }),
    modes: [job.mode],
    replay: job.replay ?? undefined,
    speed: job.speed,
    iodepth: job.iodepth ?? undefined,
    warmupNs: job.warmupNs,
    preloadFraction: job.preloadFraction,
    durationNs: job.durationNs ?? undefined,
    seed: job.seed,
    format: job.format ?? undefined,
    event: job.event,
    ...(job.lenient ? { lenient: true } : {}),
  };
}
