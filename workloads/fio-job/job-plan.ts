/** What a resolved job file comes to: virtual disks, files on them, and processes that issue I/O. */
import type {
  Amount,
  FioPlace,
  JobDocument,
  JobSettings,
  OptionValue,
  ResolvedJob,
  ResolvedOption,
} from '#fio-parser';
import { DataError } from '../../reference/kernel/errors.ts';
import { didYouMean } from '../../reference/kernel/nearest-name.ts';
import { formatBytes, MIB } from '../../reference/kernel/units.ts';
import { type EngineKind, engineKind, supportOf, ZONED } from './option-support.ts';

/** A virtual disk: a device that a job names, or the folder its files lie in. */
export interface PlannedDisk {
  readonly name: string;
  readonly sizeBytes: number;
}

/** A file as a process sees it. */
export interface PlannedFile {
  /** As fio would open it. */
  readonly path: string;
  readonly disk: number;
  /** Where the file begins on its disk. */
  readonly baseBytes: number;
  /** Of the whole file. */
  readonly fileBytes: number;
  /** Where the process begins in the file, and how much of it is its own. */
  readonly offsetBytes: number;
  readonly ioBytes: number;
}

/** One of a job's `numjobs` processes. */
export interface PlannedProcess {
  readonly job: string;
  readonly place: FioPlace;
  readonly settings: JobSettings;
  /** Of `settings`, but the process's own: bytes of one pass. */
  readonly sizeBytes: number;
  /** Bytes in all; 0 for `sizeBytes`. */
  readonly ioSizeBytes: number;
  readonly files: readonly PlannedFile[];
  /** From 1, over all jobs, as fio numbers them. */
  readonly threadNumber: number;
  /** Most I/Os under way: 1 for engines that wait for each. */
  readonly iodepth: number;
  readonly engine: EngineKind;
  /** A flush is queued like any I/O; else the process waits for it. */
  readonly flushIsQueued: boolean;
  /** Waits for all before it; only the first process of a job does. */
  readonly stonewall: boolean;
  readonly waitFor: string | undefined;
  /** Jobs between two of `stonewall` or `new_group`. */
  readonly group: number;
  /** Jobs between two of `stonewall`. */
  readonly wall: number;
  /** Whether others end with it when it fails. */
  readonly exitAllOnError: boolean;
  readonly exitWhat: 'group' | 'stonewall' | 'all';
  readonly fileOrder: 'roundrobin' | 'sequential' | 'random';
  /** I/Os in a row to one file. */
  readonly fileRunIos: number;
  /** Every write is durable before it completes. */
  readonly writesAreSynchronous: boolean;
  readonly fsyncOnClose: boolean;
  readonly sizesBySequence: boolean;
  readonly rateIgnoresThinktime: boolean;
  /** `thinktime_blocks` was said: with `thinktime_iotime` it counts only then. */
  readonly thinktimeBlocksSaid: boolean;
  readonly randSeedSaid: boolean;
  readonly steadyStateIntervalNs: number;
  readonly replayStalls: boolean;
  /** Percent of the recorded speed. */
  readonly replayTimeScale: number;
}

/** Something that keeps a job file from running here. */
export interface JobObstacle {
  readonly what: string;
  readonly place: { readonly file: string; readonly line?: number; readonly column?: number };
  readonly found?: string | undefined;
  readonly expected?: string | undefined;
  readonly hint?: string | undefined;
}

/** The obstacle as the error that a run ends with. @param more added to its hint */
export function obstacleError({ what, place, hint, ...details }: JobObstacle, more?: string): DataError {
  const hints = [hint, more].filter((part) => part !== undefined);
  return new DataError(what, place, { ...details, hint: hints.length === 0 ? undefined : hints.join('; ') });
}

/** An option that is passed over, named once with why. */
export interface IgnoredOption {
  readonly name: string;
  readonly why: string;
  readonly place: FioPlace;
}

export interface FioJobPlan {
  readonly file: string;
  readonly disks: readonly PlannedDisk[];
  readonly processes: readonly PlannedProcess[];
  readonly exitAll: boolean;
  readonly ignored: readonly IgnoredOption[];
  /** Why the file cannot be run here, in the order of the file; empty where it can. */
  readonly obstacles: readonly JobObstacle[];
  /** What a person may not have meant. */
  readonly warnings: readonly string[];
  /** Bytes that the processes may touch: their parts of the files, each counted once. */
  readonly footprintBytes: number;
  /** How long the load lasts where every job has a `runtime` and is not waited for; else undefined. */
  readonly expectedNs: number | undefined;
  /** Until when nothing is measured: the ramp, where every job starts at once and has the same; else 0. */
  readonly rampNs: number;
}

/** Directions, as fio numbers them. */
export const READ = 0;
export const WRITE = 1;
export const TRIM = 2;
export const DIRECTIONS = ['reads', 'writes', 'trims'] as const;
/** Sector of a virtual disk. @source reference/kernel/io.ts: offsets and lengths are multiples of 512 */
const SECTOR_BYTES = 512;
/** Files of a folder begin at multiples of this on its disk. Assumed: any alignment does. */
const FILE_ALIGN_BYTES = MIB;
/** Processes that a source can hold; fio's own limit. @source fio os/os.h, REAL_MAX_JOBS */
const PROCESSES_MAX = 4096;
/** @source reference/kernel/io.ts: disks are numbered in 16 bits; assumed: far fewer make sense */
const DISKS_MAX = 256;
/** Blocks that a random map can hold. @source random-map.ts */
const MAP_BLOCKS_MAX = 2 ** 32 - 1;
/** @source offset-draw.ts, scatter */
const DRAW_BLOCKS_MAX = 2 ** 37;

/** @returns the plan; what keeps it from running is listed in it, never thrown */
export function planJobs(document: JobDocument): FioJobPlan {
  return new Planner(document).plan();
}

interface Draft {
  readonly job: ResolvedJob;
  readonly subjob: number;
  readonly threadNumber: number;
  readonly group: number;
  readonly wall: number;
  readonly paths: readonly string[];
}

class Planner {
  private readonly document: JobDocument;
  private readonly obstacles: JobObstacle[] = [];
  private readonly warnings: string[] = [];
  private readonly ignored = new Map<string, IgnoredOption>();

  constructor(document: JobDocument) {
    this.document = document;
  }

  plan(): FioJobPlan {
    const { document } = this;
    for (const { kind, error } of document.problems) {
      if (kind === 'warning') this.warnings.push(error.message);
      else {
        const { what, place, found, expected, reason, hint } = error;
        const reasoned = reason === undefined ? what : `${what} (fio: ${reason})`;
        this.obstacles.push({ what: reasoned, place, found, expected, hint });
      }
    }
    for (const section of document.sections) for (const option of section.options) this.classify(option);
    if (document.jobs.length === 0) {
      this.obstacles.push({
        what: 'no job',
        place: { file: document.file, line: 1, column: 1 },
        expected: 'a section such as [oltp]',
      });
    }
    for (const job of document.jobs) this.checkJob(job);
    const drafts = this.drafts();
    const fileBytes = this.fileSizes(drafts);
    const places = placeFiles(drafts, fileBytes);
    const processes = drafts.map((draft) => this.process(draft, fileBytes, places.files));
    if (places.disks.length > DISKS_MAX) {
      this.obstacles.push({
        what: `${places.disks.length} virtual disks`,
        place: { file: document.file },
        expected: `at most ${DISKS_MAX}`,
        hint: 'files of one directory share a disk',
      });
    }
    return {
      file: document.file,
      disks: places.disks,
      processes,
      exitAll: document.jobs.some((job) => job.settings.exitall),
      ignored: [...this.ignored.values()],
      obstacles: [...this.obstacles].sort(inOrderOfFile),
      warnings: this.warnings,
      footprintBytes: footprintOf(processes),
      expectedNs: expectedNs(processes),
      rampNs: rampNs(processes),
    };
  }

  private obstacle(what: string, place: FioPlace, expected?: string, hint?: string): void {
    this.obstacles.push({ what, place, expected, hint });
  }

  private classify(option: ResolvedOption): void {
    const support = supportOf(option.name, option.known);
    if (option.known === 'no' || support.kind === 'followed') return;
    if (support.kind === 'ignored') {
      const { name, place } = option;
      if (!this.ignored.has(name)) this.ignored.set(name, { name, why: support.why, place });
      return;
    }
    if (hasNoEffect(option.value)) return;
    const written = option.text === undefined ? option.name : `${option.name}=${option.text}`;
    this.obstacle(`${written} changes the load and is not supported`, option.place, undefined, support.why);
  }

  private checkJob(job: ResolvedJob): void {
    const { settings } = job;
    const at = (name: string): FioPlace => job.options.get(name)?.place ?? job.place;
    const kind = engineKind(settings.ioengine, settings.iodepth);
    if (kind === 'none') {
      this.obstacle(
        `ioengine=${settings.ioengine} does not read or write blocks`,
        at('ioengine'),
        'an engine of block I/O',
      );
    } else if (
      kind === 'sync' &&
      settings.iodepth > 1 &&
      settings.submitMode !== 'offload' &&
      settings.readIolog === undefined
    ) {
      this.warnings.push(
        `${job.name}: ioengine=${settings.ioengine} waits for every I/O, so iodepth=${settings.iodepth} counts as 1, as in fio.`,
      );
    }
    for (const [direction, { minBytes, maxBytes, split }] of settings.blocks.entries()) {
      if (!usesDirection(settings, direction)) continue;
      const sizes = split?.map(({ bytes }) => bytes) ?? [minBytes, maxBytes];
      const odd = sizes.find((bytes) => bytes % SECTOR_BYTES !== 0);
      if (odd !== undefined) {
        const name = split !== undefined ? 'bssplit' : job.options.has('bsrange') ? 'bsrange' : 'bs';
        this.obstacle(
          `${DIRECTIONS[direction]} of ${odd} bytes`,
          at(name),
          `multiples of ${SECTOR_BYTES}, the sector of a virtual disk`,
        );
      }
    }
    const aligned: readonly [string, number][] = [
      ['ba', settings.blockAlignBytes.find((bytes) => bytes % SECTOR_BYTES !== 0) ?? 0],
      ['rw', settings.sequentialSkipBytes],
      ['offset_increment', bytesOf(settings.offsetIncrement)],
      ['offset', bytesOf(settings.offset)],
      ['zonesize', settings.zoneSizeBytes],
      ['zonerange', settings.zoneRangeBytes],
    ];
    for (const [name, bytes] of aligned) {
      if (bytes % SECTOR_BYTES !== 0) {
        this.obstacle(
          `${name}: ${bytes} bytes`,
          at(name),
          `a multiple of ${SECTOR_BYTES}, the sector of a virtual disk`,
        );
      }
    }
    if (settings.zoneMode === 'zbd')
      this.obstacle('zoned block devices are not emulated', at('zonemode'), undefined, ZONED);
    for (const [name, amount] of [
      ['size', settings.size],
      ['io_size', settings.ioSize],
      ['offset', settings.offset],
      ['offset_increment', settings.offsetIncrement],
      ['zoneskip', settings.zoneSkip],
    ] as const) {
      if (amount?.kind === 'zones')
        this.obstacle(`${name} in zones of a zoned device`, at(name), 'bytes or a percentage');
    }
    if (settings.zoneSkip?.kind === 'percent')
      this.obstacle('zoneskip as a percentage', at('zoneskip'), 'bytes');
    const names = this.document.jobs.map(({ name }) => name);
    const { waitFor } = settings;
    if (waitFor !== undefined) {
      const index = this.document.jobs.indexOf(job);
      if (!names.slice(0, index).includes(waitFor)) {
        this.obstacle(
          `wait_for=${waitFor} names no job above`,
          at('wait_for'),
          'the name of a job further up',
          didYouMean(waitFor, names.slice(0, index)),
        );
      }
    }
    const order = choiceOf(job, 'file_service_type');
    if (order !== undefined && !['roundrobin', 'sequential', 'random'].includes(order)) {
      this.obstacle(
        `file_service_type=${order} changes the load and is not supported`,
        at('file_service_type'),
        'roundrobin, sequential or random',
      );
    }
    const filesize = amountsOf(job, 'filesize');
    if (filesize[1] !== undefined && filesize[1].value !== filesize[0]?.value) {
      this.obstacle('a range of file sizes is not supported', at('filesize'), 'one size');
    }
    if (settings.readIolog === undefined) this.checkSteadyState(job, at);
  }

  private checkSteadyState({ settings, options }: ResolvedJob, at: (name: string) => FioPlace): void {
    if (settings.steadyState === undefined) return;
    const intervalNs = steadyStateIntervalNs(options);
    if (
      settings.steadyStateDurationNs <= intervalNs ||
      settings.steadyStateDurationNs % intervalNs !== 0 ||
      intervalNs <= 0
    ) {
      this.obstacle(
        'steadystate needs a duration',
        at('steadystate'),
        `steadystate_duration as a multiple of steadystate_check_interval, longer than it`,
      );
    }
  }

  /** Processes in fio's order: a job, then its clones from the last to the second. */
  private drafts(): Draft[] {
    const drafts: Draft[] = [];
    let group = 0;
    let wall = 0;
    for (const job of this.document.jobs) {
      const { settings } = job;
      if (drafts.length > 0) {
        if (settings.stonewall) wall++;
        if (settings.stonewall || settings.newGroup) group++;
      }
      if (drafts.length + settings.numjobs > PROCESSES_MAX) {
        this.obstacle(
          `more than ${PROCESSES_MAX} processes`,
          job.options.get('numjobs')?.place ?? job.place,
          'fewer, as in fio',
        );
        break;
      }
      for (let i = 0; i < settings.numjobs; i++) {
        const subjob = i === 0 ? 0 : settings.numjobs - i;
        drafts.push({
          job,
          subjob,
          threadNumber: drafts.length + 1,
          group,
          wall,
          paths: pathsOf(job, subjob),
        });
      }
    }
    return drafts;
  }

  /** How large each file is: as far as the jobs that give a size reach. */
  private fileSizes(drafts: readonly Draft[]): ReadonlyMap<string, number> {
    const sizes = new Map<string, number>();
    const grow = (path: string, bytes: number): void => {
      sizes.set(path, Math.max(sizes.get(path) ?? 0, bytes));
    };
    for (const { job, subjob, paths } of drafts) {
      const { settings } = job;
      const given = amountsOf(job, 'filesize')[0]?.value;
      const size =
        given ??
        (settings.size?.kind === 'number' && settings.size.value > 0
          ? Math.floor(settings.size.value / paths.length)
          : undefined);
      if (size === undefined) continue;
      for (const path of paths)
        grow(path, given ?? size + startOffset(settings, subjob, size, minBytesOf(settings)));
    }
    return sizes;
  }

  private process(
    draft: Draft,
    fileBytes: ReadonlyMap<string, number>,
    places: ReadonlyMap<string, { readonly disk: number; readonly baseBytes: number }>,
  ): PlannedProcess {
    const { job, subjob, paths, threadNumber, group, wall } = draft;
    const { settings } = job;
    const files = settings.readIolog === undefined ? this.files(draft, fileBytes, places) : [];
    const total = files.reduce((sum, file) => sum + file.ioBytes, 0);
    const said = settings.size?.kind === 'number' ? settings.size.value : 0;
    const sizeBytes = said === 0 || said > total ? total : said;
    const engine = engineKind(settings.ioengine, settings.iodepth);
    const order = choiceOf(job, 'file_service_type');
    const { ioSize } = settings;
    const process: PlannedProcess = {
      job: job.name,
      place: job.place,
      settings,
      sizeBytes,
      ioSizeBytes:
        ioSize === undefined
          ? 0
          : ioSize.kind === 'percent'
            ? Math.floor((sizeBytes * ioSize.value) / 100)
            : ioSize.value,
      files,
      threadNumber,
      iodepth:
        engine === 'sync' && settings.submitMode !== 'offload' && settings.readIolog === undefined
          ? 1
          : settings.iodepth,
      engine,
      flushIsQueued: settings.ioengine.startsWith('io_uring'),
      stonewall: settings.stonewall && subjob === 0,
      waitFor: settings.waitFor,
      group,
      wall,
      exitWhat: (choiceOf(job, 'exit_what') ?? 'group') as PlannedProcess['exitWhat'],
      exitAllOnError: flagOf(job, 'exitall_on_error'),
      fileOrder: order === 'sequential' || order === 'random' ? order : 'roundrobin',
      fileRunIos: fileRunIos(job),
      writesAreSynchronous: !['none', '0', undefined].includes(choiceOf(job, 'sync')),
      fsyncOnClose: flagOf(job, 'fsync_on_close'),
      sizesBySequence: flagOf(job, 'bs_is_seq_rand'),
      rateIgnoresThinktime: flagOf(job, 'rate_ignore_thinktime'),
      thinktimeBlocksSaid: job.options.has('thinktime_blocks'),
      randSeedSaid: job.options.has('randseed'),
      steadyStateIntervalNs: steadyStateIntervalNs(job.options),
      replayStalls: !flagOf(job, 'replay_no_stall'),
      replayTimeScale: amountsOf(job, 'replay_time_scale')[0]?.value ?? 100,
    };
    if (paths.length > 0 && subjob === 0) this.checkSizes(job, process);
    return process;
  }

  private files(
    { job, subjob, paths }: Draft,
    fileBytes: ReadonlyMap<string, number>,
    places: ReadonlyMap<string, { readonly disk: number; readonly baseBytes: number }>,
  ): PlannedFile[] {
    const { settings } = job;
    const at = (name: string): FioPlace => job.options.get(name)?.place ?? job.place;
    const least = minBytesOf(settings);
    return paths.map((path, index) => {
      const real = fileBytes.get(path) ?? 0;
      if (real === 0 && index === 0 && subjob === 0) {
        this.obstacle(
          `${job.name} has no size`,
          at('size'),
          'size= in bytes: there is no file or device here to take it from',
        );
      }
      const offsetBytes = startOffset(settings, subjob, real, least);
      let ioBytes = real - offsetBytes;
      const { size } = settings;
      if (size?.kind === 'number' && size.value > 0 && amountsOf(job, 'filesize')[0] === undefined) {
        const each = Math.floor(size.value / paths.length);
        const extra = Math.floor((size.value - each * paths.length) / least);
        ioBytes = each + (index < extra ? least : 0);
      } else if (size?.kind === 'percent' && size.value !== 100) {
        ioBytes = Math.min(Math.floor((real * size.value) / 100), real - offsetBytes);
        ioBytes -= ioBytes % least;
      }
      if (offsetBytes > real || ioBytes < 0) {
        if (subjob === 0)
          this.obstacle(
            `offset of ${formatBytes(offsetBytes)} lies behind the end of ${path}`,
            at('offset'),
            `less than ${formatBytes(real)}`,
          );
        ioBytes = 0;
      }
      const place = places.get(path)!;
      return {
        path,
        disk: place.disk,
        baseBytes: place.baseBytes,
        fileBytes: Math.max(real, offsetBytes + ioBytes),
        offsetBytes,
        ioBytes,
      };
    });
  }

  private checkSizes(job: ResolvedJob, process: PlannedProcess): void {
    const { settings } = job;
    const at = (name: string): FioPlace => job.options.get(name)?.place ?? job.place;
    const least = minBytesOf(settings);
    const smallest = Math.min(...process.files.map((file) => file.ioBytes));
    if (process.files.length > 0 && process.sizeBytes > 0 && smallest < least) {
      this.obstacle(
        `${job.name}: blocks of ${least} bytes do not fit ${smallest} bytes of a file`,
        at('size'),
        'a size that holds one block in every file',
      );
    }
    if (!settings.rw.startsWith('rand')) return;
    const blocks = Math.max(0, ...process.files.map((file) => file.ioBytes / least));
    const uniform = settings.randomDistribution[0].kind === 'random';
    if ((uniform && !settings.norandommap && blocks > MAP_BLOCKS_MAX) || blocks > DRAW_BLOCKS_MAX) {
      this.obstacle(
        `${job.name}: ${blocks} blocks are too many for a random map`,
        at('size'),
        `at most ${MAP_BLOCKS_MAX}`,
        'norandommap draws blocks without a map, up to 2^37 of them',
      );
    }
  }
}

/** Obstacles of included files stay behind those of the line that includes them. */
function inOrderOfFile(a: JobObstacle, b: JobObstacle): number {
  if (a.place.file !== b.place.file) return 0;
  return (a.place.line ?? 0) - (b.place.line ?? 0) || (a.place.column ?? 0) - (b.place.column ?? 0);
}

/** True where a value leaves an option as if it had not been said. */
function hasNoEffect(value: OptionValue | undefined): boolean {
  switch (value?.kind) {
    case 'flag':
      return !value.value;
    case 'amounts':
      return value.values.every((amount) => amount === undefined || amount.value === 0);
    case 'choice':
      return ['none', '0', 'null'].includes(value.choices[0] ?? 'none');
    case 'text':
      return value.value === undefined || value.value === '';
    default:
      return false;
  }
}

function choiceOf(job: ResolvedJob, name: string): string | undefined {
  const value = job.options.get(name)?.value;
  return value?.kind === 'choice' ? value.choices[0] : undefined;
}

function flagOf(job: ResolvedJob, name: string): boolean {
  const value = job.options.get(name)?.value;
  return value?.kind === 'flag' && value.value;
}

function amountsOf(job: ResolvedJob, name: string): readonly (Amount | undefined)[] {
  const value = job.options.get(name)?.value;
  return value?.kind === 'amounts' ? value.values : [];
}

/** `roundrobin:8`: eight I/Os to a file before the next. */
function fileRunIos(job: ResolvedJob): number {
  const value = job.options.get('file_service_type')?.value;
  const rest = value?.kind === 'choice' ? value.rest : undefined;
  return rest !== undefined && /^[1-9][0-9]*$/.test(rest) ? Number(rest) : 1;
}

function steadyStateIntervalNs(options: ReadonlyMap<string, ResolvedOption>): number {
  const value = options.get('steadystate_check_interval')?.value;
  return value?.kind === 'amounts' ? (value.values[0]?.value ?? 1e9) : 1e9;
}

export function usesDirection({ rw }: JobSettings, direction: number): boolean {
  const kind = rw.replace(/^rand/, '');
  if (direction === READ) return kind === 'read' || kind === 'rw';
  if (direction === WRITE) return kind === 'write' || kind === 'rw' || kind === 'trimwrite';
  return kind === 'trim' || kind === 'trimwrite';
}

/** fio's td_min_bs: over all directions, used or not. */
function minBytesOf({ blocks }: JobSettings): number {
  return Math.min(...blocks.map(({ minBytes }) => minBytes));
}

function bytesOf(amount: Amount): number {
  return amount.kind === 'number' ? amount.value : 0;
}

/** @source fio filesetup.c, get_start_offset */
function startOffset(settings: JobSettings, subjob: number, fileBytes: number, least: number): number {
  const { offset, offsetIncrement } = settings;
  const increment =
    offsetIncrement.kind === 'percent'
      ? Math.floor((offsetIncrement.value * fileBytes) / 100)
      : offsetIncrement.value;
  const start = offset.kind === 'percent' ? Math.floor((fileBytes * offset.value) / 100) : offset.value;
  const raw = start + subjob * increment;
  const rounds = offset.kind === 'percent' || offsetIncrement.kind === 'percent';
  return rounds ? Math.ceil(raw / least) * least : raw;
}

/** The files of a process, with their folder. @source fio filesetup.c (add_file), init.c (make_filename) */
function pathsOf(job: ResolvedJob, subjob: number): string[] {
  const { settings } = job;
  if (settings.readIolog !== undefined) return [];
  const folders = splitNames(settings.directory ?? '');
  const folder = folders.length === 0 ? '' : `${folders[subjob % folders.length]!.replace(/\/$/, '')}/`;
  if (settings.filename !== undefined) {
    const names = splitNames(settings.filename);
    const wanted = job.options.has('nrfiles') ? Math.max(1, settings.nrFiles) : names.length;
    return names
      .slice(0, Math.max(1, wanted))
      .map((name) => (name.startsWith('/') ? name : `${folder}${name}`));
  }
  const format = job.options.get('filename_format')?.text ?? '$jobname.$jobnum.$filenum';
  return Array.from({ length: Math.max(1, settings.nrFiles) }, (_, index) => {
    const name = format
      .replaceAll('$jobname', job.name)
      .replaceAll('$jobnum', String(subjob))
      .replaceAll('$filenum', String(index));
    return `${folder}${name}`;
  });
}

/** `a:b` is two names, `a\:b` one. */
function splitNames(text: string): string[] {
  return text
    .split(/(?<!\\):/)
    .map((name) => name.replaceAll('\\:', ':'))
    .filter((name) => name !== '');
}

/** A device is a disk of its own; so is a folder with all files in it, one behind the other. */
function diskOf(path: string): string {
  if (path.startsWith('/dev/')) return path;
  const slash = path.lastIndexOf('/');
  return slash < 0 ? '.' : path.slice(0, Math.max(1, slash));
}

function placeFiles(drafts: readonly Draft[], fileBytes: ReadonlyMap<string, number>) {
  const files = new Map<string, { readonly disk: number; readonly baseBytes: number }>();
  const disks: { name: string; sizeBytes: number }[] = [];
  for (const { paths } of drafts) {
    for (const path of paths) {
      if (files.has(path)) continue;
      const name = diskOf(path);
      let disk = disks.findIndex((candidate) => candidate.name === name);
      if (disk < 0) disk = disks.push({ name, sizeBytes: 0 }) - 1;
      const { sizeBytes } = disks[disk]!;
      files.set(path, { disk, baseBytes: sizeBytes });
      const end = sizeBytes + (fileBytes.get(path) ?? 0);
      disks[disk]!.sizeBytes = Math.ceil(end / FILE_ALIGN_BYTES) * FILE_ALIGN_BYTES;
    }
  }
  return { files, disks };
}

/** The union of what processes may touch. */
function footprintOf(processes: readonly PlannedProcess[]): number {
  const ranges = processes
    .flatMap(({ files }) =>
      files.map(({ disk, baseBytes, offsetBytes, ioBytes }) => ({
        disk,
        from: baseBytes + offsetBytes,
        to: baseBytes + offsetBytes + ioBytes,
      })),
    )
    .sort((a, b) => a.disk - b.disk || a.from - b.from);
  let sum = 0;
  let disk = -1;
  let end = 0;
  for (const range of ranges) {
    if (range.disk !== disk) end = 0;
    disk = range.disk;
    sum += Math.max(0, range.to - Math.max(range.from, end));
    end = Math.max(end, range.to);
  }
  return sum;
}

/** The longest of each wall, one after another. */
function expectedNs(processes: readonly PlannedProcess[]): number | undefined {
  const walls = new Map<number, number>();
  for (const { settings, wall, waitFor } of processes) {
    if (settings.runtimeNs === 0 || waitFor !== undefined) return undefined;
    const own = settings.startDelayNs.high + settings.rampTimeNs + settings.runtimeNs;
    walls.set(wall, Math.max(walls.get(wall) ?? 0, own));
  }
  return [...walls.values()].reduce((sum, ns) => sum + ns, 0);
}

function rampNs(processes: readonly PlannedProcess[]): number {
  const ramps = new Set(
    processes.map(({ settings, wall, waitFor }) =>
      wall === 0 && waitFor === undefined && settings.startDelayNs.high === 0 ? settings.rampTimeNs : 0,
    ),
  );
  return ramps.size === 1 ? [...ramps][0]! : 0;
}
