/**
 * The build: compiles, copies the files that compiled code looks for beside itself, removes what has lost its source
 * and writes oclif's manifest, which lets the program start without loading its commands.
 *
 * The later steps run even when the compiler complains, so that one room can be tried while another is being changed;
 * the exit code still says that the build failed.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { Plugin, settings } from '@oclif/core';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const DIST = join(ROOT, 'dist');
const ROOMS = ['bench', 'reference', 'results', 'traces', 'workloads'];
const ASSET_SUFFIXES = ['.yaml', '.fio'];

function filesUnder(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (entry.name === 'node_modules' || entry.name === 'dist') return [];
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesUnder(path) : [path];
  });
}

function compile() {
  const tsc = fileURLToPath(new URL('../../node_modules/.bin/tsc', import.meta.url));
  const { status, error } = spawnSync(tsc, ['-p', 'tsconfig.build.json'], { cwd: ROOT, stdio: 'inherit' });
  if (error !== undefined) throw error;
  return status ?? 1;
}

function copyAssets() {
  for (const room of ROOMS) {
    for (const file of filesUnder(join(ROOT, room))) {
      if (!ASSET_SUFFIXES.some((suffix) => file.endsWith(suffix))) continue;
      const target = join(DIST, relative(ROOT, file));
      mkdirSync(dirname(target), { recursive: true });
      copyFileSync(file, target);
    }
  }
}

function removeOrphans() {
  for (const room of ROOMS) {
    for (const file of filesUnder(join(DIST, room))) {
      const source = join(ROOT, relative(DIST, file).replace(/(\.d\.ts|\.js)$/, '.ts'));
      if (!existsSync(source)) rmSync(file);
    }
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

const status = compile();
copyAssets();
removeOrphans();
await writeManifest();
process.exitCode = status;
