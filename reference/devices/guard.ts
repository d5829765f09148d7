/**
 * Stands around a plug-in, device or filter, and checks every call in both directions, so that what a plug-in does wrong
 * is said with its name and the call. The models that come with fvp run without: their tests do the same.
 */
import { AppError, UsageError } from '../kernel/errors.ts';
import {
  BUSY,
  type Device,
  type DeviceContext,
  type DeviceStatistics,
  DONE,
  FAULT_CORRUPT,
  FAULT_ERROR,
  type Fault,
  type Filter,
  type FilterStatistics,
  type NextDevice,
  QUEUED,
  SECTOR_BYTES,
  type SubmitAnswer,
} from './api.ts';
import { OPERATION_NAMES } from './filters/by-operation.ts';
import { TokenTable } from './token-table.ts';

/** Calls of `fire` and `ready` without time going on, from which a plug-in is taken to run in circles. Assumed. */
const CALLS_AT_ONE_TIME_MAX = 1_000_000;

/** Columns of a request under way. */
const OPERATION = 0;
const BYTES = 1;
const SUBMITTED_NS = 2;
const COLUMNS = 3;

/** What a plug-in must keep; names are those of `fvp device validate`. */
export type Rule = 'calls' | 'no-lost-request' | 'back-pressure' | 'monotone-time' | 'conservation' | 'drain';

export class ContractBreach extends UsageError {
  readonly rule: Rule;

  constructor(rule: Rule, message: string, hint?: string) {
    super(message, hint === undefined ? {} : { hint });
    this.rule = rule;
  }
}

/**
 * Asks a model something outside a run.
 * @param plugIn as the person named it; undefined for a model of ours, whose errors are bugs
 */
export function askModel<Answer>(plugIn: string | undefined, call: string, ask: () => Answer): Answer {
  try {
    return ask();
  } catch (error) {
    if (plugIn === undefined || error instanceof AppError) throw error;
    const why = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    throw new ContractBreach('calls', `${plugIn}: ${call} threw ${why}`);
  }
}

/** What a plug-in of either kind may do wrong, and what it has been given. */
class Ledger {
  readonly requests = new TokenTable(COLUMNS);
  /** The plug-in answered BUSY and has not said `ready` since. */
  refusing = false;
  private readonly who: string;
  private readonly context: DeviceContext;
  private calledNs = -1;
  private calls = 0;

  constructor(who: string, context: DeviceContext) {
    this.who = who;
    this.context = context;
  }

  fault(rule: Rule, what: string, hint?: string): ContractBreach {
    return new ContractBreach(rule, `${this.who}: ${what}`, hint);
  }

  threw(call: string, error: unknown): Error {
    // What the plug-in's caller, or a plug-in around this one, has said already.
    if (error instanceof AppError) return error;
    const why = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    return this.fault('calls', `${call} threw ${why}`);
  }

  isTimely(timeNs: number): boolean {
    return Number.isSafeInteger(timeNs) && timeNs >= this.context.nowNs;
  }

  /** The error for a time that is not timely. */
  untimely(call: string, timeNs: number): ContractBreach {
    if (!Number.isSafeInteger(timeNs)) {
      return this.fault(
        'monotone-time',
        `${call}: ${timeNs} is no time`,
        'times are whole numbers of nanoseconds',
      );
    }
    return this.fault(
      'monotone-time',
      `${call}: time goes back, now is ${this.context.nowNs}`,
      'nothing can happen before context.nowNs',
    );
  }

  begin(token: number, operation: number, bytes: number): void {
    const place = this.requests.add(token);
    const { values } = this.requests;
    values[place + OPERATION] = operation;
    values[place + BYTES] = bytes;
    values[place + SUBMITTED_NS] = this.context.nowNs;
  }

  /** The error for a token that is not among the requests. */
  notUnderWay(call: string, token: number): ContractBreach {
    return this.fault(
      'no-lost-request',
      `${call}: token ${token} is not under way`,
      'a request is completed once, and only after it was submitted and not answered BUSY or DONE',
    );
  }

  checkFault(call: string, token: number, fault: number, sector: number): void {
    if (!this.requests.has(token)) throw this.notUnderWay(call, token);
    this.requests.take(token);
    const bytes = this.requests.taken[BYTES]!;
    const most = fault === FAULT_CORRUPT ? bytes / SECTOR_BYTES - 1 : bytes / SECTOR_BYTES;
    const isMessage = OPERATION_NAMES[this.requests.taken[OPERATION]!] === 'send';
    if (fault < FAULT_ERROR || fault > FAULT_CORRUPT)
      throw this.fault('calls', `${call}: ${fault} is no fault`);
    if (!Number.isInteger(sector) || sector < 0 || (sector > most && !isMessage)) {
      throw this.fault('calls', `${call}: the request of ${bytes} bytes has no sector ${sector}`);
    }
  }

  /** @param answer of a submit of `token`, which has been begun */
  answered(answer: unknown, call: string, token: number): void {
    if (answer === QUEUED) return;
    if (answer !== DONE && answer !== BUSY) {
      throw this.fault(
        'calls',
        `${call} answered ${String(answer)}`,
        'answers are DONE (0), QUEUED (1) and BUSY (2)',
      );
    }
    const name = answer === DONE ? 'DONE' : 'BUSY';
    if (!this.requests.has(token)) {
      throw this.fault(
        'no-lost-request',
        `${call} completed the request, and answered ${name}`,
        'then the answer is QUEUED',
      );
    }
    this.requests.take(token);
    if (answer === BUSY) this.refusing = true;
  }

  called(call: string): void {
    const { nowNs } = this.context;
    if (nowNs !== this.calledNs) {
      this.calledNs = nowNs;
      this.calls = 0;
    }
    if (++this.calls > CALLS_AT_ONE_TIME_MAX) {
      throw this.fault(
        'drain',
        `${call} has been called ${this.calls} times at ${nowNs} ns: time does not go on`,
      );
    }
  }

  /** What has been left undone; undefined for nothing. */
  unfinished(): ContractBreach | undefined {
    const token = this.requests.leastBy(SUBMITTED_NS);
    if (token !== undefined) {
      this.requests.take(token);
      const [operation, bytes, submittedNs] = this.requests.taken;
      return this.fault(
        'no-lost-request',
        `submit(${OPERATION_NAMES[operation!]}, ${bytes} bytes, token ${token}) at ${submittedNs} ns answered QUEUED, and the request is never completed`,
        'call context.completeAt or context.faultAt for it',
      );
    }
    return this.refusing
      ? this.fault('back-pressure', 'submit answered BUSY, and context.ready() is never called')
      : undefined;
  }
}

function submitCall(operation: number, unit: number, address: number, bytes: number, token: number): string {
  return `submit(${OPERATION_NAMES[operation] ?? operation}, unit ${unit}, address ${address}, ${bytes} bytes, token ${token})`;
}

/** What the plug-in is given instead of its context. */
class GuardedContext implements DeviceContext {
  readonly name: string;
  private readonly context: DeviceContext;
  private readonly ledger: Ledger;

  constructor(context: DeviceContext, ledger: Ledger) {
    this.name = context.name;
    this.context = context;
    this.ledger = ledger;
  }

  get nowNs(): number {
    return this.context.nowNs;
  }

  completeAt(timeNs: number, token: number): void {
    const { ledger } = this;
    if (!ledger.isTimely(timeNs)) throw ledger.untimely(`context.completeAt(${timeNs}, ${token})`, timeNs);
    if (!ledger.requests.has(token))
      throw ledger.notUnderWay(`context.completeAt(${timeNs}, ${token})`, token);
    ledger.requests.take(token);
    this.context.completeAt(timeNs, token);
  }

  faultAt(timeNs: number, token: number, fault: Fault, sector: number): void {
    const call = `context.faultAt(${timeNs}, ${token}, ${fault}, ${sector})`;
    if (!this.ledger.isTimely(timeNs)) throw this.ledger.untimely(call, timeNs);
    this.ledger.checkFault(call, token, fault, sector);
    this.context.faultAt(timeNs, token, fault, sector);
  }

  fireAt(timeNs: number, argument: number): void {
    const { ledger } = this;
    if (!ledger.isTimely(timeNs)) throw ledger.untimely(`context.fireAt(${timeNs}, ${argument})`, timeNs);
    if ((argument | 0) !== argument) {
      throw ledger.fault('calls', `context.fireAt(${timeNs}, ${argument}): the argument is no int32`);
    }
    this.context.fireAt(timeNs, argument);
  }

  ready(): void {
    this.ledger.called('context.ready()');
    this.ledger.refusing = false;
    this.context.ready();
  }

  draw(key: number, stage: number): number {
    return this.context.draw(key, stage);
  }
}

/** What a filter is given instead of the device below it. */
class GuardedNext implements NextDevice {
  /** Tokens under way below. */
  readonly below = new TokenTable(0);
  private readonly next: NextDevice;
  private readonly ledger: Ledger;

  constructor(next: NextDevice, ledger: Ledger) {
    this.next = next;
    this.ledger = ledger;
  }

  submit(
    operation: number,
    unit: number,
    address: number,
    bytes: number,
    flags: number,
    token: number,
    key: number,
  ): SubmitAnswer {
    if (this.below.has(token)) {
      const call = submitCall(operation, unit, address, bytes, token);
      throw this.ledger.fault('no-lost-request', `next.${call}: the token is under way below already`);
    }
    this.below.add(token);
    const answer = this.next.submit(operation, unit, address, bytes, flags, token, key);
    if (answer !== QUEUED) this.below.take(token);
    return answer;
  }
}

/** A layer that can say what it has left undone. */
export interface Guarded {
  unfinished(): ContractBreach | undefined;
}

class Guard<Inner extends NextDevice & { fire(argument: number): void }> implements Guarded {
  protected readonly ledger: Ledger;
  protected readonly inner: Inner;

  constructor(
    who: string,
    context: DeviceContext,
    create: (context: DeviceContext, ledger: Ledger) => Inner,
  ) {
    this.ledger = new Ledger(who, context);
    try {
      this.inner = create(new GuardedContext(context, this.ledger), this.ledger);
    } catch (error) {
      throw this.ledger.threw('create()', error);
    }
    const lacks = ['submit', 'fire', 'statistics'].find(
      (method) =>
        typeof (this.inner as Readonly<Record<string, unknown>> | undefined)?.[method] !== 'function',
    );
    if (lacks !== undefined) throw this.ledger.fault('calls', `create() returned no ${lacks} function`);
  }

  submit(
    operation: number,
    unit: number,
    address: number,
    bytes: number,
    flags: number,
    token: number,
    key: number,
  ): SubmitAnswer {
    this.ledger.begin(token, operation, bytes);
    let answer: SubmitAnswer;
    try {
      answer = this.inner.submit(operation, unit, address, bytes, flags, token, key);
    } catch (error) {
      throw this.ledger.threw(submitCall(operation, unit, address, bytes, token), error);
    }
    if (answer !== QUEUED)
      this.ledger.answered(answer, submitCall(operation, unit, address, bytes, token), token);
    return answer;
  }

  fire(argument: number): void {
    this.ledger.called('fire');
    try {
      this.inner.fire(argument);
    } catch (error) {
      throw this.ledger.threw(`fire(${argument})`, error);
    }
  }

  unfinished(): ContractBreach | undefined {
    return this.ledger.unfinished();
  }

  protected figures<Figures extends Readonly<Record<string, number>>>(
    read: () => Figures,
    wanted: readonly string[],
  ): Figures {
    let figures: Figures;
    try {
      figures = read();
    } catch (error) {
      throw this.ledger.threw('statistics()', error);
    }
    if (typeof figures !== 'object' || figures === null)
      throw this.ledger.fault('conservation', 'statistics() returns no object');
    const wrong = [...wanted, ...Object.keys(figures)].find((name) => !Number.isFinite(figures[name]));
    if (wrong !== undefined) {
      throw this.ledger.fault(
        'conservation',
        `statistics().${wrong} is ${String(figures[wrong])}`,
        'each figure is a number',
      );
    }
    return figures;
  }
}

export class GuardedDevice extends Guard<Device> implements Device {
  /** @param who for messages: `device ./tape.js (esx1/flash)` */
  constructor(who: string, context: DeviceContext, create: (context: DeviceContext) => Device) {
    super(who, context, create);
  }

  /** The error for figures that are not what was seen. */
  miscounted(what: string): ContractBreach {
    return this.ledger.fault('conservation', what);
  }

  statistics(): DeviceStatistics {
    return this.figures(() => this.inner.statistics(), ['busyNs', 'servers', 'requests', 'residenceNs']);
  }
}

export class GuardedFilter extends Guard<Filter> implements Filter {
  private readonly below: TokenTable;

  constructor(
    who: string,
    context: DeviceContext,
    next: NextDevice,
    create: (context: DeviceContext, next: NextDevice) => Filter,
  ) {
    let below!: TokenTable;
    super(who, context, (guarded, ledger) => {
      const guardedNext = new GuardedNext(next, ledger);
      below = guardedNext.below;
      return create(guarded, guardedNext);
    });
    this.below = below;
    const lacks = ['completed', 'faulted', 'ready'].find(
      (method) => typeof (this.inner as unknown as Readonly<Record<string, unknown>>)[method] !== 'function',
    );
    if (lacks !== undefined) throw this.ledger.fault('calls', `create() returned no ${lacks} function`);
  }

  completed(timeNs: number, token: number): void {
    this.below.take(token);
    try {
      this.inner.completed(timeNs, token);
    } catch (error) {
      throw this.ledger.threw(`completed(${timeNs}, ${token})`, error);
    }
  }

  faulted(timeNs: number, token: number, fault: Fault, sector: number): void {
    this.below.take(token);
    try {
      this.inner.faulted(timeNs, token, fault, sector);
    } catch (error) {
      throw this.ledger.threw(`faulted(${timeNs}, ${token}, ${fault}, ${sector})`, error);
    }
  }

  ready(): void {
    this.ledger.called('ready()');
    try {
      this.inner.ready();
    } catch (error) {
      throw this.ledger.threw('ready()', error);
    }
  }

  statistics(): FilterStatistics {
    return this.figures(() => this.inner.statistics(), []);
  }

  log(): readonly string[] {
    try {
      return (this.inner.log?.() ?? []).map(String);
    } catch (error) {
      throw this.ledger.threw('log()', error);
    }
  }
}
