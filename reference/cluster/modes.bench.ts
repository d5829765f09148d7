/**
 * tinybench tasks: I/Os per second of a whole cluster in each mode, on the preset `speed`, and the cost of one event
 * and of one recorded latency. Each task's name states how much one run of it does.
 */
import type { Bench } from 'tinybench';
import { MODE_NAMES, type ModeName } from '../fvp/mode.ts';
import { EventQueue } from '../kernel/event-queue.ts';
import { LatencyHistogram } from '../kernel/histogram.ts';
import {
  createRowBlock,
  type IoBatch,
  type IoSource,
  OP_READ,
  OP_WRITE,
  type RowBlock,
  SOURCE_END,
  SOURCE_READY,
  type SourceAnswer,
} from '../kernel/io.ts';
import { RandomStream } from '../kernel/random.ts';
import { ClusterRun } from './run-cluster.ts';
import { loadScenario } from './scenario/load-scenario.ts';

const IOS = 300_000;
const BLOCKS = 512 * 1024;
const EVENTS = 100_000;

/** About 18,000 I/Os per second with bursts, 70 % writes of 4 to 32 KiB, skewed over 2 GiB. */
export function speedRows(ios: number, seed: number): RowBlock {
  const rows = createRowBlock(ios);
  const random = new RandomStream(seed, 'speed');
  let timeNs = 0;
  for (let i = 0; i < ios; i++) {
    const meanNs = (i & 8191) < 4096 ? 25_000 : 85_000;
    timeNs += Math.floor(2 * meanNs * random.nextFraction());
    const size = random.nextFraction();
    const place = random.nextFraction();
    rows.timeNs[i] = timeNs;
    rows.op[i] = random.nextFraction() < 0.7 ? OP_WRITE : OP_READ;
    rows.lengthBytes[i] = 4096 * (1 + Math.floor(8 * size * size));
    rows.offset[i] = 4096 * Math.floor(BLOCKS * place * place * place);
  }
  rows.length = ios;
  return rows;
}

/** Rows at their times, whatever has completed. */
class RowsSource implements IoSource {
  readonly disks = 1;
  readonly wantsCompletions = false;
  private readonly rows: RowBlock;
  private at = 0;

  constructor(rows: RowBlock) {
    this.rows = rows;
  }

  next(_nowNs: number, batch: IoBatch): SourceAnswer {
    const { rows, at } = this;
    const count = Math.min(batch.capacity, rows.length - at);
    for (let i = 0; i < count; i++) {
      batch.arrivalNs[i] = rows.timeNs[at + i]!;
      batch.offset[i] = rows.offset[at + i]!;
      batch.lengthBytes[i] = rows.lengthBytes[at + i]!;
      batch.op[i] = rows.op[at + i]!;
    }
    this.at += count;
    batch.length = count;
    return count === 0 ? SOURCE_END : SOURCE_READY;
  }

  completed(): void {
    // Completions do not change an open loop.
  }
}

export async function addModeTasks(bench: Bench): Promise<void> {
  const rows = speedRows(IOS, 1);
  const scenario = (await loadScenario('speed', { fromFolder: '.' })).resolve({
    footprintBytes: BLOCKS * 4096,
  });
  const play = (mode: ModeName) => {
    const expectedNs = rows.timeNs[IOS - 1]!;
    const run = new ClusterRun(scenario, [{ source: new RowsSource(rows) }], { mode, seed: 1, expectedNs });
    while (run.advance(1e9));
  };
  for (const mode of MODE_NAMES) bench.add(`${mode}, ${IOS} I/Os`, () => play(mode));

  const random = new RandomStream(1, 'events');
  const delaysNs = Float64Array.from({ length: EVENTS }, () => random.nextBelow(1_000_000));
  for (const pending of [32, 256, 4096]) {
    const queue = new EventQueue();
    bench.add(`event queue with ${pending} pending, ${EVENTS} events`, () => {
      for (let i = 0; i < pending; i++) queue.push(queue.timeNs + delaysNs[i]!, 0, i);
      for (let i = 0; i < EVENTS; i++) {
        queue.pop();
        queue.push(queue.timeNs + delaysNs[i]!, 0, i);
      }
      while (queue.pop());
    });
  }
  const histogram = new LatencyHistogram();
  const values = Array.from(rows.timeNs.subarray(0, EVENTS), (timeNs) => 1000 + (timeNs % 50_000_000));
  bench.add(`latency histogram, ${EVENTS} records`, () => {
    for (let i = 0; i < EVENTS; i++) histogram.record(values[i]!);
  });
}
