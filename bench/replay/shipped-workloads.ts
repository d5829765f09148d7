/** What can be named in place of a file: the traces and the job files that come with the program. */
import { SAMPLES } from '../../traces/samples/samples.ts';
import { JOB_CATALOGUE } from '../../workloads/catalogue.ts';

/** The names, traces first. */
export const SHIPPED_NAMES: readonly string[] = [
  ...SAMPLES.map(({ name }) => name),
  ...JOB_CATALOGUE.map(({ name }) => name),
];

/** The file of a shipped trace or job; undefined for any other name. */
export function shippedFile(name: string): string | undefined {
  return [...SAMPLES, ...JOB_CATALOGUE].find((shipped) => shipped.name === name)?.file;
}
