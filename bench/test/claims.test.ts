/** What docs/claims.md tells a reader to run can be run; its figures are written by `npm run docs:claims`. */
import { existsSync, readFileSync } from 'node:fs';
import { type Command, Parser } from '@oclif/core';
import { expect, test } from 'vitest';
import { presetNames } from '../../reference/cluster/scenario/presets.ts';
import BenchRun from '../commands/bench/run.ts';
import ClusterFuzz from '../commands/cluster/fuzz.ts';
import ClusterRun from '../commands/cluster/run.ts';
import PlanSan from '../commands/plan/san.ts';
import { workloadsOf } from '../program/bench-flags.ts';
import { type BenchFlags, benchRequestOf } from '../program/bench-request.ts';
import { packageRoot } from '../program/package-root.ts';
import { SHIPPED_NAMES } from '../replay/shipped-workloads.ts';

const PAGE = new URL('docs/claims.md', packageRoot());
const page = readFileSync(PAGE, 'utf8');
/** In lines of their own, and among words where flags or a name follow the command. */
const COMMANDS = [
  ...new Set(
    [...page.matchAll(/^ {4}fvp (.+)$|`fvp ([a-z]+ [a-z]+[^`]*)`/gm)].map((found) => found[1] ?? found[2]!),
  ),
];
const KNOWN: Readonly<Record<string, Command.Class>> = {
  'bench run': BenchRun,
  'cluster fuzz': ClusterFuzz,
  'cluster run': ClusterRun,
  'plan san': PlanSan,
};

/** @throws what the program would say before it opens a file */
async function parse(command: string): Promise<void> {
  const [topic, verb, ...rest] = command.split(' ');
  const known = KNOWN[`${topic} ${verb}`];
  if (known === undefined) throw new Error(`no such command: fvp ${command}`);
  const parsed = await Parser.parse(rest, {
    args: known.args,
    flags: { ...known.baseFlags, ...known.flags },
  });
  const { args } = parsed;
  const flags = parsed.flags as unknown as BenchFlags;
  const scenario: string | undefined = flags.scenario ?? args.scenario;
  const workloads = workloadsOf(args.workload);
  for (const name of workloads) expect(SHIPPED_NAMES, command).toContain(name);
  if (scenario === undefined) return;
  expect(presetNames(), command).toContain(scenario);
  if (verb === 'run') benchRequestOf(workloads, { ...flags, scenario });
}

test('every command that docs/claims.md names exists and takes what it is given', async () => {
  expect(COMMANDS.length).toBeGreaterThan(10);
  for (const command of COMMANDS) await parse(command);
});

test('a command that docs/claims.md must not name is seen', async () => {
  await expect(parse('cluster walk owner-crash')).rejects.toThrow('no such command');
  await expect(parse('bench run --preload al')).rejects.toThrow('al');
  await expect(parse('bench run databse')).rejects.toThrow('databse');
  await expect(parse('cluster run owner-cash')).rejects.toThrow('owner-cash');
  await expect(parse('bench run --mode write-back+3')).rejects.toThrow('write-back+3');
});

test('docs/claims.md has figures in every place for them, and lines of at most 120 columns', () => {
  const places = [...page.matchAll(/<!-- figures: (\w+) -->\n([\s\S]*?)<!-- end -->/g)];
  expect(places).toHaveLength(10);
  for (const [, name, block] of places) {
    expect(block, name).toMatch(/\d/);
    expect(block, name).not.toMatch(/undefined|NaN/);
  }
  expect(page.split('\n').filter((line) => [...line].length > 120)).toEqual([]);
});

test('every file that docs/claims.md links to exists', () => {
  const targets = [...page.matchAll(/\]\(([^)#]+)\)/g)].map((found) => found[1]!);
  expect(targets.filter((target) => !existsSync(new URL(target, PAGE)))).toEqual([]);
});
