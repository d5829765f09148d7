/**
 * Finds device models (built in, by path, in a package) and settles their parameters: defaults, then a preset, then
 * what the scenario says. All of this happens before virtual time starts.
 */
import {
  DataError,
  type DataErrorOptions,
  type DataPlace,
  quoteFound,
  UsageError,
} from '../kernel/errors.ts';
import { didYouMean } from '../kernel/nearest-name.ts';
import type { DeviceModel, DeviceRole, FilterModel } from './api.ts';
import corrupt from './filters/corrupt.ts';
import delay from './filters/delay.ts';
import error from './filters/error.ts';
import jitter from './filters/jitter.ts';
import log from './filters/log.ts';
import queueDepth from './filters/queue-depth.ts';
import rate from './filters/rate.ts';
import reorder from './filters/reorder.ts';
import stall from './filters/stall.ts';
import statistics from './filters/statistics.ts';
import torn from './filters/torn.ts';
import { askModel } from './guard.ts';
import array from './models/array.ts';
import empirical from './models/empirical.ts';
import fixed from './models/fixed.ts';
import flash from './models/flash.ts';
import hdd from './models/hdd.ts';
import link from './models/link.ts';
import nullDevice from './models/null.ts';
import pvfs from './models/pvfs.ts';
import ram from './models/ram.ts';
import ssd from './models/ssd.ts';
import { loadPlugIn, type Provenance } from './plug-in-module.ts';
import type { PresetFile } from './preset-file.ts';
import { type DevicePreset, listPresets, loadPreset, presetHint, presetNames } from './presets.ts';

/** The models that come with fvp; a new one is a file in models/ and a line here. */
const BUILT_IN: readonly DeviceModel<unknown>[] = [
  nullDevice,
  fixed,
  ram,
  flash,
  ssd,
  hdd,
  link,
  array,
  pvfs,
  empirical,
];

/** The filters that come with fvp; a new one is a file in filters/ and a line here. */
const BUILT_IN_FILTERS: readonly FilterModel<unknown>[] = [
  delay,
  jitter,
  rate,
  queueDepth,
  stall,
  reorder,
  error,
  torn,
  corrupt,
  statistics,
  log,
];

const ROLES: readonly string[] = ['flash', 'datastore', 'link'] satisfies readonly DeviceRole[];

export interface LoadedDevice {
  readonly model: DeviceModel<unknown>;
  readonly provenance: Provenance;
}

export interface LoadedFilter {
  readonly model: FilterModel<unknown>;
  readonly provenance: Provenance;
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

/** The built-in filters. */
export function builtInFilters(): readonly FilterModel<unknown>[] {
  return BUILT_IN_FILTERS;
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
  const module = await loadPlugIn('device', specifier, fromFolder);
  if (module === undefined) throw unknownDevice(specifier);
  const fault = deviceFault(module.exported);
  if (fault !== undefined) {
    throw new UsageError(`device ${specifier} is no device model: ${fault}`, {
      hint: 'a device module says: export default defineDevice({ name, summary, roles, parameters, create })',
    });
  }
  return { model: module.exported as DeviceModel<unknown>, provenance: module.provenance };
}

/**
 * Loads a filter, as `loadDevice` does a device.
 * @throws UsageError when there is no such filter, or the module is none
 */
export async function loadFilter(specifier: string, fromFolder: string): Promise<LoadedFilter> {
  const builtIn = BUILT_IN_FILTERS.find((model) => model.name === specifier);
  if (builtIn !== undefined) return { model: builtIn, provenance: { from: 'built-in', specifier } };
  const module = await loadPlugIn('filter', specifier, fromFolder);
  if (module === undefined) {
    throw new UsageError(`unknown filter "${specifier}"`, {
      hint: namesHint(
        specifier,
        BUILT_IN_FILTERS.map((model) => model.name),
      ),
    });
  }
  const fault = filterFault(module.exported);
  if (fault !== undefined) {
    throw new UsageError(`filter ${specifier} is no filter: ${fault}`, {
      hint: 'a filter module says: export default defineFilter({ name, summary, parameters, create })',
    });
  }
  return { model: module.exported as FilterModel<unknown>, provenance: module.provenance };
}

/** A device or a filter, whichever it is. */
export type LoadedModel =
  | ({ readonly kind: 'device' } & LoadedDevice)
  | ({ readonly kind: 'filter' } & LoadedFilter);

/**
 * Loads a device or a filter: what a module exports with roles is a device.
 * @throws UsageError as `loadDevice` and `loadFilter`
 */
export async function loadModel(specifier: string, fromFolder: string): Promise<LoadedModel> {
  const isFilter =
    BUILT_IN_FILTERS.some((model) => model.name === specifier) ||
    (!BUILT_IN.some((model) => model.name === specifier) &&
      filterFault((await loadPlugIn('device', specifier, fromFolder))?.exported) === undefined);
  return isFilter
    ? { kind: 'filter', ...(await loadFilter(specifier, fromFolder)) }
    : { kind: 'device', ...(await loadDevice(specifier, fromFolder)) };
}

function unknownDevice(specifier: string): UsageError {
  if (presetNames().includes(specifier)) {
    const preset = loadPreset(specifier);
    return new UsageError(`"${specifier}" is a preset, not a device`, {
      hint: `write device: ${preset.device} and preset: ${specifier}`,
    });
  }
  if (BUILT_IN_FILTERS.some((model) => model.name === specifier)) {
    return new UsageError(`"${specifier}" is a filter, not a device`, {
      hint: `write filters: [{ filter: ${specifier} }] beside a device`,
    });
  }
  return new UsageError(`unknown device "${specifier}"`, {
    hint: namesHint(
      specifier,
      BUILT_IN.map((model) => model.name),
    ),
  });
}

function namesHint(specifier: string, names: readonly string[]): string {
  const meant = didYouMean(specifier, names);
  return `${meant === undefined ? '' : `${meant} `}there are ${names.join(', ')}; a path begins with ./, and a package must be installed`;
}

/** What keeps a module's default export from being a device model. */
function deviceFault(value: unknown): string | undefined {
  const fault = exportFault(value);
  if (fault !== undefined) return fault;
  const { roles } = value as { readonly roles?: unknown };
  if (!Array.isArray(roles) || roles.length === 0 || !roles.every((role) => ROLES.includes(role))) {
    return `its roles are not among ${ROLES.join(', ')}`;
  }
  return modelFault(value);
}

/** What keeps a module's default export from being a filter. */
function filterFault(value: unknown): string | undefined {
  const fault = exportFault(value);
  if (fault !== undefined) return fault;
  if ((value as { readonly roles?: unknown }).roles !== undefined) return 'it has roles, so it is a device';
  return modelFault(value);
}

function exportFault(value: unknown): string | undefined {
  if (value === undefined) return 'it has no default export';
  return typeof value === 'object' && value !== null ? undefined : 'its default export is no object';
}

/** What devices and filters have in common. */
function modelFault(value: unknown): string | undefined {
  const model = value as Partial<Record<keyof FilterModel<unknown>, unknown>>;
  if (typeof model.name !== 'string' || model.name === '') return 'its name is no text';
  if (typeof model.summary !== 'string') return 'its summary is no text';
  if (typeof model.create !== 'function') return 'it has no create function';
  if (typeof model.parameters !== 'object' || model.parameters === null) return 'it declares no parameters';
  for (const [key, declaration] of Object.entries(model.parameters)) {
    const { schema } = (declaration ?? {}) as { readonly schema?: { readonly safeParse?: unknown } };
    if (typeof schema?.safeParse !== 'function') return `its parameter "${key}" has no schema`;
  }
  return undefined;
}

/**
 * Where a key of a device's entry stands in the scenario file; without a key, the entry itself. Undefined when there
 * is no file: errors are then UsageErrors.
 */
export type KeyPlace = (key: string | undefined) => DataPlace | undefined;

export interface ParameterRequest {
  /** A preset for the model: the name of one that comes with fvp, or one from a file. */
  readonly preset?: string | PresetFile | undefined;
  /** As written in the scenario. */
  readonly overrides: Readonly<Record<string, unknown>>;
  readonly place?: KeyPlace | undefined;
  /** Keys that may stand beside the parameters, for the nearest name of a misspelt one. */
  readonly beside?: readonly string[] | undefined;
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
export function resolveParameters(
  loaded: LoadedDevice | LoadedFilter,
  request: ParameterRequest,
): ResolvedParameters {
  const { model } = loaded;
  const noun = 'roles' in model ? `device ${model.name}` : `filter ${model.name}`;
  const declared = Object.keys(model.parameters);
  const file = typeof request.preset === 'object' ? request.preset : undefined;
  const place = (key: string | undefined): DataPlace | undefined =>
    key !== undefined && request.overrides[key] === undefined && file !== undefined && key in file.parameters
      ? file.placeOf(key)
      : request.place?.(key);
  const fail = (
    key: string | undefined,
    what: string,
    options: DataErrorOptions = {},
  ): DataError | UsageError => parameterError(place(key), what, options);

  for (const key of [...Object.keys(request.overrides), ...Object.keys(file?.parameters ?? {})]) {
    if (declared.includes(key)) continue;
    const meant = didYouMean(key, [...declared, ...(request.beside ?? [])]);
    const known = declared.length === 0 ? 'it has none' : `it has ${declared.join(', ')}`;
    throw fail(key, `${noun} has no parameter "${key}"`, {
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
      throw fail(key, `parameter "${key}" of ${noun} ${why}`, {
        found: typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value)),
        ...(declaration.expected === undefined ? {} : { expected: declaration.expected }),
      });
    }
    parameters[key] = parsed.data;
    written[key] = value;
  }
  const plugIn =
    loaded.provenance.from === 'built-in' ? undefined : `${noun} (${loaded.provenance.specifier})`;
  const fault = askModel(plugIn, 'check()', () => model.check?.(parameters));
  if (fault !== undefined) {
    throw fail(fault.parameter, `parameter "${fault.parameter}" of ${noun} ${fault.problem}`);
  }
  return { parameters, written };
}

function presetValues(
  loaded: LoadedDevice | LoadedFilter,
  preset: string | PresetFile,
  fail: (key: string | undefined, what: string, options?: DataErrorOptions) => DataError | UsageError,
): Readonly<Record<string, unknown>> {
  const { parameters } = typeof preset === 'string' ? namedPreset(loaded, preset, fail) : preset;
  return Object.fromEntries(Object.entries(parameters).map(([key, { value }]) => [key, value]));
}

function namedPreset(
  { model, provenance }: LoadedDevice | LoadedFilter,
  name: string,
  fail: (key: string | undefined, what: string, options?: DataErrorOptions) => DataError | UsageError,
): DevicePreset {
  const builtIn = provenance.from === 'built-in';
  // Only the preset asked for is read; the others are looked at for the message.
  const named = builtIn && presetNames().includes(name) ? loadPreset(name) : undefined;
  if (named?.device === model.name) return named;
  const fitting = builtIn ? listPresets().filter(({ device }) => device === model.name) : [];
  const names = fitting.map((candidate) => candidate.name);
  const hint = fitting.length === 0 ? `device ${model.name} has no presets` : presetHint(name, names);
  throw fail('preset', `device ${model.name} has no preset "${name}"`, { hint });
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
