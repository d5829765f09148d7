/** A small trace for plans: writes with a working set, some reads of it, bursts. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Writes a fio iolog of `ios` I/Os in `milliseconds`, always the same. @returns its path */
export async function writePlanTrace(folder: string, ios = 600, milliseconds = 3000): Promise<string> {
  const lines = ['fio version 3 iolog', '0 /dev/sda add', '0 /dev/sda open'];
  let state = 7;
  for (let i = 0; i < ios; i++) {
    // Park and Miller's generator; any would do.
    state = (state * 48271) % 2147483647;
    const block = state % 8 === 0 ? state % 4096 : state % 512;
    const burst = Math.floor(i / 50) % 2 === 0 ? 0.25 : 1.75;
    const at = Math.floor(((Math.floor(i / 50) * 50 + (i % 50) * burst) * milliseconds * 1e3) / ios);
    lines.push(`${at} /dev/sda ${state % 5 < 2 ? 'read' : 'write'} ${block * 16384} 16384`);
  }
  lines.push(`${milliseconds * 1e3} /dev/sda close`);
  const path = join(folder, 'small.iolog');
  await writeFile(path, `${lines.join('\n')}\n`);
  return path;
}
