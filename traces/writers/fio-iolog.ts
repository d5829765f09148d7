/**
 * Writes fio's I/O log, versions 2 and 3.
 *
 * @source fio f5344384 iolog.c: read_iolog() and runs of fio 3.33 (docs of this project)
 *
 * Version 3 has microseconds; the first stamp is 1, as fio drops the delay behind a stamp of 0. Version 2 has no time
 * but `wait`, which fio reads as milliseconds since its own start. Sync lines carry the dummy fields that fio demands.
 */
import { UsageError } from '../../reference/kernel/errors.ts';
import type { RowBlock } from '../../reference/kernel/io.ts';
import { NS_PER_MS, NS_PER_US } from '../../reference/kernel/units.ts';
import type { ByteSink, Loss, RowSink, TraceWriter, WrittenTrace } from '../trace-writer.ts';
import { ByteBuffer } from './byte-buffer.ts';
import { type Holds, LostFacts } from './lost-facts.ts';

const BLANK = 32;
const ACTIONS = ['read', 'write', 'sync', 'trim'];
/** fio reads names with %256s. @source fio iolog.c */
const NAME_BYTES_MAX = 256;
/** fio gives the first stamp no delay when it is 0. */
const FIRST_STAMP_US = 1;

const HOLDS: Holds = {
  flushes: true,
  discards: true,
  disks: 'names',
  latency: 'never',
  flags: false,
  pid: false,
  stepNs: NS_PER_US,
};

class FioIologSink implements RowSink {
  private readonly out: ByteBuffer;
  private readonly lost: LostFacts;
  private readonly version: 2 | 3;
  private readonly names: readonly Uint8Array[];
  private waitMs = 0;
  private lastUs = FIRST_STAMP_US;

  constructor(trace: WrittenTrace, bytes: ByteSink, version: 2 | 3) {
    this.version = version;
    this.out = new ByteBuffer(bytes);
    const stepNs = version === 3 ? NS_PER_US : NS_PER_MS;
    this.lost = new LostFacts(
      version === 3 ? 'fio-iolog' : 'fio-iolog2',
      { ...HOLDS, stepNs },
      trace.diskNames,
    );
    this.names = trace.diskNames.map(fioName);
    this.out.text(`fio version ${version} iolog\n`);
    for (const action of ['add', 'open']) this.files(action);
  }

  write(block: RowBlock): void {
    this.lost.count(block);
    const { out } = this;
    for (let i = 0; i < block.length; i++) {
      out.room();
      const timeNs = block.timeNs[i]!;
      if (this.version === 3) {
        this.lastUs = FIRST_STAMP_US + Math.floor(timeNs / NS_PER_US);
        out.decimal(this.lastUs);
        out.byte(BLANK);
      } else if (Math.floor(timeNs / NS_PER_MS) > this.waitMs) {
        this.waitMs = Math.floor(timeNs / NS_PER_MS);
        out.put(this.names[block.disk[i]!]!);
        out.text(' wait ');
        out.decimal(this.waitMs);
        out.text(' 0\n');
      }
      const op = block.op[i]!;
      out.put(this.names[block.disk[i]!]!);
      out.byte(BLANK);
      out.text(ACTIONS[op]!);
      out.byte(BLANK);
      out.decimal(block.offset[i]!);
      out.byte(BLANK);
      out.decimal(block.lengthBytes[i]!);
      out.byte(10);
    }
  }

  finish(): readonly Loss[] {
    this.files('close');
    this.out.flush();
    return this.lost.all();
  }

  private files(action: string): void {
    for (const name of this.names) {
      this.out.room();
      if (this.version === 3) {
        this.out.decimal(this.lastUs);
        this.out.byte(BLANK);
      }
      this.out.put(name);
      this.out.text(` ${action}\n`);
    }
  }
}

/** A disk's name as fio can read it. @throws UsageError */
function fioName(name: string): Uint8Array {
  const bytes = Buffer.from(name.replace(/\s/g, '_'), 'utf8');
  if (bytes.length === 0 || bytes.length > NAME_BYTES_MAX) {
    throw new UsageError(`fio cannot read the disk name ${JSON.stringify(name.slice(0, 40))}`, {
      hint: `fio's iolog takes names of 1 to ${NAME_BYTES_MAX} bytes`,
    });
  }
  return bytes;
}

export const fioIologWriter: TraceWriter = {
  name: 'fio-iolog',
  suffixes: ['.iolog', '.iolog3'],
  lacks: 'recorded latency, flags, process; time in µs',
  open: (trace, bytes) => new FioIologSink(trace, bytes, 3),
};

export const fioIolog2Writer: TraceWriter = {
  name: 'fio-iolog2',
  suffixes: ['.iolog2'],
  lacks: 'recorded latency, flags, process; time in ms',
  open: (trace, bytes) => new FioIologSink(trace, bytes, 2),
};
