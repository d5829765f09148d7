/**
 * Writes blkparse's default text: a D event for each row and, where its latency is known, a C event at its completion,
 * in order of time. Flushes are `FN`. Disks that are not named MAJOR,MINOR are numbered 259,0 and on.
 *
 * @source blkparse_fmt.c of blktrace 1.2
 */
import { OP_FLUSH, type RowBlock } from '../../reference/kernel/io.ts';
import { NS_PER_S, SECTOR_BYTES } from '../../reference/kernel/units.ts';
import type { ByteSink, Loss, TraceWriter, WrittenTrace } from '../trace-writer.ts';
import type { Holds } from './lost-facts.ts';
import { RowLines } from './row-lines.ts';
import { RWBS_TEXT } from './rwbs-text.ts';

const HOLDS: Holds = {
  flushes: true,
  discards: true,
  disks: 'names',
  latency: 'sometimes',
  flags: true,
  pid: true,
  stepNs: 1,
};
/** Block extended major number: what the kernel gives devices without one of their own. */
const MAJOR = 259;
const POINT = '.';

class BlkparseSink extends RowLines {
  /** `MAJ,MIN  0 ` of each disk. */
  private readonly devices: readonly Uint8Array[];
  private readonly renamed: number;
  private events = 0;
  private unknownPids = 0;

  /** Completions that wait: a heap by time and then by number, columns by slot. */
  private heap: number[] = [];
  private readonly free: number[] = [];
  private readonly doneNs: number[] = [];
  private readonly order: number[] = [];
  private readonly sector: number[] = [];
  private readonly sectors: number[] = [];
  private readonly pid: number[] = [];
  private readonly disk: number[] = [];
  private readonly kind: number[] = [];
  private issued = 0;

  constructor(trace: WrittenTrace, bytes: ByteSink) {
    super(trace, bytes, 'blkparse', HOLDS);
    const known = /^([0-9]{1,4}),([0-9]{1,7})$/;
    this.renamed = trace.diskNames.filter((name) => !known.test(name)).length;
    this.devices = trace.diskNames.map((name, number) => {
      const [major, minor] = this.renamed > 0 ? [`${MAJOR}`, `${number}`] : name.split(',');
      return Buffer.from(`${major!.padStart(3)},${minor!.padEnd(3)}  0 `, 'latin1');
    });
  }

  override finish(): readonly Loss[] {
    const losses = [...super.finish()];
    if (this.renamed > 0) {
      losses.push({
        sentence: 'blkparse has no place for names of disks, numbered 259,0 and on: #',
        count: this.renamed,
      });
    }
    if (this.unknownPids > 0) {
      losses.push({ sentence: 'process ids that are not known, written as 0: #', count: this.unknownPids });
    }
    return losses;
  }

  protected row(block: RowBlock, i: number): void {
    const timeNs = block.timeNs[i]!;
    this.completeUntil(timeNs);
    const pid = block.pid[i]!;
    if (pid < 0) this.unknownPids++;
    const kind = block.op[i]! * 16 + (block.flags[i]! & 15);
    const sector = block.offset[i]! / SECTOR_BYTES;
    const sectors = block.lengthBytes[i]! / SECTOR_BYTES;
    this.event(block.disk[i]!, timeNs, Math.max(0, pid), 'D', kind, sector, sectors);
    if (block.latencyNs[i]! >= 0) this.wait(block, i, kind, sector, sectors);
  }

  protected override ending(): void {
    this.completeUntil(Number.POSITIVE_INFINITY);
  }

  private event(
    disk: number,
    timeNs: number,
    pid: number,
    action: 'D' | 'C',
    kind: number,
    sector: number,
    sectors: number,
  ): void {
    const { out } = this;
    out.room();
    out.put(this.devices[disk]!);
    padded(out, ++this.events, 8);
    out.text(' ');
    const seconds = Math.floor(timeNs / NS_PER_S);
    padded(out, seconds, 5);
    out.text(POINT);
    out.digits(timeNs - seconds * NS_PER_S, 9);
    out.text(' ');
    padded(out, pid, 5);
    out.text(`  ${action} ${RWBS_TEXT[kind]!.padStart(3)} `);
    if (kind >> 4 === OP_FLUSH) {
      out.text(action === 'C' ? '0 [0]\n' : '[fvp]\n');
      return;
    }
    out.decimal(sector);
    out.text(' + ');
    out.decimal(sectors);
    out.text(action === 'C' ? ' [0]\n' : ' [fvp]\n');
  }

  private wait(block: RowBlock, i: number, kind: number, sector: number, sectors: number): void {
    const slot = this.free.pop() ?? this.doneNs.length;
    this.doneNs[slot] = block.timeNs[i]! + block.latencyNs[i]!;
    this.order[slot] = this.issued++;
    this.sector[slot] = sector;
    this.sectors[slot] = sectors;
    this.pid[slot] = Math.max(0, block.pid[i]!);
    this.disk[slot] = block.disk[i]!;
    this.kind[slot] = kind;
    let at = this.heap.push(slot) - 1;
    while (at > 0 && this.before(slot, this.heap[(at - 1) >> 1]!)) {
      this.heap[at] = this.heap[(at - 1) >> 1]!;
      at = (at - 1) >> 1;
    }
    this.heap[at] = slot;
  }

  private before(a: number, b: number): boolean {
    const difference = this.doneNs[a]! - this.doneNs[b]!;
    return difference < 0 || (difference === 0 && this.order[a]! < this.order[b]!);
  }

  private completeUntil(timeNs: number): void {
    const { heap } = this;
    while (heap.length > 0 && this.doneNs[heap[0]!]! <= timeNs) {
      const slot = heap[0]!;
      const moved = heap.pop()!;
      if (heap.length > 0) {
        let at = 0;
        for (;;) {
          let child = 2 * at + 1;
          if (child >= heap.length) break;
          if (child + 1 < heap.length && this.before(heap[child + 1]!, heap[child]!)) child++;
          if (!this.before(heap[child]!, moved)) break;
          heap[at] = heap[child]!;
          at = child;
        }
        heap[at] = moved;
      }
      this.free.push(slot);
      this.event(
        this.disk[slot]!,
        this.doneNs[slot]!,
        this.pid[slot]!,
        'C',
        this.kind[slot]!,
        this.sector[slot]!,
        this.sectors[slot]!,
      );
    }
  }
}

function padded(out: { text(text: string): void }, value: number, width: number): void {
  out.text(String(value).padStart(width));
}

export const blkparseWriter: TraceWriter = {
  name: 'blkparse',
  suffixes: ['.blkparse'],
  lacks: 'names of disks other than MAJOR,MINOR',
  open: (trace, bytes) => new BlkparseSink(trace, bytes),
};
