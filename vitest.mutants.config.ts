/** The protocol's unit tests with one mutant in place of the file it breaks: `FVP_MUTANT` is its name. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { MUTANTS } from './reference/testing/mutants/mutants.ts';
import { mutated } from './reference/testing/mutants/mutated.ts';

const REFERENCE = new URL('reference/', import.meta.url);
const name = process.env.FVP_MUTANT;
const mutant = MUTANTS.find((each) => each.name === name);
if (name !== undefined && mutant === undefined) throw new Error(`no such mutant: ${name}`);
const broken =
  mutant === undefined ? '' : fileURLToPath(new URL(mutant.file.replace(/js$/, 'ts'), REFERENCE));

export default defineConfig({
  plugins: [
    {
      name: 'mutant',
      enforce: 'pre',
      load(id) {
        if (mutant === undefined || id !== broken) return undefined;
        const compiled = readFileSync(new URL(`../dist/reference/${mutant.file}`, REFERENCE), 'utf8');
        // Compiled code asks for compiled neighbours; these are the sources.
        return mutated(compiled, mutant).replaceAll(/(from '\.[^']*)\.js'/g, "$1.ts'");
      },
    },
  ],
  test: {
    include: ['reference/fvp/**/*.test.ts', 'reference/cluster/*.test.ts'],
    testTimeout: 60_000,
    reporters: ['dot'],
  },
});
