/**
 * The rules every source file keeps, as functions over file names and texts: which room may import which, what names
 * and identifiers are not used. `source-rules.test.ts` shows that each rule bites and applies all to the repository.
 */
import { posix } from 'node:path';
import { parseSync } from 'oxc-parser';

export interface SourceFile {
  /** From the repository's root, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

interface Room {
  readonly name: string;
  /** Folder without a slash at the end. */
  readonly folder: string;
  /** Names of the rooms it may import, besides itself. */
  readonly mayImport: readonly string[];
}

const FIO_PARSER_IMPORT = '#fio-parser';

/** Design section 1; the first room whose folder holds a file is the file's. */
const ROOMS: readonly Room[] = [
  { name: 'kernel', folder: 'reference/kernel', mayImport: [] },
  { name: 'devices', folder: 'reference/devices', mayImport: ['kernel'] },
  { name: 'fvp', folder: 'reference/fvp', mayImport: ['kernel'] },
  { name: 'cluster', folder: 'reference/cluster', mayImport: ['kernel', 'devices', 'fvp'] },
  { name: 'testing', folder: 'reference/testing', mayImport: ['kernel', 'devices', 'fvp', 'cluster'] },
  { name: 'fio-parser', folder: 'workloads/fio-parser', mayImport: [] },
  { name: 'workloads', folder: 'workloads', mayImport: ['kernel', 'fio-parser'] },
  { name: 'traces', folder: 'traces', mayImport: ['kernel'] },
  { name: 'results', folder: 'results', mayImport: ['kernel', 'fio-parser'] },
  {
    name: 'bench',
    folder: 'bench',
    mayImport: [
      'kernel',
      'devices',
      'fvp',
      'cluster',
      'testing',
      'workloads',
      'fio-parser',
      'traces',
      'results',
    ],
  },
];

/** Rooms without clocks, timers, locale or files of their own, and inexact Math: their output must repeat exactly. */
const PURE_ROOMS = ['kernel', 'fvp'];
const EXACT_ROOMS = ['kernel', 'devices', 'fvp', 'cluster', 'results', 'traces', 'workloads'];

const INEXACT_MATH = [
  'acos',
  'acosh',
  'asin',
  'asinh',
  'atan',
  'atan2',
  'atanh',
  'cbrt',
  'cos',
  'cosh',
  'expm1',
  'hypot',
]
  .concat(['log10', 'log1p', 'log2', 'random', 'sign', 'sin', 'sinh', 'tan', 'tanh'])
  .concat(['exp', 'log', 'pow']);

/**
 * Files that may use exp, log and pow: to fill integer tables whose hash a test pins, and formulae that no run
 * document holds.
 */
const TABLE_FILES = [
  'reference/devices/service-time.ts',
  'reference/devices/calibrate/fit-model.ts',
  'reference/devices/theory/queueing.ts',
  'workloads/fio-job/exact-power.ts',
];

const BANNED_GLOBALS = ['Date', 'Intl'];
const BANNED_MEMBERS = [
  'toLocaleString',
  'toLocaleLowerCase',
  'toLocaleUpperCase',
  'localeCompare',
  'toLocaleDateString',
];
const BANNED_IN_PURE = [
  'setTimeout',
  'setInterval',
  'setImmediate',
  'queueMicrotask',
  'process',
  'performance',
  'fetch',
];

const BANNED_FILE_NAMES = /^(utils?|common|helpers?|managers?|misc|.*-(utils?|helpers?|manager))$/;
const KEBAB_CASE = /^[a-z0-9]+(-[a-z0-9]+)*$/;
const LEFTOVERS = /\b(TODO|FIXME|XXX)\b/;

interface Import {
  readonly specifier: string;
  readonly line: number;
}

interface AstNode {
  readonly type: string;
  readonly start: number;
  readonly [key: string]: unknown;
}

interface Parsed {
  readonly imports: readonly Import[];
  readonly program: AstNode;
  readonly lineOf: (offset: number) => number;
}

/** Tests and what only they use; not reference/testing, which is a part of the program. */
function isTest(path: string): boolean {
  if (path.endsWith('.test.ts') || path.startsWith('bench/test/')) return true;
  return path.includes('/testing/') && !path.startsWith('reference/testing/');
}

function roomOf(path: string): Room | undefined {
  return ROOMS.find((room) => path.startsWith(`${room.folder}/`));
}

function parse(file: SourceFile): Parsed {
  const result = parseSync(file.path, file.text);
  const failure = result.errors[0];
  if (failure !== undefined) throw new Error(`${file.path}: ${failure.message}`);
  const lineOf = (offset: number) => file.text.slice(0, offset).split('\n').length;
  const imports: Import[] = [];
  const add = (specifier: string, offset: number) => imports.push({ specifier, line: lineOf(offset) });
  for (const { moduleRequest, start } of result.module.staticImports) add(moduleRequest.value, start);
  for (const { entries, start } of result.module.staticExports) {
    for (const { moduleRequest } of entries) if (moduleRequest !== null) add(moduleRequest.value, start);
  }
  const program = result.program as unknown as AstNode;
  walk(program, (node) => {
    if (node.type !== 'ImportExpression' && node.type !== 'TSImportType') return;
    const source = node.source as AstNode | undefined;
    if (typeof source?.value === 'string') add(source.value, node.start);
  });
  return { imports, program, lineOf };
}

function walk(
  value: unknown,
  visit: (node: AstNode, parent: AstNode | undefined) => void,
  parent?: AstNode,
): void {
  if (Array.isArray(value)) {
    for (const element of value) walk(element, visit, parent);
  } else if (typeof value === 'object' && value !== null) {
    const node = value as AstNode;
    if (typeof node.type === 'string') visit(node, parent);
    for (const key of Object.keys(node)) walk(node[key], visit, node);
  }
}

/** @returns the path a relative import leads to, or undefined for a package. */
function targetOf(importer: string, specifier: string): string | undefined {
  if (!specifier.startsWith('.')) return undefined;
  return posix.normalize(posix.join(posix.dirname(importer), specifier));
}

/** @returns one line for each import against the arrows. */
export function wrongArrows(files: readonly SourceFile[]): string[] {
  const wrong: string[] = [];
  for (const file of files) {
    const room = roomOf(file.path);
    if (room === undefined) continue;
    for (const { specifier, line } of parse(file).imports) {
      const target = targetOf(file.path, specifier);
      const place = `${file.path}:${line}`;
      if (target === undefined) {
        if (
          specifier === FIO_PARSER_IMPORT &&
          room.name !== 'fio-parser' &&
          !room.mayImport.includes('fio-parser')
        ) {
          wrong.push(`${place}: ${room.name} may not import ${specifier}`);
        }
        continue;
      }
      const targetRoom = roomOf(target);
      if (targetRoom === undefined) {
        wrong.push(`${place}: ${specifier} leads out of the five rooms`);
      } else if (targetRoom !== room && !room.mayImport.includes(targetRoom.name)) {
        wrong.push(`${place}: ${room.name} may not import ${targetRoom.name} (${specifier})`);
      }
    }
  }
  return wrong;
}

/** @returns each cycle of imports once, as `a.ts -> b.ts -> a.ts`. */
export function importCycles(files: readonly SourceFile[]): string[] {
  const edges = new Map<string, string[]>();
  for (const file of files) {
    const targets = parse(file).imports.map(({ specifier }) => targetOf(file.path, specifier));
    edges.set(
      file.path,
      targets.filter((target) => target !== undefined),
    );
  }
  const cycles: string[] = [];
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]) => {
    const at = trail.indexOf(path);
    if (at !== -1) {
      cycles.push([...trail.slice(at), path].join(' -> '));
      return;
    }
    if (done.has(path)) return;
    for (const target of edges.get(path) ?? []) visit(target, [...trail, path]);
    done.add(path);
  };
  for (const path of edges.keys()) visit(path, []);
  return cycles;
}

/**
 * @param dependencies the packages that are installed with fvp.
 * @returns one line for each import, outside tests, of a package that a person who installs fvp would not have.
 */
export function undeclared(files: readonly SourceFile[], dependencies: readonly string[]): string[] {
  const wrong: string[] = [];
  for (const file of files) {
    if (isTest(file.path) || file.path.endsWith('.js')) continue;
    for (const { specifier, line } of parse(file).imports) {
      if (/^(\.|node:|#)/.test(specifier)) continue;
      const name = specifier
        .split('/')
        .slice(0, specifier.startsWith('@') ? 2 : 1)
        .join('/');
      if (!dependencies.includes(name)) wrong.push(`${file.path}:${line}: ${name} is no dependency`);
    }
  }
  return wrong;
}

/** @returns every file and package that is loaded when `entry` is: no types, nothing imported later by `import()`. */
export function loadedWith(files: readonly SourceFile[], entry: string): string[] {
  const texts = new Map(files.map((file) => [file.path, file]));
  const loaded = new Set<string>();
  const visit = (path: string) => {
    const file = texts.get(path);
    if (loaded.has(path)) return;
    loaded.add(path);
    if (file === undefined) return;
    const { module } = parseSync(file.path, file.text);
    const requests = [
      ...module.staticImports
        .filter(({ entries }) => entries.length === 0 || entries.some(({ isType }) => !isType))
        .map(({ moduleRequest }) => moduleRequest.value),
      ...module.staticExports.flatMap(({ entries }) =>
        entries.flatMap(({ isType, moduleRequest }) =>
          isType || moduleRequest === null ? [] : [moduleRequest.value],
        ),
      ),
    ];
    for (const request of requests) visit(targetOf(path, request) ?? request);
  };
  visit(entry);
  return [...loaded];
}

/** @returns one line for each file whose name says nothing or is not written in kebab case. */
export function wrongNames(paths: readonly string[]): string[] {
  const wrong: string[] = [];
  for (const path of paths) {
    for (const segment of path.split('/').slice(0, -1)) {
      if (!KEBAB_CASE.test(segment) || BANNED_FILE_NAMES.test(segment))
        wrong.push(`${path}: folder ${segment}`);
    }
    const name = posix.basename(path);
    const stem = name.slice(0, name.indexOf('.'));
    if (BANNED_FILE_NAMES.test(stem)) wrong.push(`${path}: ${stem} says nothing about what is in it`);
    else if (!KEBAB_CASE.test(stem)) wrong.push(`${path}: not in kebab case`);
  }
  return wrong;
}

/** @returns one line for each use of something whose result differs by machine, time or locale. Tests may. */
export function unrepeatable(files: readonly SourceFile[]): string[] {
  const wrong: string[] = [];
  for (const file of files) {
    const room = roomOf(file.path)?.name ?? '';
    if (!EXACT_ROOMS.includes(room) || isTest(file.path) || file.path.endsWith('.bench.ts')) continue;
    const { imports, program, lineOf } = parse(file);
    const pure = PURE_ROOMS.includes(room);
    const report = (offset: number, what: string) => wrong.push(`${file.path}:${lineOf(offset)}: ${what}`);
    const globals = pure ? [...BANNED_GLOBALS, ...BANNED_IN_PURE] : BANNED_GLOBALS;
    if (pure) {
      for (const { specifier, line } of imports) {
        if (targetOf(file.path, specifier) === undefined)
          wrong.push(`${file.path}:${line}: ${room} imports ${specifier}`);
      }
    }
    walk(program, (node, parent) => {
      if (node.type === 'Identifier' && globals.includes(node.name as string)) {
        const own =
          parent?.type === 'MemberExpression' && parent.property === node && parent.computed !== true;
        const key = parent?.key === node && parent.computed !== true;
        if (!own && !key) report(node.start, `${node.name}`);
      }
      if (node.type === 'BinaryExpression' && node.operator === '**') {
        if ((node.left as AstNode).type !== 'Literal') report(node.start, 'x ** y');
      }
      if (node.type !== 'MemberExpression') return;
      const object = node.object as AstNode;
      const property = (node.property as AstNode).name as string | undefined;
      if (property === undefined) return;
      if (BANNED_MEMBERS.includes(property)) report(node.start, `.${property}`);
      const table = TABLE_FILES.includes(file.path) && ['exp', 'log', 'pow'].includes(property);
      if (object.name === 'Math' && INEXACT_MATH.includes(property) && !table)
        report(node.start, `Math.${property}`);
    });
  }
  return wrong;
}

/** @returns one line for each note that something is unfinished. */
export function leftovers(files: readonly SourceFile[]): string[] {
  return files.flatMap((file) =>
    file.text
      .split('\n')
      .flatMap((line, index) => (LEFTOVERS.test(line) ? [`${file.path}:${index + 1}: ${line.trim()}`] : [])),
  );
}
