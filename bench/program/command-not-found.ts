/** oclif's hook for an unknown command: names the nearest one. */
import type { Hook } from '@oclif/core';
import { UsageError } from '../../reference/kernel/errors.ts';
import { didYouMean } from '../../reference/kernel/nearest-name.ts';

const hook: Hook.CommandNotFound = async ({ id, argv, config }) => {
  throw unknownCommand([...id.split(':'), ...(argv ?? [])], config.commandIDs);
};
export default hook;

/**
 * @param typed the words of the command line, from the first.
 * @param commandIds all commands, their words joined by colons.
 */
export function unknownCommand(typed: readonly string[], commandIds: readonly string[]): UsageError {
  const commands = commandIds.map((id) => id.replaceAll(':', ' '));
  const topics = commands.map((command) => command.split(' ')[0] as string);
  const words = typed.filter((word) => !word.startsWith('-'));
  if (words.length === 0) {
    return new UsageError(`no command before ${typed[0]}`, { hint: 'fvp --help lists the commands' });
  }
  const two = words.slice(0, 2).join(' ');
  if (commands.includes(two)) {
    const extra = words.slice(2).map((word) => JSON.stringify(word));
    return new UsageError(`unexpected argument: ${extra.join(', ')}`, {
      hint: `fvp ${two} --help shows what it takes`,
    });
  }
  const hint =
    didYouMean(two, commands) ??
    didYouMean(words[0] ?? '', [...topics, ...commands]) ??
    'fvp --help lists the commands';
  const shown = topics.includes(words[0] ?? '') ? two : (words[0] ?? '');
  return new UsageError(`unknown command ${JSON.stringify(shown)}`, { hint });
}
