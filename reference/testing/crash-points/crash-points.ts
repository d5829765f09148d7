/**
 * Crashes at every point, not at random: a host is stopped before and after every output it emits and everything it
 * consumes while a transition is under way. Points are named by transition, step and what happens there; the names come
 * from the product's own tables, so that a step without a case shows.
 */
import type { ClusterEvent } from '../../cluster/faults/cluster-event.ts';
import { CALM, type Probe } from '../../cluster/faults/fault-plane.ts';
import { deviceOf, type PlainIo, plainScenario } from '../../cluster/plain-scenario.ts';
import fixed from '../../devices/models/fixed.ts';
import type { Host } from '../../fvp/host.ts';
import type { ModeName } from '../../fvp/mode.ts';
import { OP_FLUSH, OP_READ, OP_WRITE } from '../../kernel/io.ts';
import { RandomStream } from '../../kernel/random.ts';
import type { FuzzCase } from '../fuzz/draw-case.ts';
import { type CaseResult, runCase } from '../fuzz/run-case.ts';

const MS = 1e6;

/** A course of events that leads through transitions. */
export interface Course {
  readonly name: string;
  readonly mode: ModeName;
  readonly events: readonly ClusterEvent[];
}

export const COURSES: readonly Course[] = [
  {
    name: 'arms, drains and arms again',
    mode: 'write-back+1',
    events: [
      { atNs: 5 * MS, kind: 'set-mode', vm: 0, mode: 'write-through' },
      { atNs: 15 * MS, kind: 'set-mode', vm: 0, mode: 'write-back+2' },
    ],
  },
  {
    name: 'loses a holder and replaces it',
    mode: 'write-back+1',
    events: [{ atNs: 8 * MS, kind: 'crash', hosts: [1] }],
  },
  {
    name: 'loses a holder and has no other',
    mode: 'write-back+2',
    events: [
      { atNs: 8 * MS, kind: 'crash', hosts: [1, 2] },
      { atNs: 400 * MS, kind: 'restart', hosts: [1, 2] },
    ],
  },
  {
    name: 'loses its owner',
    mode: 'write-back+2',
    events: [{ atNs: 8 * MS, kind: 'crash', hosts: [0] }],
  },
  {
    name: 'loses the flash under it',
    mode: 'write-back+1',
    events: [{ atNs: 8 * MS, kind: 'lose-flash', host: 0 }],
  },
  {
    // The only holder cannot take the lock: a host without the log pulls it.
    name: 'loses its owner and is opened by a host without its log',
    mode: 'write-back+1',
    events: [
      { atNs: 8 * MS, kind: 'partition', a: [], b: [], fromDatastore: [1] },
      { atNs: 9 * MS, kind: 'crash', hosts: [0] },
      { atNs: 20_000 * MS, kind: 'heal' },
      { atNs: 20_000 * MS, kind: 'restart', hosts: [0] },
    ],
  },
  {
    name: 'loses its owner, who alone has its log',
    mode: 'write-back',
    events: [
      { atNs: 8 * MS, kind: 'crash', hosts: [0] },
      { atNs: 17_000 * MS, kind: 'restart', hosts: [0] },
    ],
  },
  {
    name: 'moves to another host',
    mode: 'write-back+1',
    events: [{ atNs: 8 * MS, kind: 'migrate', vm: 0, to: 2 }],
  },
];

/** A point that was reached: its name, and on which host it came as which of this name. */
export interface CrashPoint {
  readonly host: number;
  readonly point: string;
  readonly occurrence: number;
}

/** `transition/step` of what the host is working on; empty when nothing is under way. */
function workOf(machine: Host | undefined): string {
  for (const disk of machine?.disks ?? []) {
    if (disk.transition < 0 || disk.dead) continue;
    const { name, steps } = machine!.control.transitions[disk.transition]!;
    return `${name}/${steps[Math.max(0, disk.step)]?.name ?? ''}`;
  }
  return '';
}

function caseOf(course: Course, seed: number): FuzzCase {
  const random = new RandomStream(seed, 'crash points');
  const load: PlainIo[] = [];
  for (let i = 0; i < 120; i++) {
    const op = i % 11 === 10 ? OP_FLUSH : i % 3 === 2 ? OP_READ : OP_WRITE;
    const length = 1 + random.nextBelow(12);
    const offset = 512 * random.nextBelow(256 - length);
    load.push(
      op === OP_FLUSH
        ? { atNs: i * 0.25 * MS, op }
        : { atNs: i * 0.25 * MS, op, offset, bytes: length * 512 },
    );
  }
  const scenario = plainScenario({
    hosts: 4,
    vms: [0],
    datastore: deviceOf(fixed, { read: '400us', write: '900us', flush: '100us' }),
    flashCapacityBytes: 24 * 2 ** 20,
    fvp: {
      dirtyLimitBytes: 2 ** 20,
      checkpointIntervalNs: 4 * MS,
      drainBoundNs: 2e9,
      lease: { renewNs: 50 * MS, durationNs: 200 * MS, drift: 1e-3 },
      replication: {
        resendNs: 8 * MS,
        timeoutNs: 30 * MS,
        replacementNs: 90 * MS,
        outside: 0,
        resyncRecords: 16,
        compression: null,
      },
      retry: { firstNs: 50 * MS, mostNs: 400 * MS },
      remoteReadsNs: 60e9,
    },
  });
  return {
    seed,
    scenario,
    mode: course.mode,
    loads: [load],
    events: course.events,
    weather: CALM,
    clocks: scenario.hosts.map(() => ({ offsetNs: 0, drift: 0 })),
    tearing: true,
    aim: undefined,
    beyond: false,
  };
}

/** Counts, or crashes at one point; a host that crashes starts again after a while. */
class PointProbe implements Probe {
  readonly reached = new Map<string, number>();
  private machineOf: (host: number) => Host | undefined = () => undefined;
  hit = false;
  private readonly target: CrashPoint | undefined;

  constructor(target: CrashPoint | undefined) {
    this.target = target;
  }

  private isLoaded: () => boolean = () => false;

  attach(machineOf: (host: number) => Host | undefined, isLoaded: () => boolean): void {
    this.machineOf = machineOf;
    this.isLoaded = isLoaded;
  }

  crashes(host: number, what: string): boolean {
    const work = workOf(this.machineOf(host));
    if (work === '' || !this.isLoaded()) return false;
    const point = `${work}|${what}`;
    const key = `${host} ${point}`;
    const occurrence = (this.reached.get(key) ?? 0) + 1;
    this.reached.set(key, occurrence);
    const { target } = this;
    if (target === undefined || this.hit || target.host !== host || target.point !== point) return false;
    this.hit = occurrence === target.occurrence;
    return this.hit;
  }
}

/** Every point that a course leads through, its first and its last occurrence. */
export function pointsOf(course: Course, seed: number): CrashPoint[] {
  const probe = new PointProbe(undefined);
  runCase(caseOf(course, seed), probe);
  return [...probe.reached].flatMap(([key, count]) => {
    const space = key.indexOf(' ');
    const host = Number(key.slice(0, space));
    const point = key.slice(space + 1);
    return [...new Set([1, count])].map((occurrence) => ({ host, point, occurrence }));
  });
}

/** Runs a course with a crash at one point. */
export function crashAt(course: Course, seed: number, at: CrashPoint): CaseResult {
  return runCase(caseOf(course, seed), new PointProbe(at));
}
