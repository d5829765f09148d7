import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** Generous, because CI machines are slow and some tests run the whole program. */
const TIMEOUT_MS = 120_000;

export default defineConfig({
  // The source, not what an earlier build left.
  resolve: {
    alias: { '#fio-parser': fileURLToPath(new URL('workloads/fio-parser/index.ts', import.meta.url)) },
  },
  test: {
    // All cores: the default keeps one free, which on two cores halves the speed.
    maxWorkers: '100%',
    testTimeout: TIMEOUT_MS,
    hookTimeout: TIMEOUT_MS,
    reporters: ['default', './bench/test/not-run-reporter.ts'],
    projects: [
      {
        extends: true,
        test: {
          name: 'rooms',
          include: ['{bench,reference,results,traces,workloads}/**/*.test.ts'],
          exclude: ['**/node_modules/**', '**/dist/**', 'bench/test/**'],
        },
      },
      {
        extends: true,
        test: {
          name: 'program',
          include: ['bench/test/**/*.test.ts'],
          globalSetup: './bench/test/build-first.ts',
        },
      },
    ],
  },
});
