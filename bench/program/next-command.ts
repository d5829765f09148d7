/** What to try after a run. */
import { DEFAULT_PRESET } from '../../reference/cluster/scenario/presets.ts';
import type { BenchRequest } from '../replay/bench-request.ts';

const OTHER_SCENARIO = 'datacentre-today';

/**
 * The next question a person would ask, as a command: the same workloads on the other generation of hardware, then with
 * a warm cache, then under twice the load.
 */
export function nextCommand(request: BenchRequest): string {
  const words = ['fvp', 'bench', 'run', ...request.workloads.filter((name) => name !== '-').map(shellWord)];
  if (request.workloads.includes('-')) words.push('FILE');
  for (const setting of request.settings ?? []) words.push('--set', shellWord(setting));
  if (request.scenario === DEFAULT_PRESET) return [...words, '--scenario', OTHER_SCENARIO].join(' ');
  words.push('--scenario', shellWord(request.scenario));
  if (request.preloadFraction === 0) return [...words, '--preload', 'all'].join(' ');
  if (request.replay === 'closed')
    return [...words, '--replay', 'closed', '--iodepth', `${(request.iodepth ?? 1) * 2}`].join(' ');
  return [...words, '--speed', `${request.speed * 2}x`].join(' ');
}

/** A word as a shell takes it. */
export function shellWord(text: string): string {
  return /^[\w./+:@%-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
