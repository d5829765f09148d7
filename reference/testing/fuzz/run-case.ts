/** Runs one case of the cluster tester to its end and asks every checker. */
import type { PlaneWatcher, Probe } from '../../cluster/faults/fault-plane.ts';
import { ListSource } from '../../cluster/plain-scenario.ts';
import { ClusterRun } from '../../cluster/run-cluster.ts';
import type { Host } from '../../fvp/host.ts';
import { hash2, hashName } from '../../kernel/random.ts';
import type { Verdict, World } from '../checkers/checker.ts';
import { allCheckers } from '../checkers/checkers.ts';
import { StampedContent } from '../stamped-content.ts';
import { CellProbe } from './cells.ts';
import type { FuzzCase } from './draw-case.ts';

export interface CaseResult {
  readonly seed: number;
  /** Only of those that do not pass. */
  readonly objections: readonly Verdict[];
  /** What the host program threw, if it did. */
  readonly crash: string | undefined;
  /** Of everything that happened, in order: the same seed gives the same one on every machine. */
  readonly hash: string;
  readonly operations: number;
  /** Events that took place, by kind. */
  readonly faults: Readonly<Record<string, number>>;
  readonly recoveries: number;
  readonly migrations: number;
  readonly repairs: number;
  readonly declaredLost: number;
  /** Crash points come by, and the one at which a host was stopped; `transition/step|point`. */
  readonly points: readonly string[];
  readonly crashedAt: string | undefined;
  /** `transition/step|kind`: what was under way when an event of the schedule took place. */
  readonly faultsAt: readonly string[];
}

/** How long the load of a case lasts at the most, about. */
const EXPECTED_NS = 8e9;

/** A host that a probe has stopped starts again after this. */
const RESTART_NS = 150e6;

/** @param probe stops hosts at points of its choice; it is told of the run as soon as there is one */
export function runCase(
  fuzz: FuzzCase,
  probe?: Probe & {
    attach(machineOf: (host: number) => Host | undefined, isLoaded: () => boolean): void;
  },
): CaseResult {
  const cells = new CellProbe(fuzz.aim);
  const faultsAt = new Set<string>();
  const content = new StampedContent();
  const world: World = { content, run: undefined, beyond: fuzz.beyond };
  const checkers = allCheckers(world);
  content.onAcknowledged = (io) => {
    for (const checker of checkers) checker.acknowledged(io);
  };
  const watcher = watchedByAll(checkers.map((checker) => checker.watcher));
  let crash: string | undefined;
  try {
    const run = new ClusterRun(
      fuzz.scenario,
      fuzz.loads.map((load) => ({ source: new ListSource(load) })),
      {
        mode: fuzz.mode,
        seed: fuzz.seed,
        content,
        expectedNs: EXPECTED_NS,
        faults: {
          events: fuzz.events,
          weather: fuzz.weather,
          clocks: fuzz.clocks,
          tearing: fuzz.tearing,
          watcher: {
            ...watcher,
            eventBegins: (kind) => {
              for (const step of cells.underWay(world.run!.runtime.fvpHosts)) faultsAt.add(`${step}|${kind}`);
            },
            crashed: (host) => {
              const plane = world.run?.plane;
              plane?.at(plane.nowNs + RESTART_NS, () => plane.restart(host));
            },
          },
          probe: probe ?? cells,
        },
      },
    );
    world.run = run;
    (probe ?? cells).attach(
      (host) => run.plane!.machineOf(host),
      () => run.progressNs > 0,
    );
    while (run.advance(10_000));
    for (const checker of checkers) checker.ended();
  } catch (error) {
    crash = error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
  const history = world.run?.historySoFar ?? [];
  const count = (test: (entry: (typeof history)[number]) => boolean) => history.filter(test).length;
  const faults: Record<string, number> = {};
  for (const { event } of history)
    if (event !== 'state' && event !== 'vm' && event !== 'degraded') faults[event] = (faults[event] ?? 0) + 1;
  return {
    seed: fuzz.seed,
    objections: checkers.map((checker) => checker.verdict()).filter(({ valid }) => valid !== true),
    crash,
    hash: hashOf([...history.map((entry) => JSON.stringify(entry)), ...content.completions]),
    operations: content.completions.length,
    faults,
    recoveries: count(({ state }) => state === 'REPLAYING'),
    migrations: faults['migrate'] ?? 0,
    repairs: count(({ state }) => state === 'WB_RESYNC'),
    declaredLost: count(({ event, detail }) => event === 'vm' && detail === 'lost'),
    points: cells.points(),
    crashedAt: cells.crashedAt,
    faultsAt: [...faultsAt],
  };
}

export function watchedByAll(watchers: readonly PlaneWatcher[]): PlaneWatcher {
  return {
    recordReplaced: (...told) => {
      for (const watcher of watchers) watcher.recordReplaced?.(...told);
    },
    leaseBegun: (...told) => {
      for (const watcher of watchers) watcher.leaseBegun?.(...told);
    },
    lockReleased: (...told) => {
      for (const watcher of watchers) watcher.lockReleased?.(...told);
    },
    datastoreWritten: (...told) => {
      for (const watcher of watchers) watcher.datastoreWritten?.(...told);
    },
    stateChanged: (...told) => {
      for (const watcher of watchers) watcher.stateChanged?.(...told);
    },
    message: (...told) => {
      for (const watcher of watchers) watcher.message?.(...told);
    },
    flashRecordSubmitted: (...told) => {
      for (const watcher of watchers) watcher.flashRecordSubmitted?.(...told);
    },
  };
}

/** 64 bits over lines, as hexadecimal digits. */
function hashOf(lines: readonly string[]): string {
  let low = 1;
  let high = 2;
  for (const line of lines) {
    const hash = hashName(line);
    low = hash2(low, hash);
    high = hash2(high, low ^ hash);
  }
  return [high, low].map((word) => (word >>> 0).toString(16).padStart(8, '0')).join('');
}
