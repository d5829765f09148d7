import { BugError } from '../../kernel/errors.ts';
import type { Mutant } from './mutants.ts';

/**
 * @param compiled the text of the file that the mutant breaks
 * @throws BugError when what it looks for is not there exactly once
 */
export function mutated(compiled: string, { name, file, find, replace }: Mutant): string {
  const parts = compiled.split(find);
  if (parts.length !== 2)
    throw new BugError(
      `mutant "${name}": its text occurs ${parts.length - 1} times in ${file}, must be once`,
    );
  return parts.join(replace);
}
