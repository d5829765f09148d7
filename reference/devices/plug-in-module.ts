/** Loads what a plug-in module exports by default, and notes where it is from. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import * as nodeModule from 'node:module';
import { basename, dirname, isAbsolute, join, resolve as resolvePath } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { resolve as resolveModule } from 'import-meta-resolve';
import { UsageError } from '../kernel/errors.ts';

/** Where a model is from. Holds no absolute path, so that documents are equal wherever a checkout lies. */
export interface Provenance {
  readonly from: 'built-in' | 'path' | 'package';
  /** As written; of an absolute path only the file's name. */
  readonly specifier: string;
  /** Of the package, where it has one. */
  readonly version?: string;
  /** Of the module's own file, hex; what it imports is not covered. Built-in models have none. */
  readonly sha256?: string;
}

export type PlugInKind = 'device' | 'filter';

export interface PlugInModule {
  /** Its default export; not checked. */
  readonly exported: unknown;
  readonly provenance: Provenance;
}

/** Modules of this package that a plug-in may import, wherever it lies and whether or not the package is installed there. */
const PUBLISHED = ['fvp-bench/device', 'fvp-bench/device/conformance'];

/**
 * @param specifier a path that begins with `./`, `../` or `/`, or a package
 * @param fromFolder where paths and packages are looked for first: the scenario's folder
 * @returns undefined where there is no such package
 * @throws UsageError when there is no such file, or it cannot be loaded
 */
export async function loadPlugIn(
  kind: PlugInKind,
  specifier: string,
  fromFolder: string,
): Promise<PlugInModule | undefined> {
  const isPath = /^(\.{0,2}\/|[a-zA-Z]:[\\/])/.test(specifier) || isAbsolute(specifier);
  if (isPath) return loadPath(kind, specifier, fromFolder);
  const url = resolvePackage(specifier, fromFolder);
  if (url === undefined) return undefined;
  const exported = await importDefault(kind, url, specifier);
  const file = fileURLToPath(url);
  const version = packageVersion(file);
  return {
    exported,
    provenance: {
      from: 'package',
      specifier,
      ...(version === undefined ? {} : { version }),
      sha256: hashFile(file),
    },
  };
}

async function loadPath(kind: PlugInKind, specifier: string, fromFolder: string): Promise<PlugInModule> {
  if (/\.[cm]?tsx?$/.test(specifier)) {
    throw new UsageError(`${kind} ${specifier} is TypeScript`, {
      hint: `compile it, and name the JavaScript file, such as ${specifier.replace(/tsx?$/, 'js')}`,
    });
  }
  if (/\.ya?ml$/i.test(specifier)) {
    throw new UsageError(`${kind} ${specifier} is no module`, {
      hint: `a preset in a file is named with preset: ${specifier}, and names its device itself`,
    });
  }
  const file = resolvePath(fromFolder, specifier);
  if (!existsSync(file)) {
    throw new UsageError(`${kind} ${specifier} does not exist`, {
      hint: 'a path is relative to the folder of the scenario file',
    });
  }
  const exported = await importDefault(kind, pathToFileURL(file).href, specifier);
  const shown = isAbsolute(specifier) ? basename(specifier) : specifier;
  return { exported, provenance: { from: 'path', specifier: shown, sha256: hashFile(file) } };
}

function resolvePackage(specifier: string, fromFolder: string): string | undefined {
  for (const parent of [pathToFileURL(join(resolvePath(fromFolder), 'scenario.js')).href, import.meta.url]) {
    try {
      const url = resolveModule(specifier, parent);
      if (url.startsWith('file:') && existsSync(fileURLToPath(url))) return url;
    } catch {
      // Not found from here, or no valid package name: the next place, and in the end the list of what there is.
    }
  }
  return undefined;
}

async function importDefault(kind: PlugInKind, url: string, specifier: string): Promise<unknown> {
  publishModules();
  try {
    const module: { readonly default?: unknown } = await import(url);
    return module.default;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new UsageError(`${kind} ${specifier} failed while it was loaded: ${why}`, { cause: error });
  }
}

/** A resolver for module.register, which wants it as a module of its own. */
const RESOLVER = `let published;
export function initialize(data) { published = data; }
export function resolve(specifier, context, next) {
  const url = published[specifier];
  return url === undefined ? next(specifier, context) : { url, shortCircuit: true };
}`;

let published = false;

/** Lets plug-ins import PUBLISHED: always this copy, so that a plug-in and the fvp that runs it cannot differ. */
function publishModules(): void {
  if (published) return;
  published = true;
  const urls: Record<string, string> = {};
  for (const name of PUBLISHED) urls[name] = resolveModule(name, import.meta.url);
  nodeModule.register(`data:text/javascript,${encodeURIComponent(RESOLVER)}`, { data: urls });
}

function hashFile(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}

/** Version of the package a file belongs to. */
function packageVersion(file: string): string | undefined {
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    const manifest = join(folder, 'package.json');
    if (existsSync(manifest)) {
      const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { readonly version?: unknown };
      if (typeof version === 'string') return version;
    }
    if (basename(dirname(folder)) === 'node_modules' || folder === dirname(folder)) return undefined;
  }
}
