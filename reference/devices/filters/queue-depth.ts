/** Limits how many requests are under way below; REQUEST_RESERVED is not counted and waits for nobody. */
import {
  BUSY,
  type DeviceContext,
  DONE,
  defineFilter,
  type Fault,
  type FilterStatistics,
  type NextDevice,
  QUEUED,
  REQUEST_RESERVED,
  type SubmitAnswer,
} from '../api.ts';
import { HeldRequests } from '../held-requests.ts';
import { choiceParameter, countParameter, type ParametersOf } from '../parameters.ts';
import { PassThrough } from '../pass-through.ts';
import { TokenTable } from '../token-table.ts';

const parameters = {
  depth: countParameter({
    description: 'Most requests under way at once.',
    default: 32,
    min: 1,
    max: 1_000_000,
    source: 'Serial ATA native command queuing: 32',
  }),
  full: choiceParameter({
    description: 'What happens to more: wait (in order, here), or busy (the caller has to keep them).',
    default: 'wait',
    choices: ['wait', 'busy'],
    source: 'assumed',
  }),
};

type QueueDepthParameters = ParametersOf<typeof parameters>;

/** What is under way below: counted, or reserved. */
const COUNTED = 1;
const RESERVED = 0;

class QueueDepth extends PassThrough {
  private readonly depth: number;
  private readonly refuses: boolean;
  private readonly held = new HeldRequests();
  private readonly kinds = new TokenTable(1);
  private underWay = 0;
  /** The caller has been answered BUSY and not been told since that it may go on. */
  private refused = false;
  private limited = 0;
  private underWayMax = 0;

  constructor({ depth, full }: QueueDepthParameters, context: DeviceContext, next: NextDevice) {
    super(context, next);
    this.depth = depth;
    this.refuses = full === 'busy';
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
    const { held, context } = this;
    const counted = (flags & REQUEST_RESERVED) === 0;
    if (counted && (this.underWay >= this.depth || held.size > 0)) {
      this.limited++;
      if (this.refuses) {
        this.refused = true;
        return BUSY;
      }
      held.push(operation, unit, address, bytes, flags, token, key);
      return QUEUED;
    }
    this.begin(token, counted ? COUNTED : RESERVED);
    const answer = this.next.submit(operation, unit, address, bytes, flags, token, key);
    if (answer === QUEUED) return QUEUED;
    this.kinds.take(token);
    if (counted) this.underWay--;
    if (answer === BUSY) this.refused = true;
    else if (answer === DONE) context.completeAt(context.nowNs, token);
    return answer === DONE ? QUEUED : BUSY;
  }

  override completed(timeNs: number, token: number): void {
    this.context.completeAt(timeNs, token);
    this.ended(timeNs, token);
  }

  override faulted(timeNs: number, token: number, fault: Fault, sector: number): void {
    this.context.faultAt(timeNs, token, fault, sector);
    this.ended(timeNs, token);
  }

  /** A request that counted has completed. */
  override fire(): void {
    this.underWay--;
    this.goOn();
  }

  override ready(): void {
    this.goOn();
  }

  statistics(): FilterStatistics {
    return { limited: this.limited, underWayMax: this.underWayMax };
  }

  private begin(token: number, kind: number): void {
    const { kinds } = this;
    kinds.values[kinds.add(token)] = kind;
    if (kind === COUNTED && ++this.underWay > this.underWayMax) this.underWayMax = this.underWay;
  }

  private ended(timeNs: number, token: number): void {
    this.kinds.take(token);
    if (this.kinds.taken[0] === COUNTED) this.context.fireAt(timeNs, 0);
  }

  private goOn(): void {
    const { held, next, context, kinds } = this;
    while (held.size > 0 && this.underWay < this.depth) {
      this.begin(held.firstToken, COUNTED);
      const answer = held.offerFirst(next);
      if (answer === QUEUED) continue;
      kinds.take(held.token);
      this.underWay--;
      if (answer === BUSY) return;
      context.completeAt(context.nowNs, held.token);
    }
    if (this.refused && this.underWay < this.depth) {
      this.refused = false;
      context.ready();
    }
  }
}

export default defineFilter<QueueDepthParameters>({
  name: 'queue-depth',
  summary: 'Limits how many requests are under way at once.',
  parameters,
  create: (queueDepth, context, next) => new QueueDepth(queueDepth, context, next),
});
