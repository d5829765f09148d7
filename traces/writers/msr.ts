/**
 * Writes the CSV of MSR Cambridge: `FILETIME,HOST,DISK,TYPE,OFFSET,SIZE,RESPONSE`, ticks of 100 ns. The first row
 * stands at the time the set itself began, as a trace has no date.
 *
 * @source the set's README (docs of this project)
 */
import { OP_READ, type RowBlock } from '../../reference/kernel/io.ts';
import type { ByteSink, TraceWriter, WrittenTrace } from '../trace-writer.ts';
import type { Holds } from './lost-facts.ts';
import { RowLines } from './row-lines.ts';

const TICK_NS = 100;
const BILLION = 1e9;
/** 2007-02-22 17:00 GMT, the first hour of the set, in billions of ticks since 1601. */
const START_BILLIONS = 128_166_372;
const HOLDS: Holds = {
  flushes: false,
  discards: false,
  disks: 'names',
  latency: 'always',
  flags: false,
  pid: false,
  stepNs: TICK_NS,
};

class MsrSink extends RowLines {
  /** `,HOST,DISK,` of each disk. */
  private readonly volumes: readonly Uint8Array[];

  constructor(trace: WrittenTrace, bytes: ByteSink) {
    super(trace, bytes, 'msr', HOLDS);
    this.volumes = trace.diskNames.map((name, disk) => {
      const split = /^(.+)_([0-9]{1,9})$/.exec(name);
      const [host, number] = split === null ? [name, disk] : [split[1]!, split[2]!];
      return Buffer.from(`,${host.replace(/[,\s]/g, '-')},${number},`, 'utf8');
    });
  }

  protected row(block: RowBlock, i: number): void {
    const { out } = this;
    const ticks = Math.floor(block.timeNs[i]! / TICK_NS);
    const billions = Math.floor(ticks / BILLION);
    out.decimal(START_BILLIONS + billions);
    out.digits(ticks - billions * BILLION, 9);
    out.put(this.volumes[block.disk[i]!]!);
    out.text(block.op[i] === OP_READ ? 'Read,' : 'Write,');
    out.decimal(block.offset[i]!);
    out.text(',');
    out.decimal(block.lengthBytes[i]!);
    out.text(',');
    const latencyNs = block.latencyNs[i]!;
    out.decimal(latencyNs >= 0 ? Math.floor(latencyNs / TICK_NS) : 0);
    out.text('\n');
  }
}

export const msrWriter: TraceWriter = {
  name: 'msr',
  suffixes: [],
  lacks: 'flushes, discards, flags, process; time in 100 ns',
  open: (trace, bytes) => new MsrSink(trace, bytes),
};
