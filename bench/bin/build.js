/**
 * The build: compiles, copies the files that compiled code looks for beside itself, removes what has lost its source
 * and writes oclif's manifest, which lets the program start without loading its commands.
 *
 * The later steps run even when the compiler complains, so that one room can be tried while another is being changed;
 * the exit code still says that the build failed.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { Plugin, settings } from '@oclif/core';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const DIST = join(ROOT, 'dist');
const ROOMS = ['bench', 'reference', 'results', 'traces', 'workloads'];
const ASSET_SUFFIXES = ['.yaml', '.fio', '.thresholds', '.schema.json'];
/** How the compiler announces a file. */
const EMITTED = 'TSFILE:';

function filesUnder(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (entry.name === 'node_modules' || entry.name === 'dist') return [];
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesUnder(path) : [path];
  });
}

/** @returns the compiler's exit code and the files it wrote. */
function compile() {
  const tsc = join(ROOT, 'node_modules/.bin/tsc');
  const argv = ['-p', 'tsconfig.build.json', '--listEmittedFiles'];
  const { status, error, stdout } = spawnSync(tsc, argv, { cwd: ROOT, encoding: 'utf8', maxBuffer: 1 << 28 });
  if (error !== undefined) throw error;
  const written = [];
  for (const line of stdout.split('\n')) {
    if (line.startsWith(EMITTED)) written.push(resolve(ROOT, line.slice(EMITTED.length).trim()));
    else if (line !== '') process.stdout.write(`${line}\n`);
  }
  return { status: status ?? 1, written };
}

/** @returns the copies. */
function copyAssets() {
  const assets = ROOMS.flatMap((room) => filesUnder(join(ROOT, room))).filter((file) =>
    ASSET_SUFFIXES.some((suffix) => file.endsWith(suffix)),
  );
  return assets.map((file) => {
    const target = join(DIST, relative(ROOT, file));
    mkdirSync(dirname(target), { recursive: true });
    copyFileSync(file, target);
    return target;
  });
}

/** Removes what earlier builds left behind. */
function removeAllBut(kept) {
  const keep = new Set(kept);
  for (const file of ROOMS.flatMap((room) => filesUnder(join(DIST, room)))) {
    if (!keep.has(file)) rmSync(file, { force: true });
  }
}

async function writeManifest() {
  settings.enableAutoTranspile = false;
  const plugin = new Plugin({
    root: ROOT,
    type: 'core',
    isRoot: true,
    ignoreManifest: true,
    errorOnManifestCreate: true,
    respectNoCacheDefault: true,
  });
  await plugin.load();
  const target = join(ROOT, 'oclif.manifest.json');
  writeFileSync(`${target}.${process.pid}.tmp`, `${JSON.stringify(plugin.manifest, null, 1)}\n`);
  renameSync(`${target}.${process.pid}.tmp`, target);
}

const { status, written } = compile();
const copied = copyAssets();
if (written.length > 0) removeAllBut([...written, ...copied]);
await writeManifest();
process.exitCode = status;
