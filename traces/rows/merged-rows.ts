/**
 * Merges the rows of several inputs by time; of equal times the input named first goes first. Each input is read
 * only as far as the merge has come.
 */
import {
  BLOCK_ROWS,
  copyBlock,
  copyRow,
  createPlacedBlock,
  type PlacedBlock,
  type RowStage,
} from './placed-block.ts';

/** The rows of one input that were read and not yet merged. */
export class RowQueue implements RowStage {
  ended = false;
  private readonly blocks: PlacedBlock[] = [];
  private readonly free: PlacedBlock[] = [];
  private first = 0;

  accept(block: PlacedBlock): void {
    const copy = this.free.pop() ?? createPlacedBlock();
    copyBlock(block, copy);
    this.blocks.push(copy);
  }

  end(): void {
    this.ended = true;
  }

  get empty(): boolean {
    return this.blocks.length === 0;
  }

  /** Time of the first row; there must be one. */
  get timeNs(): number {
    return this.blocks[0]!.timeNs[this.first]!;
  }

  takeInto(block: PlacedBlock): void {
    const head = this.blocks[0]!;
    copyRow(head, this.first++, block, block.length++);
    if (this.first === head.length) {
      this.free.push(head);
      this.blocks.shift();
      this.first = 0;
    }
  }
}

export interface QueuedInput {
  readonly queue: RowQueue;
  /** Reads on; rows may come into the queue, or its end. */
  readMore(): Promise<void>;
}

/** Merges all inputs into `downstream`, to their ends. */
export async function mergeRows(inputs: readonly QueuedInput[], downstream: RowStage): Promise<void> {
  const out = createPlacedBlock();
  // A binary heap of the inputs that have rows, by time and then by position.
  const heap: number[] = [];
  const before = (a: number, b: number): boolean => {
    const difference = inputs[a]!.queue.timeNs - inputs[b]!.queue.timeNs;
    return difference < 0 || (difference === 0 && a < b);
  };
  const sink = (): void => {
    let at = 0;
    for (;;) {
      let least = at;
      if (2 * at + 1 < heap.length && before(heap[2 * at + 1]!, heap[least]!)) least = 2 * at + 1;
      if (2 * at + 2 < heap.length && before(heap[2 * at + 2]!, heap[least]!)) least = 2 * at + 2;
      if (least === at) return;
      const moved = heap[at]!;
      heap[at] = heap[least]!;
      heap[least] = moved;
      at = least;
    }
  };
  const fill = async (input: QueuedInput): Promise<boolean> => {
    while (input.queue.empty && !input.queue.ended) await input.readMore();
    return !input.queue.empty;
  };
  for (let i = 0; i < inputs.length; i++) {
    if (!(await fill(inputs[i]!))) continue;
    let at = heap.push(i) - 1;
    while (at > 0 && before(heap[at]!, heap[(at - 1) >> 1]!)) {
      const parent = (at - 1) >> 1;
      const moved = heap[at]!;
      heap[at] = heap[parent]!;
      heap[parent] = moved;
      at = parent;
    }
  }
  while (heap.length > 0) {
    const input = inputs[heap[0]!]!;
    input.queue.takeInto(out);
    if (out.length === BLOCK_ROWS) {
      downstream.accept(out);
      out.length = 0;
    }
    if (input.queue.empty && !(await fill(input))) {
      const last = heap.pop()!;
      if (heap.length > 0) heap[0] = last;
    }
    if (heap.length > 0) sink();
  }
  if (out.length > 0) downstream.accept(out);
  downstream.end();
}
