/**
 * Finds device models (built in, by path, in a package) and settles their parameters: defaults, then a preset, then
 * what the scenario says. All of this happens before virtual time starts.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, resolve as resolvePath } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { resolve as resolveModule } from 'import-meta-resolve';
import {
  DataError,
  type DataErrorOptions,
  type DataPlace,
  quoteFound,
  UsageError,
} from '../kernel/errors.ts';
import { didYouMean } from '../kernel/nearest-name.ts';
import type { DeviceModel, DeviceRole } from './api.ts';
import array from './models/array.ts';
import fixed from './models/fixed.ts';
import flash from './models/flash.ts';
import link from './models/link.ts';
import nullDevice from './models/null.ts';
import { listPresets, loadPreset, presetHint, presetNames } from './presets.ts';

/** The models that come with fvp; a new one is a file in models/ and a line here. */
const BUILT_IN: readonly DeviceModel<unknown>[] = [nullDevice, fixed, flash, link, array];

const ROLES: readonly string[] = ['flash', 'datastore', 'link'] satisfies readonly DeviceRole[];

/** Where a model is from. Holds no absolute path, so that documents are equal wherever a checkout lies. */
export interface DeviceProvenance {
  readonly from: 'built-in' | 'path' | 'package';
  /** As written; of an absolute path only the file's name. */
  readonly specifier: string;
  /** Of the package, where it has one. */
  readonly version?: string;
  /** Of the module's own file, hex; what it imports is not covered. Built-in models have none. */
  readonly sha256?: string;
}

export interface LoadedDevice {
  readonly model: DeviceModel<unknown>;
  readonly provenance: DeviceProvenance;
}

export interface DeviceSummary {
  readonly name: string;
  readonly summary: string;
  readonly roles: readonly DeviceRole[];
  /** Names of the presets for it, sorted. */
  readonly presets: readonly string[];
}

/** The built-in models. */
export function builtInModels(): readonly DeviceModel<unknown>[] {
  return BUILT_IN;
}

/** What `fvp device list` shows: the built-in models and their presets. */
export function listDevices(): readonly DeviceSummary[] {
  const presets = listPresets();
  return BUILT_IN.map((model) => ({
    name: model.name,
    summary: model.summary,
    roles: model.roles,
    presets: presets.filter((preset) => preset.device === model.name).map((preset) => preset.name),
  }));
}

/**
 * Loads a model: a built-in name; a path that begins with `./`, `../` or `/`; or a package.
 * @param fromFolder where paths and packages are looked for first: the scenario's folder
 * @throws UsageError when there is no such device, or the module is none
 */
export async function loadDevice(specifier: string, fromFolder: string): Promise<LoadedDevice> {
  const builtIn = BUILT_IN.find((model) => model.name === specifier);
  if (builtIn !== undefined) return { model: builtIn, provenance: { from: 'built-in', specifier } };
  if (/^(\.{0,2}\/|[a-zA-Z]:[\\/])/.test(specifier) || isAbsolute(specifier))
    return loadPath(specifier, fromFolder);
  return loadPackage(specifier, fromFolder);
}

async function loadPath(specifier: string, fromFolder: string): Promise<LoadedDevice> {
  if (/\.[cm]?ts$/.test(specifier)) {
    throw new UsageError(`device ${specifier} is TypeScript`, {
      hint: `compile it, and name the JavaScript file, such as ${specifier.replace(/ts$/, 'js')}`,
    });
  }
  const file = resolvePath(fromFolder, specifier);
  if (!existsSync(file)) {
    throw new UsageError(`device ${specifier} does not exist`, {
      hint: 'a path is relative to the folder of the scenario file',
    });
  }
  const model = await importModel(pathToFileURL(file).href, specifier);
  const shown = isAbsolute(specifier) ? basename(specifier) : specifier;
  return { model, provenance: { from: 'path', specifier: shown, sha256: hashFile(file) } };
}

async function loadPackage(specifier: string, fromFolder: string): Promise<LoadedDevice> {
  const url = resolvePackage(specifier, fromFolder);
  if (url === undefined) throw unknownDevice(specifier);
  const model = await importModel(url, specifier);
  const file = fileURLToPath(url);
  const version = packageVersion(file);
  return {
    model,
    provenance: {
      from: 'package',
      specifier,
      ...(version === undefined ? {} : { version }),
      sha256: hashFile(file),
    },
  };
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

function unknownDevice(specifier: string): UsageError {
  if (presetNames().includes(specifier)) {
    const preset = loadPreset(specifier);
    return new UsageError(`"${specifier}" is a preset, not a device`, {
      hint: `write device: ${preset.device} and preset: ${specifier}`,
    });
  }
  const names = BUILT_IN.map((model) => model.name);
  const meant = didYouMean(specifier, names);
  return new UsageError(`unknown device "${specifier}"`, {
    hint: `${meant === undefined ? '' : `${meant} `}there are ${names.join(', ')}; a path begins with ./, and a package must be installed`,
  });
}

async function importModel(url: string, specifier: string): Promise<DeviceModel<unknown>> {
  let module: { readonly default?: unknown };
  try {
    module = await import(url);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new UsageError(`device ${specifier} failed while it was loaded: ${why}`, { cause: error });
  }
  const fault = modelFault(module.default);
  if (fault !== undefined) {
    throw new UsageError(`device ${specifier} is no device model: ${fault}`, {
      hint: 'a device module says: export default defineDevice({ name, summary, roles, parameters, create })',
    });
  }
  return module.default as DeviceModel<unknown>;
}

/** What keeps a module's default export from being a device model. */
function modelFault(value: unknown): string | undefined {
  if (value === undefined) return 'it has no default export';
  if (typeof value !== 'object' || value === null) return 'its default export is no object';
  const model = value as Partial<Record<keyof DeviceModel<unknown>, unknown>>;
  if (typeof model.name !== 'string' || model.name === '') return 'its name is no text';
  if (typeof model.summary !== 'string') return 'its summary is no text';
  if (
    !Array.isArray(model.roles) ||
    model.roles.length === 0 ||
    !model.roles.every((role) => ROLES.includes(role))
  ) {
    return `its roles are not among ${ROLES.join(', ')}`;
  }
  if (typeof model.create !== 'function') return 'it has no create function';
  if (typeof model.parameters !== 'object' || model.parameters === null) return 'it declares no parameters';
  for (const [key, declaration] of Object.entries(model.parameters)) {
    const schema = (declaration as { readonly schema?: { readonly safeParse?: unknown } } | null)?.schema;
    if (typeof schema?.safeParse !== 'function') return `its parameter "${key}" has no schema`;
  }
  return undefined;
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

/**
 * Where a key of a device's entry stands in the scenario file; without a key, the entry itself. Undefined when there
 * is no file: errors are then UsageErrors.
 */
export type KeyPlace = (key: string | undefined) => DataPlace | undefined;

export interface ParameterRequest {
  /** Name of a preset for the model. */
  readonly preset?: string | undefined;
  /** As written in the scenario. */
  readonly overrides: Readonly<Record<string, unknown>>;
  readonly place?: KeyPlace | undefined;
}

export interface ResolvedParameters {
  /** In the factory's units. */
  readonly parameters: unknown;
  /** Every parameter in the order of declaration, as a person would write it. */
  readonly written: Readonly<Record<string, unknown>>;
}

/**
 * Settles a device's parameters: default, preset, override, each later one winning, and validates them.
 * @throws DataError at the key's place (UsageError without a place) for an unknown key or a bad value
 */
export function resolveParameters(loaded: LoadedDevice, request: ParameterRequest): ResolvedParameters {
  const { model } = loaded;
  const declared = Object.keys(model.parameters);
  const fail = (
    key: string | undefined,
    what: string,
    options: DataErrorOptions = {},
  ): DataError | UsageError => parameterError(request.place?.(key), what, options);

  for (const key of Object.keys(request.overrides)) {
    if (declared.includes(key)) continue;
    const meant = didYouMean(key, declared);
    const known = declared.length === 0 ? 'it has none' : `it has ${declared.join(', ')}`;
    throw fail(key, `device ${model.name} has no parameter "${key}"`, {
      hint: meant === undefined ? known : `${meant} ${known}`,
    });
  }
  const preset = request.preset === undefined ? {} : presetValues(loaded, request.preset, fail);

  const parameters: Record<string, unknown> = {};
  const written: Record<string, unknown> = {};
  for (const [key, declaration] of Object.entries(model.parameters)) {
    const override = request.overrides[key];
    const value = override ?? preset[key] ?? declaration.default;
    const parsed = declaration.schema.safeParse(value);
    if (!parsed.success) {
      const why = parsed.error.issues[0]?.message ?? 'is not valid';
      throw fail(key, `parameter "${key}" of device ${model.name} ${why}`, {
        found: typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value)),
        ...(declaration.expected === undefined ? {} : { expected: declaration.expected }),
      });
    }
    parameters[key] = parsed.data;
    written[key] = value;
  }
  const fault = model.check?.(parameters);
  if (fault !== undefined) {
    throw fail(fault.parameter, `parameter "${fault.parameter}" of device ${model.name} ${fault.problem}`);
  }
  return { parameters, written };
}

function presetValues(
  { model, provenance }: LoadedDevice,
  name: string,
  fail: (key: string | undefined, what: string, options?: DataErrorOptions) => DataError | UsageError,
): Readonly<Record<string, unknown>> {
  const fitting =
    provenance.from === 'built-in' ? listPresets().filter((preset) => preset.device === model.name) : [];
  const preset = fitting.find((candidate) => candidate.name === name);
  if (preset === undefined) {
    const hint =
      fitting.length === 0
        ? `device ${model.name} has no presets`
        : presetHint(
            name,
            fitting.map((candidate) => candidate.name),
          );
    throw fail('preset', `device ${model.name} has no preset "${name}"`, { hint });
  }
  return Object.fromEntries(Object.entries(preset.parameters).map(([key, { value }]) => [key, value]));
}

function parameterError(
  place: DataPlace | undefined,
  what: string,
  options: DataErrorOptions,
): DataError | UsageError {
  if (place !== undefined) return new DataError(what, place, options);
  const found = options.found === undefined ? '' : `; found ${quoteFound(options.found)}`;
  const expected = options.expected === undefined ? '' : `; expected ${options.expected}`;
  return new UsageError(`${what}${found}${expected}`, options);
}
