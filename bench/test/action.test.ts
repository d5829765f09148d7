/** The composite action of this repository: its step, run as GitHub would run it. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { packageRoot } from '../program/package-root.ts';
import { runFvp } from './run-fvp.ts';

interface Step {
  readonly id?: string;
  readonly run: string;
  readonly shell: string;
  readonly env?: Readonly<Record<string, string>>;
}
interface Action {
  readonly inputs: Readonly<Record<string, { readonly default?: string; readonly required: boolean }>>;
  readonly runs: { readonly using: string; readonly steps: readonly Step[] };
}

const ROOT = fileURLToPath(packageRoot());
const action = parse(readFileSync(join(ROOT, 'action.yml'), 'utf8')) as Action;
const folder = mkdtempSync(join(tmpdir(), 'fvp-action-'));
const run = join(folder, 'run');

/** Runs the gate's step with these inputs. */
function step(inputs: Readonly<Record<string, string>>) {
  const gate = action.runs.steps.find(({ id }) => id === 'gate')!;
  const value = (expression: string): string =>
    expression
      .replace(/\$\{\{ github\.action_path \}\}/, ROOT)
      .replace(
        /\$\{\{ inputs\.([a-z-]+) \}\}/g,
        (_, name: string) => inputs[name] ?? action.inputs[name]!.default ?? '',
      );
  const env = Object.fromEntries(Object.entries(gate.env!).map(([name, text]) => [name, value(text)]));
  const [output, summary] = [join(folder, 'output'), join(folder, 'summary')];
  for (const file of [output, summary]) writeFileSync(file, '');
  const { status, stdout, stderr } = spawnSync('bash', ['-eo', 'pipefail', '-c', gate.run], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, ...env, GITHUB_OUTPUT: output, GITHUB_STEP_SUMMARY: summary },
  });
  return {
    status,
    stdout,
    stderr,
    output: readFileSync(output, 'utf8'),
    summary: readFileSync(summary, 'utf8'),
  };
}

beforeAll(async () => {
  const argv = ['bench', 'run', 'email', '--mode', 'none,write-back', '--duration', '20s', '--out', run];
  expect((await runFvp(argv)).exitCode).toBe(0);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('action.yml', () => {
  test('is a composite action whose inputs all reach its step', () => {
    expect(action.runs.using).toBe('composite');
    const text = JSON.stringify(action.runs.steps);
    for (const name of Object.keys(action.inputs)) expect(text).toContain(`inputs.${name} `);
    for (const { shell } of action.runs.steps) expect(shell).toBe('bash');
  });

  test('passes, and writes JUnit and a summary', () => {
    const { status, output, summary, stderr } = step({ baseline: run, results: run });
    expect([status, stderr]).toEqual([0, '']);
    expect(output).toBe('exit-code=0\n');
    expect(summary).toContain('### fvp bench gate: pass');
    expect(readFileSync(join(folder, 'fvp-gate.xml'), 'utf8')).toContain('failures="0"');
  });

  test('fails with annotations where a threshold does not hold', () => {
    const thresholds = 'write-back:writes.p99<1us\nnone:writes.p50<=+0%\n';
    const { status, stdout, output } = step({ baseline: run, results: run, thresholds });
    expect(status).toBe(99);
    expect(output).toBe('exit-code=99\n');
    expect(stdout).toMatch(/^::error title=email%2C write-back%3A .*writes\.p99<1us::/m);
  });

  test('is broken, not failed, where its input is', () => {
    expect(step({ baseline: 'nowhere', results: run }).status).toBe(66);
    expect(step({ baseline: run, results: run, thresholds: 'nonsense' }).status).toBe(64);
  });
});
