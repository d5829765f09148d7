/** What the `fvp plan` commands but the sweep do once their flags are parsed. */
import process from 'node:process';
import type { ModeName } from '../../reference/fvp/mode.ts';
import { UsageError } from '../../reference/kernel/errors.ts';
import { parseBytes, parsePercent } from '../../reference/kernel/units.ts';
import { EXIT_FAIL } from '../../results/gate/gate.ts';
import type { PlanDocument } from '../../results/schema/plan-document.ts';
import { failure } from '../plan/failure.ts';
import { flash } from '../plan/flash.ts';
import { load } from '../plan/load.ts';
import type { Question } from '../plan/question.ts';
import { san } from '../plan/san.ts';
import { size } from '../plan/size.ts';
import { checkAxisName, gridOf, parseAxis, valuesOf } from '../plan/vary.ts';
import { flagQuantity } from './flag-quantity.ts';
import { runPlanCommand } from './plan-command.ts';
import type { PlanFlags } from './plan-flags.ts';

type Print = (text: string) => void;

async function ask(
  workloads: readonly string[],
  flags: PlanFlags,
  print: Print,
  question: (question: Question) => Promise<PlanDocument>,
): Promise<PlanDocument> {
  const document = await runPlanCommand({ workloads, flags, print }, question);
  // As a gate: what was asked for is not to be had.
  if (document.objectives.length > 0 && document.answer === null && document.question !== 'san')
    process.exitCode = EXIT_FAIL;
  return document;
}

export function runPlanSize(
  workloads: readonly string[],
  flags: PlanFlags & {
    readonly vary?: readonly string[] | undefined;
    readonly prune: boolean;
    readonly mode: string;
  },
  print: Print,
): Promise<PlanDocument> {
  if (flags.vary === undefined)
    throw new UsageError('nothing is varied', {
      hint: 'such as --vary flash.capacity=50G..800G --vary mode=write-through,write-back+1',
    });
  const variations = gridOf(flags.vary.map(parseAxis));
  return ask(workloads, flags, print, (question) =>
    size(question, { variations, mode: flags.mode as ModeName, prune: flags.prune }),
  );
}

export function runPlanLoad(
  workloads: readonly string[],
  flags: PlanFlags & { readonly vary: string; readonly resolution: string; readonly mode: string },
  print: Print,
): Promise<PlanDocument> {
  const at = flags.vary.indexOf('=');
  const name = flags.vary.slice(0, Math.max(0, at)).trim();
  if (at < 1)
    throw new UsageError(`--vary ${JSON.stringify(flags.vary)}: not NAME=FROM..TO`, {
      hint: 'such as speed=1x..64x, vms.perHost=1..16 or hosts.count=3..32',
    });
  checkAxisName(name);
  const resolution = flagQuantity('resolution', flags.resolution, parsePercent, {
    least: 0.001,
    most: 1,
    words: '0.1% to 100%',
  });
  return ask(workloads, flags, print, (question) =>
    load(question, {
      name,
      range: flags.vary.slice(at + 1).trim(),
      mode: flags.mode as ModeName,
      resolution,
    }),
  );
}

export function runPlanFlash(
  workloads: readonly string[],
  flags: PlanFlags & {
    readonly sizes: string;
    readonly endurance?: string | undefined;
    readonly mode: string;
  },
  print: Print,
): Promise<PlanDocument> {
  const enduranceBytes =
    flags.endurance === undefined
      ? undefined
      : flagQuantity('endurance', flags.endurance, parseEndurance, {
          least: 1,
          most: 1e18,
          words: '1 byte to 1000PB',
        });
  const sizes = valuesOf('flash.capacity', flags.sizes);
  return ask(workloads, flags, print, (question) =>
    flash(question, { sizes, mode: flags.mode as ModeName, enduranceBytes }),
  );
}

const PETABYTE = 1e15;

/** Data sheets write PB, which sizes elsewhere have no need of. */
function parseEndurance(text: string): number {
  const match = /^([0-9]+(?:\.[0-9]+)?)\s*PB?W?$/i.exec(text.trim());
  return match === null ? parseBytes(text) : Number(match[1]) * PETABYTE;
}

export function runPlanFailure(
  workloads: readonly string[],
  flags: PlanFlags & { readonly cases: readonly string[]; readonly mode: string },
  print: Print,
): Promise<PlanDocument> {
  return ask(workloads, flags, print, (question) =>
    failure(question, { mode: flags.mode as ModeName, cases: flags.cases }),
  );
}

export function runPlanSan(
  workloads: readonly string[],
  flags: PlanFlags & { readonly mode: readonly string[] },
  print: Print,
): Promise<PlanDocument> {
  return ask(workloads, flags, print, (question) => san(question, { modes: flags.mode as ModeName[] }));
}
