/**
 * Says in one line each what was not run and what it needs, so that nothing is skipped in silence: tests that need a
 * system package (their name says `needs fio: apt-get install fio`), tests that need the traces of FVP_TRACES, and any
 * others by name. With CI=true a missing package or an unexplained skip fails the run.
 */
import type { Reporter, TestModule, Vitest } from 'vitest/node';

export interface NotRun {
  /** Debian packages, in order. */
  readonly packages: readonly string[];
  readonly needPackages: number;
  /** Full names of the tests that need the traces of FVP_TRACES. */
  readonly needTraces: readonly string[];
  /** Full names of the tests that were skipped for no stated reason. */
  readonly unexplained: readonly string[];
}

const NEEDS_PACKAGE = /apt-get install ([a-z0-9][a-z0-9.+-]*(?: [a-z0-9][a-z0-9.+-]*)*)/;
const NEEDS_TRACES = /FVP_TRACES/;

/** @param skipped full name of each skipped test, with its note if it has one. */
export function notRun(skipped: readonly string[]): NotRun {
  const packages = new Set<string>();
  const unexplained: string[] = [];
  let needPackages = 0;
  const needTraces: string[] = [];
  for (const name of skipped) {
    const needed = NEEDS_PACKAGE.exec(name)?.[1];
    if (needed !== undefined) {
      needPackages++;
      for (const one of needed.split(' ')) packages.add(one);
    } else if (NEEDS_TRACES.test(name)) {
      needTraces.push(name);
    } else {
      unexplained.push(name);
    }
  }
  return { packages: [...packages].sort(), needPackages, needTraces, unexplained };
}

/** @returns one line for each kind of need; tests that need traces are named below theirs. */
export function notRunLines(found: NotRun): string[] {
  const lines: string[] = [];
  const tests = (count: number) => `${count} ${count === 1 ? 'test' : 'tests'}`;
  if (found.needPackages > 0) {
    lines.push(
      `not run: ${tests(found.needPackages)} without a system package: apt-get install ${found.packages.join(' ')}`,
    );
  }
  if (found.needTraces.length > 0) {
    const count = tests(found.needTraces.length);
    lines.push(
      `not run: ${count} without the traces that may not be shipped (set FVP_TRACES to their folder):`,
    );
    for (const name of found.needTraces) lines.push(`  ${name}`);
  }
  if (found.unexplained.length > 0) {
    lines.push(
      `not run: ${tests(found.unexplained.length)} for no stated reason: ${found.unexplained.join('; ')}`,
    );
  }
  return lines;
}

export default class NotRunReporter implements Reporter {
  private filtered = false;

  onInit(vitest: Vitest): void {
    this.filtered = vitest.config.testNamePattern !== undefined;
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    // With `-t`, everything else is left out on purpose.
    if (this.filtered) return;
    const skipped: string[] = [];
    for (const module of modules) {
      for (const test of module.children.allTests('skipped')) {
        const result = test.result();
        const note = result.state === 'skipped' ? (result.note ?? '') : '';
        skipped.push(note === '' ? test.fullName : `${test.fullName} (${note})`);
      }
    }
    const found = notRun(skipped);
    for (const line of notRunLines(found)) process.stdout.write(`${line}\n`);
    if (process.env.CI === 'true' && (found.needPackages > 0 || found.unexplained.length > 0)) {
      process.stdout.write('failed: with CI=true every test must run or say what it waits for\n');
      process.exitCode = 1;
    }
  }
}
