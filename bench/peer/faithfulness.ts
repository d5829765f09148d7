/**
 * Compares what a job file issues here with what fio itself issues: its `--write_iolog` with the null engine, which
 * does no I/O.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parseJobFile, resolveJobs } from '#fio-parser';
import { assert } from '../../reference/kernel/errors.ts';
import { OP_DISCARD, OP_FLUSH, OP_READ, OP_WRITE } from '../../reference/kernel/io.ts';
import { type FioJobPlan, obstacleError, planJobs } from '../../workloads/fio-job/job-plan.ts';
import { FioJobSource } from '../../workloads/fio-job/job-source.ts';
import { playJobs } from '../../workloads/fio-job/play-jobs.ts';
import { kolmogorovSmirnov, type TwoSamples } from './two-samples.ts';

export interface FaithfulJob {
  readonly name: string;
  /** The options of [global], besides the engine, and the jobs. */
  readonly text: string;
  /** The I/Os have times, so their number may differ a little; where those are `drawn`, the gaps are compared too. */
  readonly timed?: 'even' | 'drawn';
}

export interface IssuedIo {
  readonly file: string;
  readonly op: number;
  readonly offset: number;
  readonly bytes: number;
  readonly timeUs: number;
}

export interface JobComparison {
  /** Name of the file and of the job. */
  readonly name: string;
  readonly timed: FaithfulJob['timed'];
  readonly fio: IssuedSummary;
  readonly here: IssuedSummary;
  /** How many I/Os from the first on are the very same: file, operation, offset and length. */
  readonly sameIos: number;
  readonly offsets: TwoSamples;
  readonly sizes: TwoSamples;
  /** Of the times between two I/Os; undefined where they are not drawn. */
  readonly gaps: TwoSamples | undefined;
  readonly agrees: boolean;
}

export interface IssuedSummary {
  readonly ios: number;
  readonly reads: number;
  readonly writes: number;
  readonly flushes: number;
  readonly trims: number;
  readonly meanBytes: number;
  /** Share of I/Os that begin where the last of their direction and file ended. */
  readonly sequential: number;
  readonly meanGapUs: number;
}

/** Below this two samples are held to differ. Assumed: one false alarm in a hundred tests. */
const SIGNIFICANT = 0.01;
/** Numbers of I/Os in a timed job may differ by as much. Assumed: fio sleeps a little longer than it should. */
const COUNT_SLACK = 0.05;

const OP_BY_ACTION: Readonly<Record<string, number>> = {
  read: OP_READ,
  write: OP_WRITE,
  trim: OP_DISCARD,
  sync: OP_FLUSH,
  datasync: OP_FLUSH,
};

/** Every part of the load that fio shows without a device. */
export const FAITHFUL_JOBS: readonly FaithfulJob[] = [
  {
    name: 'sequential',
    text: 'size=1m\n[write]\nrw=write\nfsync=32\n[end]\nrw=write\nbs=8k\nend_fsync=1\n[odd]\nrw=read\nbs=12k',
  },
  {
    name: 'random',
    text: 'size=2m\n[read]\nrw=randread\n[write]\nrw=randwrite\nbs=8k\nfdatasync=10\n[free]\nrw=randrw\nrwmixread=70\nnorandommap',
  },
  { name: 'mixes', text: 'size=4m\n[rw]\nrw=rw\nrwmixread=30\n[sizes]\nrw=randrw\nbs=4k,8k\nrwmixwrite=25' },
  {
    name: 'sizes',
    text: 'size=8m\n[split]\nrw=randrw\nbssplit=4k/10:64k/50:32k/40,8k/:16k/\n[range]\nrw=randwrite\nbsrange=4k-64k\n[steps]\nrw=write\nbsrange=2k-10k\n[rest]\nrw=randread\nbssplit=4k/70:16k/20:60k/\nnorandommap\n[kinds]\nrw=randread\npercentage_random=50\nbs=8k,64k\nbs_is_seq_rand=1\nnumber_ios=200',
  },
  {
    name: 'popularity',
    text: 'size=64m\nnumber_ios=5000\n[zipf]\nrw=randread\nrandom_distribution=zipf:1.1\n[flat-zipf]\nrw=randread\nrandom_distribution=zipf:0.8\n[pareto]\nrw=randwrite\nrandom_distribution=pareto:0.2\n[normal]\nrw=randread\nrandom_distribution=normal:20\n[centred]\nrw=randread\nrandom_distribution=zipf:1.2:0.3',
  },
  {
    name: 'zones',
    text: 'size=16m\n[zoned]\nrw=randrw\nrandom_distribution=zoned:60/10:30/20:8/30:2/40\nnumber_ios=3000\n[absolute]\nrw=randwrite\nrandom_distribution=zoned_abs:95/1m:5/15m\nnumber_ios=2000\n[strided]\nrw=read\nzonemode=strided\nzonesize=64k\nzoneskip=64k\nio_size=4m\n[random-strided]\nrw=randread\nzonemode=strided\nzonesize=64k\nzonerange=128k\nzoneskip=128k\nio_size=2m',
  },
  {
    name: 'shift register',
    text: 'size=1m\n[lfsr]\nrw=randread\nrandom_generator=lfsr\n[odd]\nrw=randwrite\nbs=12k\nsize=5m\nrandom_generator=lfsr\n[again]\nrw=randwrite\nrandom_generator=lfsr\nloops=3',
  },
  {
    name: 'passes',
    text: 'size=256k\n[loops]\nrw=write\nloops=3\n[more]\nrw=read\nio_size=700k\n[less]\nrw=randread\nio_size=100k\n[random]\nrw=randread\nloops=2\n[free]\nrw=randread\nnorandommap\nio_size=600k\nloops=2\n[mix]\nrw=rw\nloops=2',
  },
  {
    name: 'runs and steps',
    text: 'size=1m\n[runs]\nrw=randread:8\n[holes]\nrw=read:4k\n[backwards]\nrw=write:-8k\noffset=512k\n[identical]\nrw=randread:4\nrw_sequencer=identical\nnumber_ios=200\n[partly]\nrw=randread\npercentage_random=30\nnumber_ios=200\n[aligned]\nrw=randwrite\nblockalign=512\nnorandommap\nnumber_ios=300',
  },
  {
    name: 'files',
    text: 'size=2m\n[round]\nrw=write\nnrfiles=4\n[four]\nrw=randread\nnrfiles=3\nfile_service_type=roundrobin:4\n[one-by-one]\nrw=read\nnrfiles=4\nfile_service_type=sequential\n[any]\nrw=randwrite\nnrfiles=4\nfile_service_type=random\n[offset]\nrw=write\noffset=1m',
  },
  {
    name: 'trims',
    text: 'size=1m\n[trim]\nrw=trim\n[random]\nrw=randtrim\n[both]\nrw=trimwrite\n[random-both]\nrw=randtrimwrite',
  },
  {
    name: 'even rates',
    timed: 'even',
    text: 'size=64m\nruntime=4\ntime_based\n[linear]\nrw=randread\nrate_iops=400\n[bandwidth]\nrw=write\nbs=16k\nrate=4m',
  },
  {
    name: 'drawn rates',
    timed: 'drawn',
    text: 'size=64m\nruntime=4\ntime_based\nrate_process=poisson\n[poisson]\nrw=randread\nrate_iops=400\n[both]\nrw=randrw\nrate_iops=300,100',
  },
  // No thinktime_spin: fio 3.33 can sleep for ever after it on a busy machine.
  {
    name: 'think times',
    timed: 'even',
    text: 'size=64m\nruntime=4\ntime_based\n[each]\nrw=randread\nthinktime=10ms\n[blocks]\nrw=write\nthinktime=40ms\nthinktime_blocks=20',
  },
];

/** @throws the error of node:child_process where fio is not there or refuses the file */
export async function compareWithFio(job: FaithfulJob): Promise<JobComparison[]> {
  const text = `[global]\nioengine=null\n${job.text}\n`;
  const document = resolveJobs(parseJobFile(text, { file: job.name }));
  const plan = planJobs(document);
  const [obstacle] = plan.obstacles;
  if (obstacle !== undefined) throw obstacleError(obstacle);
  const here = issuedHere(plan);
  const there = await issuedByFio(
    text,
    document.jobs.map(({ name }) => name),
  );
  return document.jobs.map(({ name }) =>
    compare(`${job.name}: ${name}`, job.timed, there.get(name) ?? [], here.get(name) ?? []),
  );
}

function issuedHere(plan: FioJobPlan): Map<string, IssuedIo[]> {
  const source = new FioJobSource(plan, { startNs: 0, durationNs: undefined, seed: 1, vm: 0 });
  const issued = new Map<string, IssuedIo[]>(plan.processes.map(({ job }) => [job, []]));
  for (const io of playJobs(source, () => 1)) {
    const { job, files } = plan.processes[source.processOf(io.tag)]!;
    // A flush is of the whole disk; which file asked for it is not known any more.
    const file = files.find(
      ({ baseBytes, fileBytes }) => io.offset >= baseBytes && io.offset < baseBytes + fileBytes,
    );
    issued.get(job)!.push({
      file: io.op === OP_FLUSH ? '' : file!.path,
      op: io.op,
      offset: io.op === OP_FLUSH ? 0 : io.offset - file!.baseBytes,
      bytes: io.bytes,
      timeUs: io.issuedNs / 1000,
    });
  }
  return issued;
}

async function issuedByFio(text: string, jobs: readonly string[]): Promise<Map<string, IssuedIo[]>> {
  const folder = await mkdtemp(join(tmpdir(), 'fvp-faithful-'));
  try {
    // A log for each job.
    const logged = text.replace(
      /^\[(?!global\])(.*)\]$/gm,
      (line, name) => `${line}\nwrite_iolog=${name}.log`,
    );
    await writeFile(join(folder, 'job.fio'), logged);
    await promisify(execFile)('fio', ['job.fio'], { cwd: folder, maxBuffer: 2 ** 26 });
    const issued = new Map<string, IssuedIo[]>();
    for (const name of jobs) issued.set(name, parseLog(await readFile(join(folder, `${name}.log`), 'utf8')));
    return issued;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Version 3: `TIME FILE ACTION OFFSET LENGTH`, times in microseconds. */
function parseLog(text: string): IssuedIo[] {
  const ios: IssuedIo[] = [];
  for (const line of text.split('\n')) {
    const [time, file, action, offset, bytes] = line.split(' ');
    const op = OP_BY_ACTION[action ?? ''];
    if (op === undefined) continue;
    const isFlush = op === OP_FLUSH;
    ios.push({
      file: isFlush ? '' : file!,
      op,
      offset: isFlush ? 0 : Number(offset),
      bytes: isFlush ? 0 : Number(bytes),
      timeUs: Number(time),
    });
  }
  return ios;
}

function compare(
  name: string,
  timed: FaithfulJob['timed'],
  fio: readonly IssuedIo[],
  here: readonly IssuedIo[],
): JobComparison {
  assert(fio.length > 0, `fio issues something for ${name}`);
  let sameIos = 0;
  while (sameIos < Math.min(fio.length, here.length) && isSame(fio[sameIos]!, here[sameIos]!)) sameIos++;
  const offsets = kolmogorovSmirnov(
    fio.map(({ offset }) => offset),
    here.map(({ offset }) => offset),
  );
  const sizes = kolmogorovSmirnov(
    fio.map(({ bytes }) => bytes),
    here.map(({ bytes }) => bytes),
  );
  const gaps = timed === 'drawn' ? kolmogorovSmirnov(gapsOf(fio), gapsOf(here)) : undefined;
  const near = Math.abs(fio.length - here.length) <= COUNT_SLACK * fio.length;
  const alike = [offsets, sizes, ...(gaps === undefined ? [] : [gaps])].every(
    ({ probability }) => probability >= SIGNIFICANT,
  );
  return {
    name,
    timed,
    fio: summaryOf(fio),
    here: summaryOf(here),
    sameIos,
    offsets,
    sizes,
    gaps,
    agrees: timed !== undefined ? near && alike : sameIos === fio.length && fio.length === here.length,
  };
}

function isSame(a: IssuedIo, b: IssuedIo): boolean {
  return a.op === b.op && a.offset === b.offset && a.bytes === b.bytes && a.file === b.file;
}

function gapsOf(ios: readonly IssuedIo[]): number[] {
  return ios.slice(1).map(({ timeUs }, index) => timeUs - ios[index]!.timeUs);
}

function summaryOf(ios: readonly IssuedIo[]): IssuedSummary {
  const count = (op: number): number => ios.filter((io) => io.op === op).length;
  const ends = new Map<string, number>();
  let sequential = 0;
  let bytes = 0;
  for (const io of ios) {
    if (io.op === OP_FLUSH) continue;
    const key = `${io.op} ${io.file}`;
    if (ends.get(key) === io.offset) sequential++;
    ends.set(key, io.offset + io.bytes);
    bytes += io.bytes;
  }
  const flushes = count(OP_FLUSH);
  const moved = Math.max(1, ios.length - flushes);
  const lastUs = ios.at(-1)?.timeUs ?? 0;
  return {
    ios: ios.length,
    reads: count(OP_READ),
    writes: count(OP_WRITE),
    flushes,
    trims: count(OP_DISCARD),
    meanBytes: bytes / moved,
    sequential: sequential / moved,
    meanGapUs: (lastUs - (ios[0]?.timeUs ?? 0)) / Math.max(1, ios.length - 1),
  };
}
