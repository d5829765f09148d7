import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { loadJobs } from '#fio-parser';
import { CATALOGUE_GROUPS, JOB_CATALOGUE, THRESHOLD_PRESETS } from './catalogue.ts';
import { planJobs } from './fio-job/job-plan.ts';

const hasFio = spawnSync('fio', ['--version']).status === 0;
const NEEDS = hasFio ? '' : ' (not run: needs fio: apt-get install fio)';

describe('a job that comes with fvp', () => {
  test.each(JOB_CATALOGUE)('says its question, its physics and where its numbers are from: $name', (job) => {
    const text = readFileSync(job.file, 'utf8');
    expect(text.split('\n')[0]).toBe(`; ${job.question}`);
    expect(text).toMatch(/^; Physics: /m);
    expect(text).toMatch(/^; Numbers and where they are from/m);
  });
  test.each(JOB_CATALOGUE)(
    'can be run here, with nothing that fio would take otherwise: $name',
    ({ file }) => {
      const document = loadJobs(file);
      const plan = planJobs(document);
      expect([document.problems, plan.obstacles, plan.warnings]).toEqual([[], [], []]);
    },
  );
  test('is listed, and no other file lies there', () => {
    const files = CATALOGUE_GROUPS.flatMap((group) => {
      const folder = new URL(`jobs/${group}/`, import.meta.url);
      return readdirSync(folder).map((name) => new URL(name, folder).pathname);
    });
    expect(JOB_CATALOGUE.map(({ file }) => file).sort()).toEqual(files.sort());
  });
  test.skipIf(!hasFio).each(JOB_CATALOGUE)(`is taken by fio: $name${NEEDS}`, ({ file }) => {
    expect(spawnSync('fio', ['--parse-only', file]).status).toBe(0);
  });
});

describe('limits that come with fvp', () => {
  // The grammar of fvp bench gate.
  const EXPRESSION =
    /^(?:[^/\s]+\/)?(?:[a-z0-9+-]+:)?(?:reads|writes|flushes|all)\.(?:min|mean|max|p[0-9.]+)(?:\.service)?<=?(?:[0-9.]+(?:ns|us|ms|s)|\+[0-9.]+%)$/;
  test.each(THRESHOLD_PRESETS)('say their question and hold expressions: $name', ({ file, question }) => {
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
    expect(lines[0]).toBe(`# ${question}`);
    const expressions = lines.filter((line) => !line.startsWith('#'));
    expect(expressions.length).toBeGreaterThan(0);
    for (const expression of expressions) expect(expression).toMatch(EXPRESSION);
  });
});
