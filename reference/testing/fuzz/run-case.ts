/** Runs one case of the cluster tester to its end, heals everything, and asks the checkers. */
import { ClusterRun } from '../../cluster/run-cluster.ts';
import { ListSource } from '../../cluster/testing/plain-scenario.ts';
import { StampedContent } from '../stamped-content.ts';
import type { FuzzCase } from './draw-case.ts';

export interface CaseResult {
  readonly violations: readonly string[];
  readonly operations: number;
  readonly history: readonly unknown[];
}

export function runCase(fuzz: FuzzCase): CaseResult {
  const content = new StampedContent();
  const sources = fuzz.loads.map((load) => new ListSource(load));
  const run = new ClusterRun(
    fuzz.scenario,
    sources.map((source) => ({ source })),
    {
      mode: fuzz.mode,
      seed: fuzz.seed,
      content,
      expectedNs: 8e9,
      faults: {
        events: fuzz.events,
        weather: fuzz.weather,
        clocks: fuzz.clocks,
        tearing: fuzz.tearing,
      },
    },
  );
  while (run.advance(10_000));
  const result = run.result();
  const violations = [...content.violations];
  const lost = result.history.some((entry) => entry.detail === 'lost' || entry.state === 'LOST');
  if (lost && !fuzz.beyond) violations.push('data was declared lost within what the mode promises');
  if (!lost) {
    for (const source of sources)
      if (source.completions !== source.completedNs.length)
        violations.push(`${source.completions} of ${source.completedNs.length} I/Os completed`);
    for (const [disk] of content.datastore.entries()) {
      for (const [sector, stamp] of content.settledOf(disk)) {
        const found = content.image(disk).get(sector) ?? 0;
        if (found !== stamp)
          violations.push(`disk ${disk} sector ${sector} holds ${found}, was read as ${stamp}`);
      }
      for (const [sector, stamp] of content.acknowledged(disk)) {
        const found = content.image(disk).get(sector) ?? 0;
        if (!stamp.includes(found))
          violations.push(`disk ${disk} sector ${sector} holds ${found}, must be one of ${stamp.join(' ')}`);
      }
    }
  }
  for (const host of run.runtime.fvpHosts)
    if (host.underWay !== 0)
      violations.push(
        `host ${host.state.id}: ${host.state.ops.used} requests, ${host.held.count} held logs are left`,
      );
  return { violations, operations: result.completed, history: result.history };
}
