/** What a job file will do, in words and as rows of a table. */
import type {
  Amount,
  BlockSizes,
  JobDocument,
  JobSettings,
  RandomDistribution,
  ResolvedJob,
} from '#fio-parser';
import { formatBytes, formatCount, formatNs, formatSignificant } from '../../reference/kernel/units.ts';
import {
  DIRECTIONS,
  type FioJobPlan,
  obstacleError,
  type PlannedProcess,
  usesDirection,
} from './job-plan.ts';

export const WORKLOAD_SCHEMA = 'fvp.workload/1';

export interface JobDescription {
  readonly name: string;
  readonly processes: number;
  /** One sentence. */
  readonly words: string;
  /** Short forms for a table. */
  readonly load: string;
  readonly blocks: string;
  readonly depth: string;
  readonly pace: string;
  readonly size: string;
  readonly length: string;
  readonly disks: readonly string[];
  /** Every option that was said or inherited, by fio's name for it, with its place. */
  readonly options: readonly {
    readonly name: string;
    readonly value: string | null;
    readonly place: string;
    /** `followed`, or why it has no meaning here, or `not supported`. */
    readonly here: string;
  }[];
}

export interface WorkloadDescription {
  readonly schema: typeof WORKLOAD_SCHEMA;
  readonly name: string;
  readonly file: string;
  readonly runnable: boolean;
  /** Why it cannot be run here, each with its place and what to try. */
  readonly obstacles: readonly { readonly message: string; readonly hint: string | null }[];
  readonly warnings: readonly string[];
  /** Options without meaning here, each once. */
  readonly ignored: readonly { readonly name: string; readonly why: string; readonly place: string }[];
  readonly unsetVariables: readonly string[];
  readonly disks: readonly { readonly name: string; readonly sizeBytes: number }[];
  readonly footprintBytes: number;
  readonly expectedNs: number | null;
  readonly jobs: readonly JobDescription[];
}

export function describeJobs(name: string, document: JobDocument, plan: FioJobPlan): WorkloadDescription {
  return {
    schema: WORKLOAD_SCHEMA,
    name,
    file: plan.file,
    runnable: plan.obstacles.length === 0,
    obstacles: plan.obstacles.map((obstacle) => {
      const { message, hint } = obstacleError(obstacle);
      return { message, hint: hint ?? null };
    }),
    warnings: plan.warnings,
    ignored: plan.ignored.map(({ name: option, why, place }) => ({
      name: option,
      why,
      place: `${place.file}:${place.line}`,
    })),
    unsetVariables: document.unsetVariables.map((variable) => variable.name),
    disks: plan.disks,
    footprintBytes: plan.footprintBytes,
    expectedNs: plan.expectedNs ?? null,
    jobs: document.jobs.map((job) => describeJob(job, plan)),
  };
}

function describeJob(job: ResolvedJob, plan: FioJobPlan): JobDescription {
  const { settings } = job;
  const processes = plan.processes.filter(({ place }) => place === job.place);
  const [first] = processes;
  const disks = [
    ...new Set(processes.flatMap(({ files }) => files.map(({ disk }) => plan.disks[disk]!.name))),
  ];
  const load = loadText(settings);
  const blocks = blocksText(settings);
  const depth = first === undefined ? '-' : depthText(first);
  const pace = paceText(settings);
  const size = first === undefined ? '-' : sizeText(first);
  const length = lengthText(settings);
  return {
    name: job.name,
    processes: settings.numjobs,
    words: sentence(job, first, { load, blocks, size, disks }),
    load,
    blocks,
    depth,
    pace,
    size,
    length,
    disks,
    options: [...job.options.values()].map(({ name, text, place, known }) => {
      const ignored = plan.ignored.find((option) => option.name === name);
      const stops = plan.obstacles.some(
        (obstacle) => obstacle.place.line === place.line && obstacle.place.file === place.file,
      );
      let here = ignored?.why ?? 'followed';
      if (stops) here = known === 'no' ? 'no option of fio' : 'not supported as it stands';
      return { name, value: text ?? null, place: `${place.file}:${place.line}`, here };
    }),
  };
}

interface Parts {
  readonly load: string;
  readonly blocks: string;
  readonly size: string;
  readonly disks: readonly string[];
}

function sentence(job: ResolvedJob, first: PlannedProcess | undefined, parts: Parts): string {
  const { settings } = job;
  const { numjobs } = settings;
  const who = numjobs === 1 ? 'One process' : `${formatCount(numjobs)} processes, each with`;
  if (settings.readIolog !== undefined) {
    return `${numjobs === 1 ? 'One process' : `${formatCount(numjobs)} processes`} replaying ${settings.readIolog}.`;
  }
  const clauses = [`${who}${numjobs === 1 ? ' with' : ''} ${parts.load} of ${parts.blocks}`];
  const where =
    parts.disks.length === 0 || parts.disks[0] === '.' ? '' : ` on disk ${parts.disks.join(', ')}`;
  clauses[0] += `${parts.size === 'unknown' ? '' : ` in ${parts.size}`}${where}`;
  const popularity = popularityText(settings);
  if (popularity !== '') clauses.push(popularity);
  const pace = paceText(settings);
  if (pace !== 'as it completes')
    clauses.push(pace.replace('/s', ' a second').replace('poisson', 'in a Poisson process'));
  if (first !== undefined) {
    clauses.push(`${first.iodepth === 1 ? 'one I/O' : `up to ${formatCount(first.iodepth)} I/Os`} under way`);
    const flushes = flushText(settings, first);
    if (flushes !== '') clauses.push(flushes);
  }
  const start = startText(settings);
  const end = lengthText(settings);
  return `${clauses.join('; ')}; ${start === '' ? '' : `${start}, `}${end}.`;
}

function loadText(settings: JobSettings): string {
  const { rw, readPercent, randomPercent } = settings;
  if (settings.readIolog !== undefined) return 'iolog';
  const random = rw.startsWith('rand');
  const partly = random && randomPercent.some((percent) => percent < 100);
  const kind = partly ? 'partly random' : random ? 'random' : 'sequential';
  const base = rw.replace(/^rand/, '');
  if (base === 'rw') return `${kind} reads and writes, ${readPercent}:${100 - readPercent}`;
  if (base === 'trimwrite') return `${kind} trims with writes behind them`;
  return `${kind} ${base}s`;
}

function blocksText(settings: JobSettings): string {
  const used = settings.blocks.filter((_, direction) => usesDirection(settings, direction));
  const texts = [...new Set(used.map(oneBlockText))];
  if (texts.length === 1) return texts[0]!;
  return settings.blocks
    .map((blocks, direction) => ({ blocks, direction }))
    .filter(({ direction }) => usesDirection(settings, direction))
    .map(({ blocks, direction }) => `${oneBlockText(blocks)} (${DIRECTIONS[direction]})`)
    .join(', ');
}

function oneBlockText({ minBytes, maxBytes, split }: BlockSizes): string {
  if (split !== undefined) {
    const mean = split.reduce((sum, { bytes, percent }) => sum + (bytes * percent) / 100, 0);
    return `${formatBytes(minBytes)} to ${formatBytes(maxBytes)}, mean ${formatBytes(mean)}`;
  }
  return minBytes === maxBytes
    ? formatBytes(minBytes)
    : `${formatBytes(minBytes)} to ${formatBytes(maxBytes)}`;
}

function depthText(process: PlannedProcess): string {
  return process.settings.latencyTargetNs > 0 ? `1 to ${process.iodepth}` : String(process.iodepth);
}

function sizeText(process: PlannedProcess): string {
  const total = process.files.reduce((sum, file) => sum + file.ioBytes, 0);
  const files = process.files.length > 1 ? ` (${process.files.length} files)` : '';
  return total === 0 ? 'unknown' : `${formatBytes(total)}${files}`;
}

function paceText(settings: JobSettings): string {
  const { rateIops, rateBytesPerSecond, rateProcess, thinktimeNs, thinktimeBlocks, thinktimeIotimeNs } =
    settings;
  const parts: string[] = [];
  const used = [0, 1, 2].filter((direction) => usesDirection(settings, direction));
  const iops = used.map((direction) => rateIops[direction]!).filter((rate) => rate > 0);
  const bytes = used.map((direction) => rateBytesPerSecond[direction]!).filter((rate) => rate > 0);
  const drawn = rateProcess === 'poisson' ? ' poisson' : '';
  if (iops.length > 0) parts.push(`${iops.map(formatCount).join('+')}/s${drawn}`);
  if (bytes.length > 0) parts.push(`${bytes.map(formatBytes).join('+')}/s${drawn}`);
  if (thinktimeNs > 0) {
    const after =
      thinktimeIotimeNs > 0
        ? `every ${formatNs(thinktimeIotimeNs)}`
        : `per ${thinktimeBlocks === 1 ? 'I/O' : `${formatCount(thinktimeBlocks)} I/Os`}`;
    parts.push(`${formatNs(thinktimeNs)} think ${after}`);
  }
  if (settings.latencyTargetNs > 0) {
    parts.push(`depth for ${settings.latencyPercentile} % within ${formatNs(settings.latencyTargetNs)}`);
  }
  if (parts.length === 0) parts.push('as it completes');
  const limits = [
    ...settings.maxLatencyNs.filter((ns) => ns > 0).map((ns) => `an I/O takes over ${formatNs(ns)}`),
    ...settings.rateMinBytesPerSecond
      .filter((rate) => rate > 0)
      .map((rate) => `under ${formatBytes(rate)}/s`),
    ...settings.rateMinIops.filter((rate) => rate > 0).map((rate) => `under ${formatCount(rate)}/s`),
  ];
  if (limits.length > 0) parts.push(`fails if ${[...new Set(limits)].join(' or ')}`);
  return parts.join(', ');
}

function lengthText(settings: JobSettings): string {
  const { runtimeNs, timeBased, loops, numberIos, ioSize, steadyState, rampTimeNs } = settings;
  const parts: string[] = [];
  if (runtimeNs > 0) parts.push(`${timeBased ? 'for' : 'at most'} ${formatNs(runtimeNs)}`);
  if (!timeBased || runtimeNs === 0) {
    if (numberIos > 0) parts.push(`${formatCount(numberIos)} I/Os`);
    else if (ioSize !== undefined) parts.push(`${amountText(ioSize)}`);
    else if (runtimeNs === 0)
      parts.push(loops === 1 ? 'once over it' : `${formatCount(loops)} times over it`);
  }
  if (steadyState !== undefined) parts.push(`until ${steadyState.of} is steady`);
  if (rampTimeNs > 0) parts.push(`after a ramp of ${formatNs(rampTimeNs)}`);
  return parts.join(', ');
}

function amountText(amount: Amount): string {
  if (amount.kind === 'percent') return `${amount.value} %`;
  return amount.kind === 'zones' ? `${amount.value} zones` : formatBytes(amount.value);
}

function startText({ stonewall, waitFor, startDelayNs }: JobSettings): string {
  const parts: string[] = [];
  if (stonewall) parts.push('after all before it');
  if (waitFor !== undefined) parts.push(`after ${waitFor}`);
  if (startDelayNs.high > 0) {
    const { low, high } = startDelayNs;
    parts.push(`from ${low === high ? formatNs(low) : `${formatNs(low)} to ${formatNs(high)}`} on`);
  }
  return parts.join(', ');
}

function flushText({ fsync, fdatasync, endFsync }: JobSettings, process: PlannedProcess): string {
  const parts: string[] = [];
  const each = [fsync, fdatasync].filter((count) => count > 0);
  if (each.length > 0) {
    const count = Math.min(...each);
    parts.push(
      count === 1 ? 'a flush behind every write' : `a flush behind every ${formatCount(count)} writes`,
    );
  }
  if (endFsync || process.fsyncOnClose) parts.push('a flush at the end');
  if (process.writesAreSynchronous) parts.push('every write durable (FUA)');
  return parts.join(', ');
}

function popularityText(settings: JobSettings): string {
  if (!settings.rw.startsWith('rand')) return '';
  const used = settings.randomDistribution.filter((_, direction) => usesDirection(settings, direction));
  const texts = [...new Set(used.map(oneLaw))].filter((text) => text !== '');
  if (texts.length === 0) return settings.norandommap ? 'any block at any time' : 'each block once a pass';
  return texts.join(', ');
}

function oneLaw(law: RandomDistribution): string {
  switch (law.kind) {
    case 'random':
      return '';
    case 'zipf':
      return `popularity by Zipf, theta ${formatSignificant(law.theta)}`;
    case 'pareto':
      return `popularity by Pareto, h ${formatSignificant(law.h)}`;
    case 'normal':
      return `normally distributed, deviation ${formatSignificant(law.deviationPercent)} %`;
    case 'zoned':
      return law.zones
        .map(({ accessPercent, sizePercent }) => `${accessPercent} % of them in ${sizePercent} %`)
        .join(', ');
    case 'zoned_abs':
      return law.zones
        .map(({ accessPercent, sizeBytes }) => `${accessPercent} % of them in ${formatBytes(sizeBytes)}`)
        .join(', ');
    case 'sequence':
      return `blocks ${law.pattern.slice(0, 8).join(', ')}${law.pattern.length > 8 ? ', …' : ''} by turns`;
  }
}
