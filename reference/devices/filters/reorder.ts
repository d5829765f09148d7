/** Collects requests and passes them on in another order: up to `depth` at once, or what has come within `wait`. */
import {
  BUSY,
  type DeviceContext,
  DONE,
  defineFilter,
  type FilterStatistics,
  type NextDevice,
  QUEUED,
  type SubmitAnswer,
} from '../api.ts';
import { HeldRequests } from '../held-requests.ts';
import { countParameter, type ParametersOf, timeParameter } from '../parameters.ts';
import { PassThrough } from '../pass-through.ts';
import { pick } from './fault-window.ts';

const parameters = {
  depth: countParameter({
    description: 'So many requests are collected and passed on in a random order.',
    default: 4,
    min: 2,
    max: 1024,
    source: 'assumed',
  }),
  wait: timeParameter({
    description: 'Longest time for which a request is kept back.',
    default: '100us',
    min: '1ns',
    source: 'assumed',
  }),
};

type ReorderParameters = ParametersOf<typeof parameters>;

class Reorder extends PassThrough {
  private readonly parameters: ReorderParameters;
  private readonly held = new HeldRequests();
  /** Those at the front that have been shuffled and are on their way; the device was too busy for them. */
  private leaving = 0;
  /** Number of the collection, so that the timer of an earlier one is known as late. */
  private collection = 0;
  private moved = 0;

  constructor(reorder: ReorderParameters, context: DeviceContext, next: NextDevice) {
    super(context, next);
    this.parameters = reorder;
  }

  override submit(
    operation: number,
    unit: number,
    address: number,
    bytes: number,
    flags: number,
    token: number,
    key: number,
  ): SubmitAnswer {
    const { held, context, parameters: reorder } = this;
    held.push(operation, unit, address, bytes, flags, token, key);
    const collected = held.size - this.leaving;
    if (collected === reorder.depth) this.shuffle();
    else if (collected === 1) context.fireAt(context.nowNs + reorder.wait, this.collection);
    return QUEUED;
  }

  override fire(collection: number): void {
    if (collection === this.collection) this.shuffle();
  }

  override ready(): void {
    this.release();
  }

  statistics(): FilterStatistics {
    return { collections: this.collection, moved: this.moved };
  }

  /** Fisher and Yates. */
  private shuffle(): void {
    const { held, context, leaving } = this;
    for (let last = held.size - leaving - 1; last > 0; last--) {
      const other = pick(context.draw(this.collection, last), last + 1);
      if (other === last) continue;
      held.swap(leaving + last, leaving + other);
      this.moved++;
    }
    this.collection = (this.collection + 1) | 0;
    this.leaving = held.size;
    this.release();
  }

  private release(): void {
    const { held, next, context } = this;
    while (this.leaving > 0) {
      const answer = held.offerFirst(next);
      if (answer === BUSY) return;
      this.leaving--;
      if (answer === DONE) context.completeAt(context.nowNs, held.token);
    }
  }
}

export default defineFilter<ReorderParameters>({
  name: 'reorder',
  summary: 'Passes requests on in another order.',
  parameters,
  create: (reorder, context, next) => new Reorder(reorder, context, next),
});
