/** What `fvp trace record` does: blktrace on a device, then the import of what it wrote. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { cpus, release, tmpdir, totalmem } from 'node:os';
import { basename, join } from 'node:path';
import { UnavailableError, UsageError } from '../../reference/kernel/errors.ts';
import {
  formatBytes,
  formatCount,
  formatNs,
  NS_PER_S,
  parseDurationNs,
  SECTOR_BYTES,
} from '../../reference/kernel/units.ts';
import { noInput } from '../../traces/decode/byte-source.ts';
import { openTrace } from '../../traces/open-trace.ts';
import { writerFor } from '../../traces/writer-table.ts';
import { OutputFile } from '../../traces/writers/output-file.ts';
import { ProgressLine } from '../render/progress.ts';
import { visibleText } from '../render/visible-text.ts';
import { type Bounds, flagQuantity } from './flag-quantity.ts';

export interface TraceRecordFlags {
  readonly device: string;
  readonly out: string;
  readonly to?: string | undefined;
  readonly duration: string;
  readonly event: string;
}

const DURATION: Bounds = { least: NS_PER_S, most: 7 * 86_400 * NS_PER_S, words: '1s to 7d' };
const TICK_MS = 500;
const STDERR_SHOWN = 300;

/** @returns the document for `--json` */
export async function runTraceRecord(
  flags: TraceRecordFlags,
  print: (line: string) => void,
): Promise<unknown> {
  const durationNs = flagQuantity('duration', flags.duration, parseDurationNs, DURATION);
  checkDevice(flags.device);
  const version = blktraceVersion();
  const writer = writerFor(flags.out, flags.to);
  const output = new OutputFile(flags.out);
  const folder = mkdtempSync(join(tmpdir(), 'fvp-record-'));
  const progress = new ProgressLine(process.stderr, () => performance.now());
  try {
    const startedAt = new Date().toISOString();
    await blktrace(flags.device, folder, durationNs, progress);
    const files = readdirSync(folder)
      .filter((name) => name.includes('.blktrace.') && statSync(join(folder, name)).size > 0)
      .map((name) => join(folder, name));
    if (files.length === 0) {
      throw new UnavailableError(`blktrace recorded nothing on ${flags.device}`, {
        hint: 'the device was idle, or its kernel has no block tracing (CONFIG_BLK_DEV_IO_TRACE)',
      });
    }
    const trace = await openTrace(files.sort(), { format: 'blktrace', event: flags.event as 'Q' | 'D' });
    try {
      const provenance = { startedAt, blktrace: version, ...machine(flags.device) };
      const name = basename(flags.device);
      const sink = await writer.open(
        { name, diskNames: trace.diskNames, provenance, warnings: trace.warnings },
        output,
      );
      const cursor = trace.cursor();
      for (let block = cursor.next(); block !== undefined; block = cursor.next()) sink.write(block);
      const notes = [
        ...trace.warnings,
        ...sink.finish().map(({ sentence, count }) => sentence.replace('#', formatCount(count))),
      ];
      output.commit();
      progress.clear();
      const { summary } = trace;
      print(
        `${visibleText(flags.out)}: ${formatCount(summary.ios)} I/Os in ${formatNs(summary.durationNs)}, ${formatBytes(output.bytesWritten)} as ${writer.name}`,
      );
      for (const note of notes) print(visibleText(note));
      return {
        schema: 'fvp.recording/1',
        ...summary,
        out: flags.out,
        writtenAs: writer.name,
        provenance,
        notes,
      };
    } finally {
      trace.close();
    }
  } finally {
    progress.clear();
    output.discard();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @throws NoInputError, UsageError */
function checkDevice(device: string): void {
  let isDevice: boolean;
  try {
    isDevice = statSync(device).isBlockDevice();
  } catch (cause) {
    throw noInput(device, cause as NodeJS.ErrnoException);
  }
  if (!isDevice) {
    throw new UsageError(`${device} is no block device`, {
      hint: 'lsblk names those there are, such as /dev/sda',
    });
  }
}

/** @throws UnavailableError when the program is not there */
function blktraceVersion(): string {
  const { error, stdout, stderr } = spawnSync('blktrace', ['-V'], { encoding: 'utf8' });
  if (error !== undefined) {
    throw new UnavailableError('fvp trace record needs the program blktrace', {
      cause: error,
      hint: process.platform === 'linux' ? 'apt-get install blktrace' : 'it exists on Linux only',
    });
  }
  return `${stdout}${stderr}`.trim().split('\n')[0] ?? '';
}

/** Records until the time is over, or until Ctrl-C. @throws UnavailableError when blktrace cannot */
function blktrace(device: string, folder: string, durationNs: number, progress: ProgressLine): Promise<void> {
  return new Promise((resolve, reject) => {
    const seconds = Math.ceil(durationNs / NS_PER_S);
    const child = spawn('blktrace', ['-d', device, '-D', folder, '-w', String(seconds)], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    const startedMs = performance.now();
    const ticker = setInterval(() => {
      const done = (performance.now() - startedMs) / 1000;
      progress.show({ text: `recording ${device}`, done, total: seconds });
    }, TICK_MS);
    // blktrace ends its recording by itself on Ctrl-C, which the terminal sends to both.
    const stop = (): void => {
      child.kill('SIGINT');
    };
    process.on('SIGINT', stop);
    process.on('SIGTERM', stop);
    const over = (): void => {
      clearInterval(ticker);
      process.off('SIGINT', stop);
      process.off('SIGTERM', stop);
    };
    child.on('error', (cause) => {
      over();
      reject(new UnavailableError(`cannot run blktrace: ${cause.message}`, { cause }));
    });
    child.on('close', (code) => {
      over();
      if (code === 0) resolve();
      else reject(refusal(device, said.trim()));
    });
  });
}

function refusal(device: string, said: string): UnavailableError {
  const root = process.getuid?.() === 0;
  const hint = !root
    ? 'block tracing needs root: try it with sudo'
    : /debug/i.test(said)
      ? 'mount the debug file system: mount -t debugfs none /sys/kernel/debug'
      : 'the kernel must have block tracing (CONFIG_BLK_DEV_IO_TRACE) and allow it, which containers seldom do';
  const why = said === '' ? '' : `: ${said.slice(0, STDERR_SHOWN).replace(/\s*\n\s*/g, '; ')}`;
  return new UnavailableError(`blktrace cannot record ${device}${why}`, { hint });
}

/** What the recording ran on, as far as the system says. */
function machine(device: string): Record<string, string> {
  const found: Record<string, string> = {
    device,
    kernel: `${process.platform} ${release()}`,
    processor: `${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}`,
    memory: formatBytes(totalmem()),
  };
  const about = (file: string): string | undefined => {
    try {
      return readFileSync(`/sys/class/block/${basename(device)}/${file}`, 'utf8').trim() || undefined;
    } catch {
      return undefined;
    }
  };
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['deviceModel', about('device/model')],
    ['deviceBytes', sizeOf(about('size'))],
    ['scheduler', about('queue/scheduler')],
    ['rotational', about('queue/rotational')],
    ['writeCache', about('queue/write_cache')],
  ];
  for (const [name, value] of facts) if (value !== undefined) found[name] = value;
  return found;
}

function sizeOf(sectors: string | undefined): string | undefined {
  return sectors === undefined ? undefined : String(Number(sectors) * SECTOR_BYTES);
}
