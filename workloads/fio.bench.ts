/** What reading fio's results and drawing a job's I/Os costs. */
import type { Bench } from 'tinybench';
import { bucketAt, LAYOUT_NS, parseFioResults, parseJobFile, resolveJobs } from '#fio-parser';
import { planJobs } from './fio-job/job-plan.ts';
import { FioJobSource } from './fio-job/job-source.ts';
import { playJobs } from './fio-job/play-jobs.ts';

const JOBS = 20;
/** Bins of a latency; a busy job of a minute has some hundred. */
const BINS = 400;
const IOS = 2000;

/** JSON+ of 20 jobs that read and write, laid out as fio does it. */
function jsonPlus(): string {
  const bins: Record<string, number> = {};
  for (let i = 0; i < BINS; i++) bins[bucketAt(LAYOUT_NS, 600 + i).midNs] = i + 1;
  const latency = { min: 1000, max: 30_000, mean: 10_000.5, stddev: 10.25, N: (BINS * (BINS + 1)) / 2, bins };
  const direction = {
    io_bytes: 1e9,
    bw_bytes: 1e7,
    bw: 1e4,
    iops: 1e3,
    total_ios: latency.N,
    clat_ns: latency,
    lat_ns: latency,
  };
  const jobs = Array.from({ length: JOBS }, (_, i) => ({
    jobname: `job${i}`,
    groupid: 0,
    error: 0,
    read: direction,
    write: direction,
  }));
  return JSON.stringify({ 'fio version': 'fio-3.33', jobs }, null, 2);
}

function draw(text: string): void {
  const plan = planJobs(resolveJobs(parseJobFile(text, { file: 'bench' })));
  playJobs(new FioJobSource(plan, { startNs: 0, durationNs: undefined, seed: 1, vm: 0 }), () => 1000, IOS);
}

export async function addFioTasks(bench: Bench): Promise<void> {
  const text = jsonPlus();
  const head = `[a]\nioengine=libaio\niodepth=16\nsize=4g\nnumber_ios=${IOS}\n`;
  bench.add(`JSON+ of ${JOBS} jobs, ${JOBS} jobs`, () => void parseFioResults(text));
  bench.add(`random map, ${IOS} I/Os`, () => draw(`${head}rw=randrw`));
  bench.add(`zipf and bssplit, ${IOS} I/Os`, () =>
    draw(`${head}rw=randrw\nnorandommap\nrandom_distribution=zipf:1.1\nbssplit=4k/60:16k/40`),
  );
}
