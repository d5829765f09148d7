/**
 * `npm run bench:peer`: fvp beside fio on the same trace, whole processes, one after the other in turn, so that both
 * see the same machine. fio replays with its null engine and simulates nothing; fvp replays through the preset
 * `speed` in each mode. Then reading alone: import into a store beside `blkparse` and fio's own reader of iologs.
 * Prints medians, spread and the ratio of the two.
 *
 * Options: --lines N (default 2000000), --copies N of the sample for blkparse (default 20), --rounds N (default 5),
 * --only replay|import.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { speedRows } from '../../reference/cluster/modes.bench.ts';
import { MODE_NAMES } from '../../reference/fvp/mode.ts';
import { OP_WRITE } from '../../reference/kernel/io.ts';
import { importPeers } from './import-peers.ts';

/** The program, from the compiled module's place in dist/bench/peer. */
const FVP = fileURLToPath(new URL('../../../bench/bin/fvp.js', import.meta.url));
/** What the ratio to fio may be at most, and what is aimed at. */
const TARGETS: Readonly<Record<string, readonly [number, number]>> = {
  none: [0.5, 0.3],
  'write-through': [0.8, 0.6],
  'write-back': [1, 0.7],
  'write-back+1': [1.2, 0.9],
  'write-back+2': [1.4, 1],
};
const LINES_PER_WRITE = 20_000;

/** Writes the benchmark trace as a fio iolog of version 3: microseconds, one file. */
function writeIolog(path: string, lines: number): void {
  const rows = speedRows(lines, 1);
  const file = openSync(path, 'w');
  let text = 'fio version 3 iolog\n1 /data add\n1 /data open\n';
  for (let i = 0; i < lines; i++) {
    const us = 1 + Math.floor(rows.timeNs[i]! / 1000);
    const action = rows.op[i] === OP_WRITE ? 'write' : 'read';
    text += `${us} /data ${action} ${rows.offset[i]} ${rows.lengthBytes[i]}\n`;
    if (i % LINES_PER_WRITE === LINES_PER_WRITE - 1) {
      writeSync(file, text);
      text = '';
    }
  }
  writeSync(file, `${text}${1 + Math.floor(rows.timeNs[lines - 1]! / 1000)} /data close\n`);
  closeSync(file);
}

function seconds(command: string, argv: readonly string[], cwd: string): number {
  const startedMs = performance.now();
  const { status, stderr } = spawnSync(command, argv, {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  if (status !== 0) throw new Error(`${command} ${argv.join(' ')} exited with ${status}\n${stderr}`);
  return (performance.now() - startedMs) / 1000;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

function main(): void {
  const { values } = parseArgs({
    options: {
      lines: { type: 'string', default: '2000000' },
      copies: { type: 'string', default: '20' },
      rounds: { type: 'string', default: '5' },
      only: { type: 'string' },
    },
  });
  const [lines, copies, rounds] = [values.lines, values.copies, values.rounds].map(Number) as [
    number,
    number,
    number,
  ];
  let fioVersion: string;
  try {
    fioVersion = execFileSync('fio', ['--version'], { encoding: 'utf8' }).trim();
    for (const [program, flag] of [
      ['blkparse', '-V'],
      ['zstd', '-V'],
    ] as const)
      execFileSync(program, [flag]);
  } catch {
    process.stderr.write('bench:peer needs fio, blkparse and zstd: apt-get install fio blktrace zstd\n');
    process.exitCode = 69;
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), 'fvp-peer-'));
  try {
    const trace = join(folder, 'trace.log');
    writeIolog(trace, lines);
    process.stdout.write(
      `${lines} lines; ${fioVersion} and fvp in turn, ${rounds} rounds, Node ${process.version}\n\n`,
    );
    const fio = [
      '--name=replay',
      '--ioengine=null',
      `--read_iolog=${trace}`,
      '--replay_no_stall=1',
      '--size=2g',
    ];
    if (values.only !== 'replay') {
      for (const { name, title, peer, own } of importPeers(folder, FVP, copies, trace, fio)) {
        const took: [number, number][] = [];
        for (let round = 0; round < rounds; round++)
          took.push([seconds(...peer, folder), seconds(...own, folder)]);
        const ratio = took.map(([peerTook, ownTook]) => ownTook / peerTook);
        process.stdout.write(
          `${title}: ${name} median ${median(took.map(([each]) => each)).toFixed(2)} s, ` +
            `fvp ${median(took.map(([, each]) => each)).toFixed(2)} s, ratio ${median(ratio).toFixed(2)} ` +
            `(${Math.min(...ratio).toFixed(2)}-${Math.max(...ratio).toFixed(2)})\n`,
        );
      }
      process.stdout.write('\n');
    }
    if (values.only === 'import') return;
    const fioSeconds: number[] = [];
    const ratios = MODE_NAMES.map((): number[] => []);
    const own = MODE_NAMES.map((): number[] => []);
    for (let round = 0; round < rounds; round++) {
      for (const [place, mode] of MODE_NAMES.entries()) {
        const fioTook = seconds('fio', fio, folder);
        const out = join(folder, `${round}-${place}`);
        const argv = [FVP, 'bench', 'run', trace, '--scenario', 'speed', '--mode', mode, '--out', out];
        const fvpTook = seconds(process.execPath, argv, folder);
        rmSync(out, { recursive: true });
        fioSeconds.push(fioTook);
        own[place]!.push(fvpTook);
        ratios[place]!.push(fvpTook / fioTook);
      }
    }
    process.stdout.write(`fio, null engine   median ${median(fioSeconds).toFixed(2)} s\n`);
    for (const [place, mode] of MODE_NAMES.entries()) {
      const ratio = ratios[place]!;
      const [most, aim] = TARGETS[mode]!;
      const spread = `${Math.min(...ratio).toFixed(2)}-${Math.max(...ratio).toFixed(2)}`;
      const verdict = median(ratio) <= aim ? 'aim met' : median(ratio) <= most ? 'within' : 'above';
      process.stdout.write(
        `${mode.padEnd(18)} median ${median(own[place]!).toFixed(2)} s  ratio ${median(ratio).toFixed(2)} (${spread}), ` +
          `at most ${most}, aim ${aim}: ${verdict}\n`,
      );
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

main();
