/**
 * `npm run bench:long`: a trace of 100 million rows, generated into a store in the temporary folder, is described and
 * replayed in one process, and the process's highest resident set is compared with a bound. Not a part of CI: it takes
 * minutes and 4 GB of disk.
 *
 * Options: --rows N (default 100000000), --mode MODE (default write-back).
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { MODE_NAMES, type ModeName } from '../../reference/fvp/mode.ts';
import { createRowBlock, OP_FLUSH, OP_READ, OP_WRITE, type RowBlock } from '../../reference/kernel/io.ts';
import { RandomStream } from '../../reference/kernel/random.ts';
import { formatBytes, formatCount, formatNs, GIB, KIB } from '../../reference/kernel/units.ts';
import { openTrace } from '../../traces/open-trace.ts';
import { describeTrace } from '../../traces/stats/describe-trace.ts';
import { ArrowWriter } from '../../traces/store/arrow-writer.ts';
import { OutputFile } from '../../traces/writers/output-file.ts';
import { DEFAULT_REQUEST } from '../replay/bench-request.ts';
import { prepareBench } from '../replay/run-bench.ts';

const RSS_BYTES_MAX = GIB;
const BLOCK_ROWS = 4096;
/** 8 GiB of 4 KiB blocks, the low ones touched most. */
const BLOCKS = 2 * 1024 * 1024;
/** Mean 100 µs between I/Os: what one flash device absorbs for ever. */
const GAP_NS_MAX = 200_000;

/** Rows without end: 65 % writes, 30 % reads, 5 % flushes of 4 to 32 KiB, skewed. */
function* generated(rows: number): Generator<RowBlock> {
  const random = new RandomStream(1, 'long trace');
  const block = createRowBlock(BLOCK_ROWS);
  block.latencyNs.fill(Number.NaN);
  block.pid.fill(-1);
  let timeNs = 0;
  for (let done = 0; done < rows; done += block.length) {
    block.length = Math.min(BLOCK_ROWS, rows - done);
    for (let i = 0; i < block.length; i++) {
      const kind = random.nextU32();
      const op = kind % 20 < 13 ? OP_WRITE : kind % 20 < 19 ? OP_READ : OP_FLUSH;
      const share = random.nextFraction();
      block.timeNs[i] = timeNs;
      block.op[i] = op;
      block.offset[i] = op === OP_FLUSH ? 0 : Math.floor(share * share * BLOCKS) * 4 * KIB;
      block.lengthBytes[i] = op === OP_FLUSH ? 0 : (4 * KIB) << ((kind >>> 8) & 3);
      timeNs += (kind >>> 10) % GAP_NS_MAX;
    }
    yield block;
  }
}

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '100000000' },
    mode: { type: 'string', default: 'write-back' },
  },
});
const rows = Number(values.rows);
const mode = values.mode as ModeName;
if (!Number.isSafeInteger(rows) || rows < 1 || !MODE_NAMES.includes(mode)) {
  process.stderr.write('usage: npm run bench:long -- [--rows N] [--mode MODE]\n');
  process.exit(64);
}

const folder = mkdtempSync(join(tmpdir(), 'fvp-long-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
let startedMs = performance.now();
let cpuBefore = process.cpuUsage();

/** One line: what was done, in what time, and the most memory the process has held so far. */
function tell(what: string): void {
  const seconds = (performance.now() - startedMs) / 1000;
  const { user, system } = process.cpuUsage(cpuBefore);
  const peak = process.resourceUsage().maxRSS * KIB;
  process.stdout.write(
    `${what}: ${seconds.toFixed(0)} s (${((user + system) / 1e6).toFixed(0)} s of CPU), peak RSS so far ${formatBytes(peak)}\n`,
  );
  startedMs = performance.now();
  cpuBefore = process.cpuUsage();
}

const path = join(folder, 'long.arrow');
const output = new OutputFile(path);
const options = { diskNames: ['generated'], provenance: {}, warnings: [], reorderedRows: 0 };
const writer = await ArrowWriter.create(options, (bytes) => output.write(bytes));
for (const block of generated(rows)) writer.accept(block);
writer.finish();
output.commit();
tell(`generated ${formatCount(rows)} rows, ${formatBytes(output.bytesWritten)}`);

const trace = await openTrace([path]);
const info = await describeTrace(trace);
trace.close();
tell(
  `described: ${formatCount(info.reads)} reads, ${formatCount(info.writes)} writes, footprint ${formatBytes(info.footprintBytes)}, ${formatNs(info.durationNs)}`,
);

const prepared = await prepareBench(
  {
    ...DEFAULT_REQUEST,
    workloads: [path],
    scenario: 'speed',
    modes: [mode],
    replay: 'open',
  },
  { signal: new AbortController().signal, onPhase: () => {} },
);
const { recording } = await prepared.run();
await prepared.close();
const result = recording.document.results[0]!;
tell(
  `replayed in ${mode}: ${formatCount(result.writes.count + result.reads.count + result.flushes.count)} I/Os, write p99 ${formatNs(result.writes.response?.p99Ns ?? 0)}`,
);

const peakBytes = process.resourceUsage().maxRSS * KIB;
const within = peakBytes < RSS_BYTES_MAX;
process.stdout.write(
  `peak RSS ${formatBytes(peakBytes)}, ${within ? 'below' : 'ABOVE'} ${formatBytes(RSS_BYTES_MAX)}\n`,
);
process.exitCode = within ? 0 : 1;
