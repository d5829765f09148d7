/**
 * Writes the ASCII traces of DiskSim (`MILLISECONDS DEVICE BLOCK BLOCKS FLAGS`) and of MQSim and SSDsim (`NANOSECONDS
 * DEVICE LBA SECTORS TYPE`); 1 is a read in all three.
 *
 * @source the DiskSim 4.0 manual; MQSim 7ec40e3; ssdsim f4112896 (docs of this project)
 */
import { OP_READ, type RowBlock } from '../../reference/kernel/io.ts';
import { NS_PER_MS, SECTOR_BYTES } from '../../reference/kernel/units.ts';
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

class SimulatorSink extends RowLines {
  private readonly devices: readonly number[];
  private readonly milliseconds: boolean;

  constructor(trace: WrittenTrace, bytes: ByteSink, format: string) {
    super(trace, bytes, format, HOLDS);
    this.devices = diskNumbers(trace.diskNames);
    this.milliseconds = format === 'disksim';
  }

  protected row(block: RowBlock, i: number): void {
    const { out } = this;
    const timeNs = block.timeNs[i]!;
    if (this.milliseconds) {
      const whole = Math.floor(timeNs / NS_PER_MS);
      out.decimal(whole);
      out.text('.');
      out.digits(timeNs - whole * NS_PER_MS, 6);
    } else {
      out.decimal(timeNs);
    }
    out.text(' ');
    out.decimal(this.devices[block.disk[i]!]!);
    out.text(' ');
    out.decimal(block.offset[i]! / SECTOR_BYTES);
    out.text(' ');
    out.decimal(block.lengthBytes[i]! / SECTOR_BYTES);
    out.text(block.op[i] === OP_READ ? ' 1\n' : ' 0\n');
  }
}

const simulatorWriter = (name: string): TraceWriter => ({
  name,
  suffixes: [],
  lacks: 'flushes, discards, names of disks, latency, flags, process',
  open: (trace, bytes) => new SimulatorSink(trace, bytes, name),
});

export const disksimWriter = simulatorWriter('disksim');
export const mqsimWriter = simulatorWriter('mqsim');
export const ssdsimWriter = simulatorWriter('ssdsim');
