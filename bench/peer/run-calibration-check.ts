/**
 * `npm run bench:calibrate`: fio on nbdkit's memory behind its delay filter, at several depths; the empirical device
 * fitted to that, then replayed at the same depths against a second, independent measurement. Depth 8 is left out of the
 * fit, so that interpolation is judged too. Needs fio and nbdkit.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { empiricalDevice, fitEmpirical } from '../../reference/devices/calibrate/fit-empirical.ts';
import { checkFit } from '../../reference/devices/calibrate/measurement.ts';
import { calibrationLines, documentOf } from '../program/device-calibrate.ts';
import { readFioText } from '../program/fio-measurements.ts';

const DEPTHS = [1, 4, 8, 16];
const LEFT_OUT = 8;
const SECONDS = 4;

function measure(socket: string, what: string): ReturnType<typeof readFioText> {
  const flags = ['--output-format=json+', '--ioengine=nbd', `--uri=nbd+unix:///?socket=${socket}`];
  flags.push('--bs=4k', '--size=64m', '--time_based', `--runtime=${SECONDS}`, '--ramp_time=1', '--stonewall');
  for (const depth of DEPTHS) flags.push(`--name=${what}-${depth}`, '--rw=randread', `--iodepth=${depth}`);
  const { stdout, stderr, status, error } = spawnSync('fio', flags, { maxBuffer: 2 ** 28 });
  if (error !== undefined || status !== 0) throw new Error(`fio: ${error?.message ?? stderr.toString()}`);
  return readFioText(`fio on nbdkit, ${what}`, stdout.toString());
}

const folder = mkdtempSync(join(tmpdir(), 'fvp-calibrate-'));
const socket = join(folder, 'nbd.sock');
const server = spawn(
  'nbdkit',
  ['-f', '--filter=delay', '-U', socket, 'memory', '64M', 'rdelay=1ms', 'wdelay=1ms'],
  { stdio: 'ignore' },
);
server.on('error', () => {
  console.error('needs fio and nbdkit: apt-get install fio nbdkit');
  process.exitCode = 69;
});
try {
  for (let i = 0; i < 100 && !existsSync(socket); i++) await wait(50);
  if (existsSync(socket)) {
    const fitted = measure(socket, 'first run');
    const other = measure(socket, 'second run');
    const { tables, notes } = fitEmpirical(fitted.measurements.filter(({ depth }) => depth !== LEFT_OUT));
    const fits = checkFit(empiricalDevice(tables), other.measurements);
    for (const line of calibrationLines(documentOf('empirical', fits, notes))) console.log(line);
    console.log(
      `Fitted to a first run at depths ${DEPTHS.filter((depth) => depth !== LEFT_OUT).join(', ')}, compared with a second one; depth ${LEFT_OUT} is interpolated.`,
    );
  }
} finally {
  server.kill();
  rmSync(folder, { recursive: true, force: true });
}
