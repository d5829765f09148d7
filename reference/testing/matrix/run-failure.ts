/** Runs one row of the failure matrix in one mode, with a steady load from one VM and every checker watching. */
import type { ClusterEvent, HistoryEntry } from '../../cluster/faults/cluster-event.ts';
import { ListSource, type PlainIo, plainScenario } from '../../cluster/plain-scenario.ts';
import { ClusterRun } from '../../cluster/run-cluster.ts';
import type { ResolvedDevice, ResolvedScenario } from '../../cluster/scenario/resolved.ts';
import { DEVICE_WRITE, defineDevice, FAULT_ERROR, QUEUED } from '../../devices/api.ts';
import { holdersOf } from '../../fvp/ft-record.ts';
import { modeOf } from '../../fvp/mode.ts';
import { DEFAULT_FVP_OPTIONS } from '../../fvp/options.ts';
import { assert } from '../../kernel/errors.ts';
import { OP_READ, OP_WRITE } from '../../kernel/io.ts';
import { formatNs } from '../../kernel/units.ts';
import type { World } from '../checkers/checker.ts';
import { allCheckers } from '../checkers/checkers.ts';
import { watchedByAll } from '../fuzz/run-case.ts';
import { StampedContent } from '../stamped-content.ts';
import { CURE_NS, FAULT_NS, type Failure, type MatrixMode, type StateName } from './failure-matrix.ts';

export interface FailureOutcome {
  readonly lost: boolean;
  /** Before anything is repaired by hand; see FailurePromise. */
  readonly finalState: StateName;
  /** At the end of the load, long after everything is repaired. */
  readonly endState: StateName;
  /** Longest that one I/O of the guest waited; infinite when it was never answered. */
  readonly worstStallNs: number;
  /** What checkers object to. */
  readonly objections: readonly string[];
  /** In which the promise is broken; empty when it is kept. */
  readonly broken: readonly string[];
}

const LOAD_NS = 160e9;
const BLOCK_BYTES = 4096;
const BLOCKS = 512;
const BURST = 32;

/** @param mode one for which the failure has a promise */
export function runFailure(failure: Failure, mode: MatrixMode): FailureOutcome {
  const promise = failure.promises[mode];
  assert(promise !== undefined, 'the row concerns the mode');
  let events = [...failure.events, ...(failure.quiet === true ? betweenRecordAndLog(mode) : [])];
  const cureNs = failure.cureNs ?? CURE_NS;
  events.push({ atNs: cureNs, kind: 'heal' }, { atNs: cureNs, kind: 'restart', hosts: [0, 1, 2, 3, 4] });
  if (failure.follow !== undefined) {
    const following = failure.follow(runOnce(failure, mode, events, promise.lost).history);
    assert(following.length > 0, 'what the events lead to is there');
    events = [...events, ...following];
  }
  const { history, source, ios, objections, run } = runOnce(failure, mode, events, promise.lost);
  let worstStallNs = 0;
  for (const [number, { atNs }] of ios.entries()) {
    const completedNs = source.completedNs[number]!;
    const waitedNs = Number.isNaN(completedNs) ? Number.POSITIVE_INFINITY : completedNs - atNs;
    if (waitedNs > worstStallNs) worstStallNs = waitedNs;
  }
  if (failure.badBlock === true && !modeOf(mode).writeBack)
    assert(run.result().failed > 0, 'the guest has met the bad block');
  const lost = run.isLost(0);
  const finalState = stateAt(history, lost ? Number.POSITIVE_INFINITY : cureNs);
  const endState = stateAt(history, run.result().loadNs);
  const broken = [...objections];
  if (lost !== promise.lost) broken.push(`data is ${lost ? '' : 'not '}lost`);
  if (finalState !== promise.state) broken.push(`ends in ${finalState}, not in ${promise.state}`);
  if (worstStallNs > promise.stallNs)
    broken.push(`the guest waits ${formatNs(worstStallNs)}, more than ${formatNs(promise.stallNs)}`);
  if (!lost && endState !== (modeOf(mode).writeBack ? 'WB' : 'WT') && endState !== promise.state)
    broken.push(`stays in ${endState} after everything is repaired`);
  return { lost, finalState, endState, worstStallNs, objections, broken };
}

/** Arms while the guest is silent, and crashes when the record is durable and the log still empty. */
function betweenRecordAndLog(mode: MatrixMode): ClusterEvent[] {
  return [
    { atNs: FAULT_NS - 3e9, kind: 'set-mode', vm: 0, mode: 'write-through' },
    { atNs: FAULT_NS - 0.3e9, kind: 'set-mode', vm: 0, mode },
    { atNs: FAULT_NS, kind: 'crash', hosts: [0] },
  ];
}

function runOnce(failure: Failure, mode: MatrixMode, events: readonly ClusterEvent[], mayLose: boolean) {
  const content = new StampedContent();
  const world: World = { content, run: undefined, beyond: mayLose };
  const checkers = allCheckers(world);
  content.onAcknowledged = (io) => {
    for (const checker of checkers) checker.acknowledged(io);
  };
  const ios = steadyLoad(failure);
  const source = new ListSource(ios);
  const run = new ClusterRun(scenarioOf(failure), [{ source }], {
    mode,
    seed: 1,
    content,
    expectedNs: LOAD_NS,
    faults: { events, watcher: watchedByAll(checkers.map(({ watcher }) => watcher)) },
  });
  world.run = run;
  const { replicas } = modeOf(mode);
  while (run.progressNs === 0 && run.advance(1));
  if (modeOf(mode).writeBack) {
    const holders = holdersOf(run.runtime.datastore.records[0]!);
    assert(holders.join() === [0, 1, 2].slice(0, replicas + 1).join(), 'the replicas are where the rows say');
  }
  while (run.advance(10_000));
  for (const checker of checkers) checker.ended();
  const objections = checkers
    .map((checker) => checker.verdict())
    .filter(({ valid }) => valid !== true)
    .map(({ checker, evidence }) => `${checker}: ${evidence.join('; ')}`);
  return { run, history: run.historySoFar, source, ios, objections };
}

function scenarioOf({ hostWithoutFlash, badBlock, noBuffer }: Failure): ResolvedScenario {
  const scenario = plainScenario({
    hosts: 5,
    ...(badBlock === true ? { datastore: badBlockDatastore() } : {}),
    ...(noBuffer === true ? { fvp: { destage: { ...DEFAULT_FVP_OPTIONS.destage, bufferBytes: 1 } } } : {}),
  });
  if (hostWithoutFlash !== true) return scenario;
  return {
    ...scenario,
    hosts: scenario.hosts.map((host, number) => (number === 3 ? { ...host, flash: null } : host)),
  };
}

/** Small writes and reads at 50 a second, 4 a second from 8 s on; a burst at the failure, so that data is dirty. */
function steadyLoad({ quiet }: Failure): PlainIo[] {
  const ios: PlainIo[] = [];
  let number = 0;
  const put = (atNs: number, op: number, block = (number++ * 37) % BLOCKS) =>
    ios.push({ atNs, op, offset: block * BLOCK_BYTES, bytes: BLOCK_BYTES });
  for (let atNs = 1e6; atNs < LOAD_NS; atNs += atNs < 8e9 ? 20e6 : 250e6) {
    if (quiet === true && atNs > FAULT_NS - 0.5e9 && atNs < FAULT_NS + 0.1e9) continue;
    // Just before the event, whose time is a multiple of the step.
    if (quiet !== true && atNs > FAULT_NS - 20e6 && atNs < FAULT_NS)
      for (let i = 0; i < BURST; i++) put(FAULT_NS - 300_000 + i * 1000, OP_WRITE, i);
    put(atNs, number % 2 === 0 ? OP_WRITE : OP_READ);
  }
  return ios.sort((a, b) => a.atNs - b.atNs);
}

/** The disk's state at the host where its VM is, as last told before a time. */
function stateAt(history: readonly HistoryEntry[], beforeNs: number): StateName {
  let host = 'esx1';
  let state = 'OFF';
  for (const entry of history) {
    if (entry.atNs >= beforeNs) break;
    if (entry.event === 'vm' && entry.detail === 'powered on') host = entry.host!;
    if (entry.event === 'vm' && entry.detail === 'lost') return 'LOST';
    if (entry.event === 'state' && (entry.host === host || entry.state === 'ORPHANED')) state = entry.state!;
  }
  return state as StateName;
}

/** As that of `plainScenario`; writes to the first 4 KiB fail for 10 s. */
function badBlockDatastore(): ResolvedDevice {
  const SERVICE_NS = 800_000;
  const model = defineDevice<unknown>({
    name: 'bad-block',
    summary: 'Writes to one block fail for a time.',
    roles: ['datastore'],
    parameters: {},
    create: (_, context) => {
      let requests = 0;
      return {
        submit: (operation, _unit, address, _bytes, _flags, token) => {
          requests++;
          const { nowNs } = context;
          const isBad = operation === DEVICE_WRITE && address < BLOCK_BYTES;
          if (isBad && nowNs > FAULT_NS - 1e6 && nowNs < FAULT_NS + 10e9)
            context.faultAt(nowNs + SERVICE_NS, token, FAULT_ERROR, 0);
          else context.completeAt(nowNs + SERVICE_NS, token);
          return QUEUED;
        },
        fire: () => {},
        statistics: () => ({ busyNs: 0, servers: 1, requests, residenceNs: SERVICE_NS * requests }),
      };
    },
  });
  return { model, parameters: {}, written: {} };
}
