/** Checks the names of workloads before anything is opened, so that a misspelt one is met with the nearest. */
import { existsSync } from 'node:fs';
import { NoInputError } from '../../reference/kernel/errors.ts';
import { didYouMean } from '../../reference/kernel/nearest-name.ts';

/**
 * @param shipped names of the traces and jobs that come with fvp.
 * @throws NoInputError for what is neither `-`, nor shipped, nor there.
 */
export function checkWorkloadNames(workloads: readonly string[], shipped: readonly string[]): void {
  for (const name of workloads) {
    if (name === '-' || shipped.includes(name) || existsSync(name)) continue;
    const hint = didYouMean(name, shipped) ?? 'fvp workload list shows what comes with fvp';
    throw new NoInputError(`no file, folder or shipped workload is called ${JSON.stringify(name)}`, { hint });
  }
}
