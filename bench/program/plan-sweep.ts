/** What `fvp plan sweep` does once its flags are parsed. */

import type { ModeName } from '../../reference/fvp/mode.ts';
import { parseThreshold } from '../../results/gate/expression.ts';
import type { PlanDocument } from '../../results/schema/plan-document.ts';
import { latinHypercube } from '../plan/sample.ts';
import { PARETO_FIGURES, sweep } from '../plan/sweep.ts';
import { readSweepSpec } from '../plan/sweep-spec.ts';
import { gridOf } from '../plan/vary.ts';
import { runPlanCommand } from './plan-command.ts';
import type { PlanFlags } from './plan-flags.ts';

/** Flags go before what the file says. */
export async function runPlanSweep(
  file: string,
  workloads: readonly string[],
  flags: PlanFlags & { readonly mode: string },
  print: (text: string) => void,
): Promise<PlanDocument> {
  const spec = await readSweepSpec(file);
  const given = Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined));
  const merged = {
    ...spec.flags,
    ...(spec.set.length === 0 ? {} : { set: spec.set }),
    ...(spec.seeds === undefined ? {} : { seeds: String(spec.seeds) }),
    ...(spec.objectives.length === 0 ? {} : { threshold: spec.objectives }),
    ...(spec.prices === undefined ? {} : { prices: spec.prices }),
    ...given,
    event: flags.event,
    mode: flags.mode,
  };
  const pareto = spec.pareto.length === 0 ? PARETO_FIGURES : spec.pareto;
  return runPlanCommand(
    { workloads: workloads.length > 0 ? workloads : (spec.workloads ?? []), flags: merged, print },
    (question) =>
      sweep(question, {
        variations:
          spec.sample === undefined
            ? gridOf(spec.axes)
            : latinHypercube(spec.axes, spec.sample, question.base.seed),
        mode: merged.mode as ModeName,
        pareto: pareto.map((figure) => parseThreshold(`${figure}<1s`)),
      }),
  );
}
