/** What the faults of a scenario did to the VMs of a workload, in one sentence. */
import { formatCount, formatNs } from '../../reference/kernel/units.ts';
import type { RunDocument, RunEvents } from '../schema/run-document.ts';
import { downSpans, faultSpans } from './fault-windows.ts';
import { listed, plainText } from './plain-text.ts';

/** Faults that are named one by one. */
const FAULTS_SHOWN = 3;
/** Longest label of a fault, in characters. */
const LABEL_LENGTH = 60;

/** `15 s in none, 31 s in write-through and write-back`: what is the same in several modes is said once. */
function byMode(runs: readonly RunEvents[], textOf: (run: RunEvents) => string | undefined): string[] {
  const modes = new Map<string, string[]>();
  for (const run of runs) {
    const text = textOf(run);
    if (text !== undefined) modes.set(text, [...(modes.get(text) ?? []), plainText(run.mode)]);
  }
  return [...modes].map(([text, names]) =>
    names.length === runs.length && runs.length > 1 ? `${text} in every mode` : `${text} in ${listed(names)}`,
  );
}

function lostVms({ history }: RunEvents): string[] {
  return history
    .filter(({ event, detail }) => event === 'vm' && detail === 'lost')
    .map(({ vm = '' }) => plainText(vm));
}

/** The longest that a VM that is not lost stood still; 0 where none did. */
function stillNs(run: RunEvents): number {
  const lost = lostVms(run);
  return downSpans(run)
    .filter(({ vm }) => !lost.includes(plainText(vm)))
    .reduce((most, { fromNs, untilNs }) => Math.max(most, untilNs - fromNs), 0);
}

/** `Crash esx1 at 5 s: a VM stood still for up to 15 s in none and 34 s in write-back+1; no I/O failed.`; undefined without faults. */
export function describeEvents(document: RunDocument, workload: string): string | undefined {
  const runs = (document.events ?? []).filter((run) => run.workload === workload);
  const faults = [
    ...new Set(
      runs.flatMap((run) =>
        faultSpans(run).map(
          ({ label, fromNs }) => `${plainText(label, LABEL_LENGTH)} at ${formatNs(fromNs)}`,
        ),
      ),
    ),
  ];
  if (faults.length === 0) return undefined;
  const more = faults.length - FAULTS_SHOWN;
  const named = listed([
    ...faults.slice(0, FAULTS_SHOWN),
    ...(more > 0 ? [`${formatCount(more)} more`] : []),
  ]);
  const lost = byMode(runs, (run) => {
    const vms = lostVms(run);
    return vms.length === 0 ? undefined : `${listed(vms)} ${vms.length === 1 ? 'is' : 'are'} lost`;
  });
  const still = byMode(runs, (run) => (stillNs(run) === 0 ? undefined : formatNs(stillNs(run))));
  const failed = byMode(runs, ({ failed, completed }) =>
    failed === 0 ? undefined : `${formatCount(failed)} of ${formatCount(completed)} I/Os failed`,
  );
  const said = [
    ...lost,
    still.length === 0 ? 'no VM stood still' : `a VM stood still for up to ${listed(still)}`,
    ...(failed.length === 0 ? ['no I/O failed'] : failed),
  ];
  return `${named[0]!.toUpperCase()}${named.slice(1)}: ${said.join('; ')}.`;
}
