/**
 * Writes blkreplay's loads: `SECONDS ; SECTOR ; SECTORS ; OPERATION ; DELAY ; DURATION`, where the duration is the
 * recorded latency, as in the output of a replay, or 0.0.
 *
 * @source the published loads of blkreplay.org (docs of this project)
 */
import type { RowBlock } from '../../reference/kernel/io.ts';
import { NS_PER_S, SECTOR_BYTES } from '../../reference/kernel/units.ts';
import type { ByteSink, TraceWriter, WrittenTrace } from '../trace-writer.ts';
import type { ByteBuffer } from './byte-buffer.ts';
import type { Holds } from './lost-facts.ts';
import { RowLines } from './row-lines.ts';
import { RWBS_TEXT } from './rwbs-text.ts';

const HOLDS: Holds = {
  flushes: true,
  discards: true,
  disks: 'one',
  latency: 'sometimes',
  flags: true,
  pid: false,
  stepNs: 1,
};

class BlkreplaySink extends RowLines {
  constructor(trace: WrittenTrace, bytes: ByteSink) {
    super(trace, bytes, 'blkreplay', HOLDS);
    this.out.text('start ; sector; length ; op ;  replay_delay=0 ; replay_duration=0\n');
  }

  protected row(block: RowBlock, i: number): void {
    const { out } = this;
    putSeconds(out, block.timeNs[i]!);
    out.text(' ; ');
    out.decimal(block.offset[i]! / SECTOR_BYTES);
    out.text(' ; ');
    out.decimal(block.lengthBytes[i]! / SECTOR_BYTES);
    out.text(' ; ');
    out.text(RWBS_TEXT[block.op[i]! * 16 + (block.flags[i]! & 15)]!);
    out.text(' ; 0.0 ; ');
    const latencyNs = block.latencyNs[i]!;
    if (latencyNs > 0) putSeconds(out, latencyNs);
    else out.text('0.0');
    out.text('\n');
  }
}

function putSeconds(out: ByteBuffer, ns: number): void {
  const seconds = Math.floor(ns / NS_PER_S);
  out.decimal(seconds);
  out.text('.');
  out.digits(ns - seconds * NS_PER_S, 9);
}

export const blkreplayWriter: TraceWriter = {
  name: 'blkreplay',
  suffixes: ['.load'],
  lacks: 'several disks, process',
  open: (trace, bytes) => new BlkreplaySink(trace, bytes),
};
