/**
 * `npm run bench:calibrate`: fio on nbdkit's memory behind its delay filter, at several depths; the empirical device
 * fitted to that, then replayed at the same depths against a second, independent measurement. Depth 8 is left out of the
 * fit, so that interpolation is judged too. Needs fio and nbdkit.
 *
 * Both measurements are taken by turns in slices of a second, so that what else happens on the machine meets both alike;
 * how far they are apart themselves is printed, since no model can be nearer to one of them than the other is.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { empiricalDevice, fitEmpirical } from '../../reference/devices/calibrate/fit-empirical.ts';
import { checkFit, type Measurement } from '../../reference/devices/calibrate/measurement.ts';
import { histogramQuantile } from '../../reference/devices/empirical/latency-grid.ts';
import { calibrationLines, documentOf } from '../program/device-calibrate.ts';
import { readFioText } from '../program/fio-measurements.ts';

const DEPTHS = [1, 4, 8, 16];
const LEFT_OUT = 8;
const ROUNDS = 6;
const PERCENTILES = [50, 99];
/** What the issue of calibration aims at. */
const AIM = [0.05, 0.1];

function slice(socket: string, depth: number): readonly Measurement[] {
  const flags = ['--output-format=json+', '--ioengine=nbd', `--uri=nbd+unix:///?socket=${socket}`];
  flags.push('--bs=4k', '--size=64m', '--time_based', '--runtime=1', '--ramp_time=200ms');
  flags.push('--name=slice', '--rw=randread', `--iodepth=${depth}`);
  const { stdout, stderr, status, error } = spawnSync('fio', flags, { maxBuffer: 2 ** 28 });
  if (error !== undefined || status !== 0) throw new Error(`fio: ${error?.message ?? stderr.toString()}`);
  return readFioText('fio on nbdkit', stdout.toString()).measurements;
}

/** Slices of the same depth as one measurement. */
function joined(slices: readonly Measurement[]): readonly Measurement[] {
  return fitEmpirical(slices).tables.map((table) => ({ ...table, name: 'fio on nbdkit' }));
}

/** By how much the second measurement differs from the first, as shares, by depth. */
function apart(first: readonly Measurement[], second: readonly Measurement[]): readonly number[][] {
  return DEPTHS.map((depth) => {
    const quantile = (of: readonly Measurement[]) =>
      histogramQuantile(of.find((each) => each.depth === depth)!.histogram);
    const [one, two] = [quantile(first), quantile(second)];
    return PERCENTILES.map((percentile) => one(percentile / 100) / two(percentile / 100) - 1);
  });
}

const percent = (share: number): string => `${share >= 0 ? '+' : ''}${(100 * share).toFixed(1)} %`;

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
    const slices: [Measurement[], Measurement[]] = [[], []];
    for (let round = 0; round < ROUNDS; round++)
      for (const depth of DEPTHS) for (const each of slices) each.push(...slice(socket, depth));
    const first = joined(slices[0]);
    const second = joined(slices[1]);
    const { tables } = fitEmpirical(first.filter(({ depth }) => depth !== LEFT_OUT));
    const fits = checkFit(empiricalDevice(tables), second);
    for (const line of calibrationLines(documentOf('empirical', fits, []))) console.log(line);
    console.log(
      `\nFitted to a first measurement at depths ${DEPTHS.filter((depth) => depth !== LEFT_OUT).join(', ')}, compared with a second one; depth ${LEFT_OUT} is interpolated.\n`,
    );
    console.log('depth   p50: model   first run     p99: model   first run   (against the second run)');
    const noise = apart(first, second);
    for (const [at, depth] of DEPTHS.entries()) {
      const { quantiles } = fits.find((fit) => fit.depth === depth)!;
      const cells = PERCENTILES.map((percentile, which) => {
        const { measuredNs, modelNs } = quantiles.find((each) => each.percentile === percentile)!;
        const error = modelNs / measuredNs - 1;
        const hit = Math.abs(error) <= AIM[which]! ? ' ' : '!';
        return `${percent(error).padStart(10)}${hit} ${percent(noise[at]![which]!).padStart(11)}`;
      });
      console.log(`${String(depth).padEnd(6)}${cells.join('   ')}`);
    }
    console.log('! beyond the aim: 5 % at p50, 10 % at p99');
  }
} finally {
  server.kill();
  rmSync(folder, { recursive: true, force: true });
}
