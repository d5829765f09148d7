/**
 * Writes libCacheSim's oracleGeneral: u32 seconds, u64 object (the first sector), u32 bytes, i64 number of the object's
 * next request, which is written as -1: it is only known at the end of the trace, and only Belady-like policies ask.
 *
 * @source libCacheSim aa0fc40, traceReader/customizedReader/oracle/oracleGeneralBin.h
 */
import { OP_READ, type RowBlock } from '../../reference/kernel/io.ts';
import { NS_PER_S, SECTOR_BYTES } from '../../reference/kernel/units.ts';
import type { ByteSink, Loss, TraceWriter, WrittenTrace } from '../trace-writer.ts';
import type { Holds } from './lost-facts.ts';
import { RowLines } from './row-lines.ts';

const NONE = 0xffffffff;
const HOLDS: Holds = {
  flushes: false,
  discards: false,
  disks: 'one',
  latency: 'never',
  flags: false,
  pid: false,
  stepNs: NS_PER_S,
};

class OracleGeneralSink extends RowLines {
  private rows = 0;
  private writes = 0;

  constructor(trace: WrittenTrace, bytes: ByteSink) {
    super(trace, bytes, 'oracle-general', HOLDS);
  }

  protected row(block: RowBlock, i: number): void {
    const { out } = this;
    this.rows++;
    if (block.op[i] !== OP_READ) this.writes++;
    out.u32(Math.floor(block.timeNs[i]! / NS_PER_S));
    out.u64(block.offset[i]! / SECTOR_BYTES);
    out.u32(block.lengthBytes[i]!);
    out.u32(NONE);
    out.u32(NONE);
  }

  override finish(): readonly Loss[] {
    const losses = [...super.finish()];
    if (this.writes > 0) {
      losses.push({
        sentence: 'oracle-general has no place for operations, writes became reads: #',
        count: this.writes,
      });
    }
    losses.push({
      sentence: 'next requests that oracle-general would hold, written as none: #',
      count: this.rows,
    });
    return losses;
  }
}

export const oracleGeneralWriter: TraceWriter = {
  name: 'oracle-general',
  suffixes: ['.oracleGeneral', '.oracleGeneral.bin'],
  lacks: 'operations, flushes, discards, several disks, latency, flags, process, next requests; time in s',
  open: (trace, bytes) => new OracleGeneralSink(trace, bytes),
};
