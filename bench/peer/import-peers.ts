/**
 * Reading a trace beside the programs whose formats they are: `blkparse` on a binary blktrace, fio on an iolog (with
 * its null engine, since it cannot only read), each against `fvp trace convert` of the same file into a store. A store
 * keeps every row; blkparse writes a line for every event.
 */
import { execFileSync } from 'node:child_process';
import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { SAMPLES } from '../../traces/samples/samples.ts';

/** Layout of `struct blk_io_trace`. @source Linux, include/uapi/linux/blktrace_api.h */
const EVENT_BYTES = 48;
const SEQUENCE_AT = 4;
const TIME_AT = 8;
const CPU_AT = 40;
const PDU_LENGTH_AT = 46;
/** From the start of one copy to that of the next: longer than the sample. */
const COPY_NS = 100_000_000_000n;
const DECODED_BYTES_MAX = 256 * 1024 * 1024;

export interface ImportPeer {
  readonly name: string;
  /** `blktrace beside blkparse`. */
  readonly title: string;
  readonly peer: readonly [command: string, argv: readonly string[]];
  readonly own: readonly [command: string, argv: readonly string[]];
}

/** Where each event begins. */
function eventStarts(trace: Buffer): number[] {
  const starts: number[] = [];
  for (
    let at = 0;
    at + EVENT_BYTES <= trace.length;
    at += EVENT_BYTES + trace.readUInt16LE(at + PDU_LENGTH_AT)
  )
    starts.push(at);
  return starts;
}

/** The recording of the database several times over, as one long trace. @returns its events */
function writeBlktrace(path: string, copies: number): number {
  const sample = SAMPLES.find(({ name }) => name === 'database')!;
  const trace = execFileSync('zstd', ['-dc', sample.file], { maxBuffer: DECODED_BYTES_MAX });
  const starts = eventStarts(trace);
  const times = starts.map((at) => trace.readBigUInt64LE(at + TIME_AT));
  const file = openSync(path, 'w');
  // Each processor counts its events; where numbers are left out, blkparse waits for them.
  const sequences = new Map<number, number>();
  for (let copy = 0; copy < copies; copy++) {
    for (const [i, at] of starts.entries()) {
      const cpu = trace.readUInt32LE(at + CPU_AT);
      const sequence = (sequences.get(cpu) ?? 0) + 1;
      sequences.set(cpu, sequence);
      trace.writeUInt32LE(sequence, at + SEQUENCE_AT);
      trace.writeBigUInt64LE(times[i]! + BigInt(copy) * COPY_NS, at + TIME_AT);
    }
    writeSync(file, trace);
  }
  closeSync(file);
  return copies * starts.length;
}

/**
 * The pairs to be run in turn.
 * @param fvp the program
 * @param iolog a trace of fio, and the arguments with which fio replays it
 */
export function importPeers(
  folder: string,
  fvp: string,
  copies: number,
  iolog: string,
  fioArguments: readonly string[],
): ImportPeer[] {
  const blktrace = join(folder, 'long.blktrace.0');
  const events = writeBlktrace(blktrace, copies);
  const store = join(folder, 'import.arrow');
  const convert = (path: string): readonly [string, readonly string[]] => [
    process.execPath,
    [fvp, 'trace', 'convert', path, '-o', store],
  ];
  return [
    {
      name: 'blkparse',
      title: `blktrace, ${events} events, beside blkparse`,
      // A file with the events of several processors is read from standard input only.
      peer: ['sh', ['-c', `blkparse -i - < '${blktrace}' > '${join(folder, 'events.txt')}'`]],
      own: convert(blktrace),
    },
    { name: 'fio', title: 'the iolog beside fio', peer: ['fio', fioArguments], own: convert(iolog) },
  ];
}
