/** Writes SPC trace files: `ASU,LBA,SIZE,OPCODE,SECONDS`. @source "SPC Trace File Format Specification", rev. 1.0.1 */
import { OP_READ, type RowBlock } from '../../reference/kernel/io.ts';
import { NS_PER_S, SECTOR_BYTES } from '../../reference/kernel/units.ts';
import type { ByteSink, TraceWriter, WrittenTrace } from '../trace-writer.ts';
import { diskNumbers, type Holds } from './lost-facts.ts';
import { RowLines } from './row-lines.ts';

const HOLDS: Holds = {
  flushes: false,
  discards: false,
  disks: 'numbers',
  latency: 'never',
  flags: false,
  pid: false,
  stepNs: 1,
};

class SpcSink extends RowLines {
  private readonly asus: readonly number[];

  constructor(trace: WrittenTrace, bytes: ByteSink) {
    super(trace, bytes, 'spc', HOLDS);
    this.asus = diskNumbers(trace.diskNames);
  }

  protected row(block: RowBlock, i: number): void {
    const { out } = this;
    out.decimal(this.asus[block.disk[i]!]!);
    out.text(',');
    out.decimal(block.offset[i]! / SECTOR_BYTES);
    out.text(',');
    out.decimal(block.lengthBytes[i]!);
    out.text(block.op[i] === OP_READ ? ',R,' : ',W,');
    const seconds = Math.floor(block.timeNs[i]! / NS_PER_S);
    out.decimal(seconds);
    out.text('.');
    out.digits(block.timeNs[i]! - seconds * NS_PER_S, 9);
    out.text('\n');
  }
}

export const spcWriter: TraceWriter = {
  name: 'spc',
  suffixes: ['.spc'],
  lacks: 'flushes, discards, names of disks, latency, flags, process',
  open: (trace, bytes) => new SpcSink(trace, bytes),
};
