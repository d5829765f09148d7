import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { packageRoot } from '../program/package-root.ts';
import {
  importCycles,
  leftovers,
  loadedWith,
  type SourceFile,
  undeclared,
  unrepeatable,
  wrongArrows,
  wrongNames,
} from './source-rules.ts';

const ROOMS = ['bench', 'reference', 'results', 'traces', 'workloads'].filter((room) =>
  existsSync(new URL(room, packageRoot())),
);
/** Everything else at the root is a project file, or comes and goes. */
const ROOT_FILES = [
  '.ci .gitignore .git dist docs node_modules oclif.manifest.json',
  'CHANGELOG.md CONTRIBUTING.md LICENSE README.md action.yml biome.json knip.json package-lock.json package.json',
  'tsconfig.build.json tsconfig.json vitest.config.ts vitest.mutants.config.ts',
].flatMap((line) => line.split(' '));

function pathsUnder(folder: string): string[] {
  return readdirSync(new URL(folder, packageRoot()), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}${entry.name}`;
    if (!entry.isDirectory()) return [path];
    return ['node_modules', 'dist'].includes(entry.name) || path === 'results/runs'
      ? []
      : pathsUnder(`${path}/`);
  });
}

function sources(): SourceFile[] {
  return ROOMS.flatMap((room) => pathsUnder(`${room}/`))
    .filter((path) => /\.(ts|js)$/.test(path))
    .map((path) => ({ path, text: readFileSync(new URL(path, packageRoot()), 'utf8') }));
}

interface LockedPackage {
  readonly resolved?: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

describe('package-lock.json', () => {
  const lock = JSON.parse(readFileSync(new URL('package-lock.json', packageRoot()), 'utf8'));
  const packages = Object.entries(lock.packages as Record<string, LockedPackage>);

  test('names no registry, so that any mirror will do', () => {
    expect(packages.filter(([, { resolved }]) => resolved?.startsWith('http'))).toEqual([]);
  });
  // npm leaves those out that its registry has not, and then refuses its own file in `npm ci`.
  test('holds the optional packages of every platform', () => {
    const paths = packages.map(([path]) => path);
    const optional = packages.flatMap(([path, { optionalDependencies }]) =>
      Object.keys(optionalDependencies ?? {}).map((name) => [
        `node_modules/${name}`,
        `${path}/node_modules/${name}`,
      ]),
    );
    expect(optional.length).toBeGreaterThan(0);
    expect(optional.filter((places) => !places.some((place) => paths.includes(place)))).toEqual([]);
  });
});

function file(path: string, text: string): SourceFile {
  return { path, text };
}

describe('the repository', () => {
  const files = sources();

  test('holds source in every room that exists', () => {
    expect(files.length).toBeGreaterThan(20);
  });
  test('keeps the arrows between the rooms', () => {
    expect(wrongArrows(files)).toEqual([]);
  });
  test('has no cycle of imports', () => {
    expect(importCycles(files)).toEqual([]);
  });
  test('has files with telling names in kebab case', () => {
    expect(wrongNames(files.map(({ path }) => path))).toEqual([]);
  });
  test('uses nothing whose result differs by machine, time or locale', () => {
    expect(unrepeatable(files)).toEqual([]);
  });
  test('leaves nothing marked as unfinished', () => {
    expect(leftovers(files.filter(({ path }) => !path.startsWith('bench/test/source-rules')))).toEqual([]);
  });
  test('loads no heavy room and no library but oclif to start a command', () => {
    const light =
      /^(bench\/(commands|program)\/|bench\/render\/visible-text\.ts$|reference\/kernel\/(errors|units|nearest-name)\.ts$|reference\/fvp\/mode\.ts$|node:|@oclif\/core$)/;
    const entries = files.map(({ path }) => path).filter((path) => path.startsWith('bench/commands/'));
    for (const entry of ['bench/program/main.ts', ...entries]) {
      expect(loadedWith(files, entry).filter((path) => !light.test(path))).toEqual([]);
    }
  });
  test('imports only packages that are installed with it', () => {
    const { dependencies } = JSON.parse(readFileSync(new URL('package.json', packageRoot()), 'utf8'));
    expect(undeclared(files, Object.keys(dependencies))).toEqual([]);
  });
  test('has every package that a test waits for installed by .ci/run', () => {
    const script = readFileSync(new URL('.ci/run', packageRoot()), 'utf8');
    const installed = [...script.matchAll(/\[[\w-]+\]=([\w.+-]+)/g)].map((match) => match[1]);
    const needed = files
      .filter(({ path }) => path.endsWith('.test.ts') && !path.startsWith('bench/test/'))
      .flatMap(({ text }) => [...text.matchAll(/apt-get install ((?:[a-z0-9.+-]+ ?)+)/g)])
      .flatMap((match) => (match[1] ?? '').trim().split(' '));
    expect(installed).not.toEqual([]);
    expect(needed.filter((name) => !installed.includes(name))).toEqual([]);
  });
  test('has nothing at its root but rooms, docs, .ci and project files', () => {
    const found = readdirSync(packageRoot()).filter((name) => !name.endsWith('.tgz'));
    expect(found.filter((name) => ![...ROOMS, ...ROOT_FILES].includes(name))).toEqual([]);
  });
  test('says in every room what lives there', () => {
    const without = ROOMS.filter((room) => !existsSync(new URL(`${room}/README.md`, packageRoot())));
    expect(without).toEqual([]);
  });
});

describe('the arrows', () => {
  const forbidden: [string, string, string][] = [
    ['traces', 'traces/a.ts', "import { x } from '../reference/devices/api.ts';"],
    ['traces into bench', 'traces/a.ts', "import { x } from '../bench/b.ts';"],
    ['results', 'results/a.ts', "import type { X } from '../reference/fvp/mode.ts';"],
    ['workloads', 'workloads/a.ts', "export { x } from '../traces/b.ts';"],
    ['kernel', 'reference/kernel/a.ts', "import '../devices/b.ts';"],
    ['devices', 'reference/devices/a.ts', "const x = await import('../fvp/b.ts');"],
    ['fvp', 'reference/fvp/a.ts', "import { x } from '../devices/api.ts';"],
    ['cluster', 'reference/cluster/a.ts', "import { x } from '../../traces/b.ts';"],
    ['a type', 'reference/fvp/a.ts', "export type X = import('../cluster/b.ts').X;"],
    ['fio-parser', 'workloads/fio-parser/a.ts', "import { x } from '../../reference/kernel/units.ts';"],
    ['traces with #fio-parser', 'traces/a.ts', "import { x } from '#fio-parser';"],
    ['out of the house', 'bench/a.ts', "import { x } from '../../elsewhere/b.ts';"],
  ];
  test.each(forbidden)('forbid what %s must not import', (_, path, text) => {
    expect(wrongArrows([file(path, text)])).toHaveLength(1);
  });

  const allowed: [string, string][] = [
    ['traces/a.ts', "import { x } from '../reference/kernel/units.ts';"],
    ['reference/cluster/a.ts', "import { x } from '../devices/api.ts'; import { y } from '../fvp/mode.ts';"],
    ['bench/a.ts', "import { x } from '../results/b.ts'; import { y } from '#fio-parser';"],
    ['workloads/a.ts', "import { x } from '#fio-parser'; import y from 'yaml';"],
    ['traces/a.ts', "// import { x } from '../bench/b.ts'\nexport const x = \"import '../bench/b.ts'\";"],
  ];
  test.each(allowed)('allow %s its own', (path, text) => {
    expect(wrongArrows([file(path, text)])).toEqual([]);
  });

  test('name the file and the line', () => {
    const [wrong] = wrongArrows([file('traces/a.ts', "\n\nimport { x } from '../bench/b.ts';")]);
    expect(wrong).toBe('traces/a.ts:3: traces may not import bench (../bench/b.ts)');
  });
});

describe('cycles', () => {
  test('are found through several files', () => {
    const files = [
      file('bench/a.ts', "import './b.ts';"),
      file('bench/b.ts', "import './c.ts';"),
      file('bench/c.ts', "import type { A } from './a.ts';"),
    ];
    expect(importCycles(files)).toEqual(['bench/a.ts -> bench/b.ts -> bench/c.ts -> bench/a.ts']);
  });
  test('are not seen where two files import a third', () => {
    const files = [
      file('bench/a.ts', "import './b.ts'; import './c.ts';"),
      file('bench/b.ts', "import './c.ts';"),
      file('bench/c.ts', ''),
    ];
    expect(importCycles(files)).toEqual([]);
  });
});

describe('names', () => {
  test.each([
    'bench/utils.ts',
    'bench/common/a.ts',
    'results/string-helpers.ts',
    'traces/runManager.ts',
    'bench/BenchRun.ts',
  ])('such as %s are refused', (path) => {
    expect(wrongNames([path])).toHaveLength(1);
  });
  test.each(['bench/run-bench.ts', 'traces/readers.bench.ts', 'reference/kernel/units.prop.test.ts'])(
    'such as %s are fine',
    (path) => {
      expect(wrongNames([path])).toEqual([]);
    },
  );
});

describe('what would not repeat', () => {
  test.each([
    ['results/a.ts', 'export const x = Date.now();'],
    ['reference/cluster/a.ts', 'export const x = Math.random();'],
    ['reference/kernel/a.ts', 'export const x = Math.pow(2, 3);'],
    ['reference/kernel/a.ts', 'export const x = (y: number) => y ** 0.5;'],
    ['traces/a.ts', "export const x = ['b'].sort((a, b) => a.localeCompare(b));"],
    ['results/a.ts', "export const x = new Intl.NumberFormat('en');"],
    ['reference/fvp/a.ts', 'setTimeout(() => {}, 1);'],
    ['reference/fvp/a.ts', "import fs from 'node:fs';"],
  ])('is found in %s: %s', (path, text) => {
    expect(unrepeatable([file(path, text)])).toHaveLength(1);
  });
  test.each([
    ['results/a.test.ts', 'export const x = Date.now();'],
    ['reference/kernel/a.ts', 'export const x = Math.floor(1.5) + Math.sqrt(2) + 2 ** 53;'],
    ['reference/fvp/a.ts', 'export const x = { process: 1 }.process; // Date'],
    ['reference/devices/service-time.ts', 'export const x = Math.exp(1);'],
    ['bench/a.ts', 'export const x = new Date();'],
  ])('is not found in %s: %s', (path, text) => {
    expect(unrepeatable([file(path, text)])).toEqual([]);
  });
});

test('a package that is not installed with fvp is found outside tests', () => {
  const text =
    "import 'node:fs'; import 'yaml/x'; import '@oclif/core/y'; import type { A } from 'vitest/node';";
  expect(undeclared([file('bench/a.ts', text)], ['yaml', '@oclif/core'])).toEqual([
    'bench/a.ts:1: vitest is no dependency',
  ]);
  expect(undeclared([file('bench/a.test.ts', text)], [])).toEqual([]);
});

test('what a file loads is neither types nor later imports', () => {
  const files = [
    file('bench/a.ts', "import './b.ts'; import type { X } from './c.ts'; const d = () => import('./d.ts');"),
    file(
      'bench/b.ts',
      "export { e } from './e.ts'; export type { F } from './f.ts'; import fs from 'node:fs';",
    ),
  ];
  expect(loadedWith(files, 'bench/a.ts')).toEqual(['bench/a.ts', 'bench/b.ts', 'node:fs', 'bench/e.ts']);
});

describe('leftovers', () => {
  test('are found with their line', () => {
    expect(leftovers([file('bench/a.ts', 'one\n// TODO: two')])).toEqual(['bench/a.ts:2: // TODO: two']);
  });
});
