/**
 * Which crash points a case comes by, and at which of them a host is stopped. A point is a step of a transition, and
 * whether the host is about to emit or consume something there, or has just done so. What that is in each step is for
 * the exhaustive run: reference/testing/crash-points.
 */
import type { Probe } from '../../cluster/faults/fault-plane.ts';
import type { Control } from '../../fvp/control.ts';
import type { Host } from '../../fvp/host.ts';
import { transitionsOf } from '../../fvp/transitions/transitions.ts';
import { BugError } from '../../kernel/errors.ts';
import { RandomStream } from '../../kernel/random.ts';

/** The host that comes by one of these points, as the `occurrence`th in all, is stopped there. */
export interface Aim {
  /** As `cell * POINTS.length + point`. */
  readonly points: readonly number[];
  readonly occurrence: number;
}

/** Only the tables of steps are looked at, and they need nothing of a host. */
const TRANSITIONS = transitionsOf({} as Control);
const STEPS_MOST = 16;
/** Every step of every transition, as `transition * STEPS_MOST + step`. */
const CELLS = TRANSITIONS.flatMap(({ steps }, transition) =>
  steps.map((_, step) => transition * STEPS_MOST + step),
);

/** `transition/step`, of every step there is. */
export const STEP_NAMES: readonly string[] = CELLS.map(stepName);

/** Share of cases in which a crash is aimed, percent. @source assumed */
const AIMED = 70;
/** Steps aimed at: the one that the case comes by first counts, and it may come by neither. @source assumed */
const AIMS = 2;

/** What a host consumes, as the fault plane names it; everything else it emits. */
const CONSUMED: readonly string[] = ['request', 'flash', 'datastore', 'delivery', 'timer'];
const POINTS = ['before an output', 'after an output', 'before an input', 'after an input'] as const;

/**
 * Points that seeds seldom come by, or pass in few ways: where 2,000 seeds stopped no host while they aimed at steps
 * alone. Some cases aim at all of them, so that whoever comes by one is stopped.
 */
const SELDOM: readonly number[] = [
  'open/wait for the lease of a silent holder|before an output',
  'open/raise the epoch|before an output',
  'open/load the log|before an output',
  'open/load the log|after an output',
  'open/load the log|before an input',
  'open/load the log|after an input',
  'open/destage all|after an input',
  'open/write record: WT, clean|before an input',
  'open/release holders|after an output',
  'open/let go of an orphan|before an output',
  'open/let go of an orphan|before an input',
  'open/let go of an orphan|after an input',
  'repair/copy the log|after an input',
  'close/finish writes|before an output',
  'close/finish writes|after an output',
].map(pointNamed);
/** Share of cases that aim at these, percent. @source assumed */
const AIMED_SELDOM = 15;

export function drawAim(seed: number): Aim | undefined {
  const random = new RandomStream(seed, 'fuzz aim');
  const dice = random.nextBelow(100);
  if (dice >= AIMED + AIMED_SELDOM) return undefined;
  if (dice >= AIMED) return { points: SELDOM, occurrence: 1 + random.nextBelow(3) };
  const cells = Array.from({ length: AIMS }, () => CELLS[random.nextBelow(CELLS.length)]!);
  const points = cells.flatMap((cell) => POINTS.map((_, point) => cell * POINTS.length + point));
  // Steps differ in how many points they have: one in three is looked for beyond the first few.
  const occurrence = 1 + random.nextBelow(random.nextBelow(3) === 0 ? 40 : 6);
  return { points, occurrence };
}

export class CellProbe implements Probe {
  /** Where the aim was met. */
  crashedAt: string | undefined;
  private readonly aim: Aim | undefined;
  /** By cell x points. */
  private readonly passed = new Uint8Array(TRANSITIONS.length * STEPS_MOST * POINTS.length);
  private readonly pointOf = new Map<string, number>();
  private occurrences = 0;
  private machineOf: (host: number) => Host | undefined = () => undefined;
  private isLoaded: () => boolean = () => false;

  constructor(aim: Aim | undefined) {
    this.aim = aim;
  }

  attach(machineOf: (host: number) => Host | undefined, isLoaded: () => boolean): void {
    this.machineOf = machineOf;
    this.isLoaded = isLoaded;
  }

  crashes(host: number, what: string): boolean {
    const machine = this.machineOf(host);
    if (machine === undefined) return false;
    for (const { transition, step, dead } of machine.disks) {
      if (transition < 0 || step < 0 || dead || !this.isLoaded()) continue;
      const cell = transition * STEPS_MOST + step;
      const point = this.point(what);
      this.passed[cell * POINTS.length + point] = 1;
      const { aim } = this;
      if (aim === undefined || this.crashedAt !== undefined) continue;
      if (!aim.points.includes(cell * POINTS.length + point)) continue;
      if (++this.occurrences < aim.occurrence) continue;
      this.crashedAt = `${stepName(cell)}|${POINTS[point]}`;
      return true;
    }
    return false;
  }

  private point(what: string): number {
    let point = this.pointOf.get(what);
    if (point === undefined) {
      const [when, ...rest] = what.split(' ');
      point = (CONSUMED.includes(rest.join(' ')) ? 2 : 0) + (when === 'after' ? 1 : 0);
      this.pointOf.set(what, point);
    }
    return point;
  }

  /** `transition/step` of everything that a host of the cluster is working on now. */
  underWay(hosts: readonly Host[]): string[] {
    const steps = new Set<string>();
    for (const { disks } of hosts)
      for (const { transition, step, dead } of disks)
        if (transition >= 0 && step >= 0 && !dead) steps.add(stepName(transition * STEPS_MOST + step));
    return [...steps];
  }

  /** Points come by, `transition/step|point`. */
  points(): string[] {
    return [...this.passed.keys()]
      .filter((at) => this.passed[at] === 1)
      .map((at) => `${stepName(Math.floor(at / POINTS.length))}|${POINTS[at % POINTS.length]}`);
  }
}

function pointNamed(name: string): number {
  for (const cell of CELLS)
    for (const [point, when] of POINTS.entries())
      if (`${stepName(cell)}|${when}` === name) return cell * POINTS.length + point;
  throw new BugError(`there is no crash point ${name}`);
}

function stepName(cell: number): string {
  const { name, steps } = TRANSITIONS[Math.floor(cell / STEPS_MOST)]!;
  return `${name}/${steps[cell % STEPS_MOST]!.name}`;
}
