/** From a scenario file or preset to a `Scenario`: parsed, validated, its devices loaded. */
import { readFile } from 'node:fs/promises';
import { basename, dirname, resolve as resolvePath } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { z } from 'zod';
import type { DeviceRole } from '../../devices/api.ts';
import { isPresetPath, type PresetFile, readPresetFile } from '../../devices/preset-file.ts';
import { presetNames as devicePresetNames, loadPreset } from '../../devices/presets.ts';
import {
  type LoadedDevice,
  type LoadedFilter,
  loadDevice,
  loadFilter,
  resolveParameters,
} from '../../devices/registry.ts';
import type { FilterSetup } from '../../devices/stack.ts';
import { YamlFile, type YamlPath } from '../../devices/yaml-file.ts';
import { DEFAULT_COMPRESSION, DEFAULT_FVP_OPTIONS } from '../../fvp/options.ts';
import { DataError, type DataPlace, NoInputError, UsageError } from '../../kernel/errors.ts';
import { didYouMean } from '../../kernel/nearest-name.ts';
import { parseBytes } from '../../kernel/units.ts';
import { readEvents } from './events.ts';
import { presetNames, presetText, unknownScenario } from './presets.ts';
import type { ResolvedDevice } from './resolved.ts';
import { type FvpSettings, type LoadedHost, type LoadedVm, Scenario } from './scenario.ts';
import {
  DEFAULT_FLASH_CAPACITY,
  expectedAt,
  INPUT_WORKLOAD,
  type IssueFacts,
  knownKeysAt,
  type SizeOrShare,
  scenarioSchema,
  unknownKeyHint,
  type WrittenFilter,
  type WrittenScenario,
} from './schema.ts';
import { applySettings, parseSetting } from './settings.ts';

export interface LoadScenarioOptions {
  /** Folder that a relative file name starts from. */
  readonly fromFolder: string;
  /** `PATH=VALUE`, in place of what the scenario says. @default none */
  readonly settings?: readonly string[] | undefined;
}

/**
 * Loads a preset by name, or a scenario file.
 * @throws UsageError for an unknown preset, NoInputError for a file that is not there, DataError with
 * file:line:column for whatever is wrong in it
 */
export async function loadScenario(fileOrPreset: string, options: LoadScenarioOptions): Promise<Scenario> {
  const presets = presetNames();
  if (presets.includes(fileOrPreset)) {
    const folder = fileURLToPath(new URL('./presets/', import.meta.url));
    return parseScenario(presetText(fileOrPreset), `${fileOrPreset}.yaml`, folder, options.settings);
  }
  const file = resolvePath(options.fromFolder, fileOrPreset);
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (!/[/\\.]/.test(fileOrPreset)) throw unknownScenario(fileOrPreset, presets);
    const { code } = error as NodeJS.ErrnoException;
    throw new NoInputError(
      code === 'ENOENT'
        ? `no such scenario: ${fileOrPreset}`
        : `cannot read the scenario ${fileOrPreset}: ${code}`,
      {
        cause: error,
        hint: `presets: ${presets.join(', ')}; fvp cluster show NAME prints one to start from`,
      },
    );
  }
  return parseScenario(text, fileOrPreset, dirname(file), options.settings);
}

/**
 * Validates a scenario's text and loads its devices.
 * @param file as messages name it
 * @param folder where device modules and workloads are looked for
 * @param settings `PATH=VALUE`, in place of what the text says
 */
export async function parseScenario(
  text: string,
  file: string,
  folder: string,
  settings: readonly string[] = [],
): Promise<Scenario> {
  const parsedSettings = settings.map(parseSetting);
  const yaml = new YamlFile(
    text,
    file,
    settings.length === 0 ? undefined : (edit) => applySettings(edit, parsedSettings),
  );
  const parsed = scenarioSchema.safeParse(yaml.value);
  if (!parsed.success) throw issueError(yaml, firstIssue(yaml, parsed.error.issues));
  const written = parsed.data;
  const reader = new SectionReader(yaml, folder);
  const datastore = await reader.device('datastore', [['datastore']]);
  const hosts: LoadedHost[] = [];
  for (const name of Object.keys(written.hosts)) hosts.push(await readHost(reader, written, name));
  if (hosts.length === 0)
    throw new DataError('a scenario needs a host', yaml.place(['hosts']), { expected: 'esx1: {}' });
  const vms = Object.entries(written.vms).map(([name, vm]) => readVm(yaml, hosts, name, vm));
  if (vms.length === 0) {
    throw new DataError('a scenario needs a VM', yaml.place(['vms']), { expected: 'vm1: { host: esx1 }' });
  }
  return new Scenario({
    name: written.name ?? (basename(file).replace(/\.(ya?ml|json)$/i, '') || 'scenario'),
    description: written.description?.trim() ?? '',
    file,
    folder,
    hosts,
    datastore,
    vms,
    fvp: readFvp(yaml, written.fvp ?? {}),
    events: readEvents(yaml, written.events ?? [], {
      hosts: hosts.map((host) => host.name),
      vms: vms.map((vm) => vm.name),
    }),
  });
}

type Issue = z.core.$ZodIssue;

/** The issue that stands first in the file; a missing key yields to an unknown one, which often is the same misspelt. */
function firstIssue(yaml: YamlFile, issues: readonly Issue[]): Issue {
  const offset = (issue: Issue): number => {
    const place = issuePlace(yaml, issue);
    // What was set stands before the file.
    return (place.line ?? 0) * 1e6 + (place.column ?? 0);
  };
  const misspelt = issues.some((issue) => issue.code === 'unrecognized_keys');
  const told = misspelt ? issues.filter((issue) => !isMissing(yaml, yamlPath(issue.path))) : issues;
  return told.reduce((first, issue) => (offset(issue) < offset(first) ? issue : first));
}

function isMissing(yaml: YamlFile, path: YamlPath): boolean {
  return path.length !== 0 && valueAt(yaml.value, path) === undefined;
}

function issuePlace(yaml: YamlFile, issue: Issue): DataPlace {
  const path = yamlPath(issue.path);
  if (issue.code === 'unrecognized_keys') return yaml.keyPlace(path, issue.keys[0]!);
  if (issue.code === 'invalid_key') return yaml.keyPlace(path.slice(0, -1), String(path.at(-1)));
  return yaml.place(path);
}

const CONTAINERS: Readonly<Record<string, string>> = {
  array: 'a list',
  object: 'a mapping',
  record: 'a mapping',
  string: 'text',
};

function issueError(yaml: YamlFile, issue: Issue): DataError {
  const path = yamlPath(issue.path);
  const place = issuePlace(yaml, issue);
  const name = path.length === 0 ? 'a scenario' : `"${path.join('.')}"`;
  const found = yaml.source(path);
  if (issue.code === 'unrecognized_keys') {
    const key = issue.keys[0]!;
    const where = path.length === 0 ? '' : ` in ${name}`;
    return new DataError(`unknown key "${key}"${where}`, place, {
      hint: unknownKeyHint(key, knownKeysAt(issue.path)),
    });
  }
  if (issue.code === 'invalid_key') {
    return new DataError(`${name} is not a usable name`, place, {
      found: String(path.at(-1)),
      expected: 'letters, digits, . _ and -, and a letter first',
    });
  }
  const facts = issue.code === 'custom' ? (issue.params as IssueFacts | undefined) : undefined;
  const expected =
    facts?.expected ??
    expectedAt(issue.path) ??
    (issue.code === 'invalid_type' ? (CONTAINERS[issue.expected] ?? issue.expected) : undefined);
  const missing = isMissing(yaml, path);
  return new DataError(missing ? `${name} is missing` : `${name} ${problem(issue)}`, place, {
    ...(missing || found === undefined ? {} : { found }),
    ...(expected === undefined ? {} : { expected }),
  });
}

function problem(issue: Issue): string {
  if (issue.code === 'custom')
    return issue.message.startsWith('is ') ? issue.message : `is not valid: ${issue.message}`;
  return issue.code === 'invalid_type'
    ? `is not ${CONTAINERS[issue.expected] ?? issue.expected}`
    : issue.message;
}

function yamlPath(path: readonly PropertyKey[]): YamlPath {
  return path.map((key) => (typeof key === 'symbol' ? String(key) : key));
}

function valueAt(value: unknown, path: YamlPath): unknown {
  let at = value;
  for (const key of path) {
    if (typeof at !== 'object' || at === null) return undefined;
    at = (at as Readonly<Record<string | number, unknown>>)[key];
  }
  return at;
}

/** A device's section, laid together from hostDefaults and the host. */
interface MergedSection {
  readonly values: Readonly<Record<string, unknown>>;
  /** Path of the section that each key is from. */
  readonly origins: ReadonlyMap<string, YamlPath>;
  /** Path of the last section. */
  readonly path: YamlPath;
}

class SectionReader {
  readonly yaml: YamlFile;
  private readonly folder: string;
  private readonly presetFiles = new Map<string, PresetFile>();

  constructor(yaml: YamlFile, folder: string) {
    this.yaml = yaml;
    this.folder = folder;
  }

  /**
   * The sections at these paths as one; later ones win. A section that names a device or preset of its own starts
   * afresh, so that parameters of another device are not carried over; only the capacity is.
   */
  merge(paths: readonly YamlPath[]): MergedSection | undefined {
    let values: Record<string, unknown> = {};
    const origins = new Map<string, YamlPath>();
    let last: YamlPath | undefined;
    for (const path of paths) {
      const section = valueAt(this.yaml.value, path);
      if (section === undefined) continue;
      last = path;
      if (section === null) {
        values = {};
        continue;
      }
      const own = section as Readonly<Record<string, unknown>>;
      if ('device' in own || 'preset' in own)
        values = 'capacity' in values ? { capacity: values.capacity } : {};
      for (const [key, value] of Object.entries(own)) {
        values[key] = key === 'device' ? (value ?? 'null') : value;
        origins.set(key, path);
      }
    }
    return last === undefined ? undefined : { values, origins, path: last };
  }

  /** Loads the device of a section and settles its parameters. */
  async device(role: DeviceRole, paths: readonly YamlPath[]): Promise<ResolvedDevice> {
    const section = this.merge(paths);
    if (section === undefined) {
      throw new DataError(`"${paths.at(-1)!.join('.')}" is missing`, this.yaml.place(paths.at(-1)!), {
        expected: `a ${role}, such as ${EXAMPLES[role]}`,
        ...(role === 'datastore' ? {} : { hint: `write it once, under hostDefaults` }),
      });
    }
    const {
      device,
      preset,
      filters: writtenFilters = [],
      capacity: _,
      ...overrides
    } = section.values as Readonly<Record<string, unknown>> & {
      readonly device?: string;
      readonly preset?: string;
      readonly filters?: readonly (string | WrittenFilter)[];
    };
    const place = (key: string | undefined): DataPlace => {
      const origin = key === undefined ? undefined : section.origins.get(key);
      return origin === undefined ? this.yaml.place(section.path) : this.yaml.place([...origin, key!]);
    };
    const file = this.presetFile(preset, place);
    const loaded = await this.loadDevice(device, file ?? preset, role, place);
    const { model, provenance } = loaded;
    if (!model.roles.includes(role)) {
      throw new DataError(`device ${model.name} cannot be a ${role}`, place('device'), {
        expected: `a ${role}, such as ${EXAMPLES[role]}`,
        hint: `${model.name} can be a ${model.roles.join(' or a ')}`,
      });
    }
    const keyOrValue = (key: string | undefined): DataPlace =>
      key === undefined || key in model.parameters || !(key in overrides)
        ? place(key)
        : this.yaml.keyPlace(section.origins.get(key)!, key);
    const { parameters, written } = resolveParameters(loaded, {
      preset: file ?? preset,
      overrides,
      place: keyOrValue,
      beside: ['device', 'preset', 'filters', ...(role === 'flash' ? ['capacity'] : [])],
    });
    const filters: (FilterSetup & { readonly written: Readonly<Record<string, unknown>> })[] = [];
    for (const [at, entry] of writtenFilters.entries()) {
      const path = [...(section.origins.get('filters') ?? section.path), 'filters', at];
      filters.push(await this.filter(typeof entry === 'string' ? { filter: entry } : entry, path));
    }
    return {
      model,
      parameters,
      ...plugInOf(loaded),
      filters,
      written: {
        device: provenance.specifier,
        ...(preset === undefined ? {} : { preset: file?.name ?? preset }),
        ...(filters.length === 0 ? {} : { filters: filters.map((filter) => filter.written) }),
        ...written,
        ...writtenProvenance(loaded),
        ...(file === undefined ? {} : { presetProvenance: { ...file.provenance } }),
      },
    };
  }

  /** Reads a preset that is named by its file; once for all sections that name it. */
  private presetFile(preset: string | undefined, place: (key: string) => DataPlace): PresetFile | undefined {
    if (preset === undefined || !isPresetPath(preset)) return undefined;
    const read = this.presetFiles.get(preset);
    if (read !== undefined) return read;
    try {
      const file = readPresetFile(preset, this.folder);
      this.presetFiles.set(preset, file);
      return file;
    } catch (error) {
      // What is wrong in the file has its place there; that it is not there is said of the scenario.
      if (error instanceof NoInputError) throw atScenario(place('preset'), error);
      throw error;
    }
  }

  /** The device that a section names, or its preset does, or both alike. */
  private async loadDevice(
    device: string | undefined,
    preset: string | PresetFile | undefined,
    role: DeviceRole,
    place: (key: string | undefined) => DataPlace,
  ): Promise<LoadedDevice> {
    if (typeof preset !== 'object') {
      const specifier = device ?? this.deviceOfPreset(preset, role, place);
      return atPlace(place('device'), () => loadDevice(specifier, this.folder));
    }
    const loaded = await atPlace(place('preset'), () => loadDevice(preset.device, preset.folder));
    if (device === undefined) return loaded;
    const named = await atPlace(place('device'), () => loadDevice(device, this.folder));
    if (named.model !== loaded.model) {
      throw new DataError(`preset ${preset.name} is for device ${loaded.model.name}`, place('device'), {
        found: device,
        hint: 'leave device out: the preset names it',
      });
    }
    return named;
  }

  /** Loads a filter and settles its parameters. @param path of its entry */
  private async filter(
    { filter: specifier, ...overrides }: WrittenFilter,
    path: YamlPath,
  ): Promise<FilterSetup & { readonly written: Readonly<Record<string, unknown>> }> {
    const loaded = await atPlace(this.yaml.place([...path, 'filter']), () =>
      loadFilter(specifier, this.folder),
    );
    const place = (key: string | undefined): DataPlace => {
      if (key === undefined || !(key in overrides)) return this.yaml.place(path);
      return key in loaded.model.parameters ? this.yaml.place([...path, key]) : this.yaml.keyPlace(path, key);
    };
    const { parameters, written } = resolveParameters(loaded, { overrides, place });
    return {
      model: loaded.model,
      parameters,
      ...plugInOf(loaded),
      written: { filter: loaded.provenance.specifier, ...written, ...writtenProvenance(loaded) },
    };
  }

  private deviceOfPreset(
    preset: string | undefined,
    role: DeviceRole,
    place: (key: string | undefined) => DataPlace,
  ): string {
    if (preset !== undefined && devicePresetNames().includes(preset)) return loadPreset(preset).device;
    const meant = preset === undefined ? undefined : didYouMean(preset, devicePresetNames());
    throw new DataError(
      preset === undefined ? 'a device is missing' : `unknown device preset "${preset}"`,
      place(preset === undefined ? undefined : 'preset'),
      { expected: `a ${role}, such as ${EXAMPLES[role]}`, ...(meant === undefined ? {} : { hint: meant }) },
    );
  }
}

function plugInOf({ provenance }: LoadedDevice | LoadedFilter): { readonly plugIn?: string } {
  return provenance.from === 'built-in' ? {} : { plugIn: provenance.specifier };
}

function writtenProvenance({ provenance }: LoadedDevice | LoadedFilter): Readonly<Record<string, unknown>> {
  return provenance.from === 'built-in' ? {} : { provenance: { ...provenance } };
}

const EXAMPLES: Readonly<Record<DeviceRole, string>> = {
  datastore: '{ device: array }',
  flash: '{ device: flash }',
  link: '{ device: link }',
};

/** Gives an error that knows no file the place in it. */
async function atPlace<T>(place: DataPlace, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw atScenario(place, error);
  }
}

function atScenario(place: DataPlace, error: UsageError | NoInputError): DataError {
  return new DataError(error.message, place, {
    cause: error,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
  });
}

/** Every host is in it unless the scenario says otherwise. fvp-protocol.md 8 */
const DEFAULT_DOMAIN = 'default';

async function readHost(reader: SectionReader, written: WrittenScenario, name: string): Promise<LoadedHost> {
  const link = await reader.device('link', [
    ['hostDefaults', 'link'],
    ['hosts', name, 'link'],
  ]);
  const own = written.hosts[name] ?? {};
  const paths: YamlPath[] = [
    ['hostDefaults', 'flash'],
    ['hosts', name, 'flash'],
  ];
  const flash = own.flash === undefined ? written.hostDefaults?.flash : own.flash;
  const domain = own.domain ?? written.hostDefaults?.domain ?? DEFAULT_DOMAIN;
  if (flash === null || flash === undefined) return { name, flash: null, link, domain };
  const capacity: SizeOrShare = own.flash?.capacity ??
    written.hostDefaults?.flash?.capacity ?? { bytes: parseBytes(DEFAULT_FLASH_CAPACITY) };
  return { name, flash: { device: await reader.device('flash', paths), capacity }, link, domain };
}

function readVm(
  yaml: YamlFile,
  hosts: readonly LoadedHost[],
  name: string,
  vm: WrittenScenario['vms'][string],
): LoadedVm {
  const host = hosts.findIndex((candidate) => candidate.name === vm.host);
  if (host < 0) {
    const names = hosts.map((candidate) => candidate.name);
    throw new DataError(`there is no host "${vm.host}"`, yaml.place(['vms', name, 'host']), {
      expected: `one of ${names.join(', ')}`,
      ...(didYouMean(vm.host, names) === undefined ? {} : { hint: didYouMean(vm.host, names)! }),
    });
  }
  return { name, host, workload: vm.workload ?? INPUT_WORKLOAD, startNs: vm.start ?? 0, mode: vm.mode };
}

function readFvp(yaml: YamlFile, fvp: NonNullable<WrittenScenario['fvp']>): FvpSettings {
  const defaults = DEFAULT_FVP_OPTIONS;
  const lowWater = fvp.lowWater ?? defaults.lowWater;
  const highWater = fvp.highWater ?? defaults.highWater;
  const bucketBytes = fvp.bucketSize ?? defaults.bucketBytes;
  const lease = {
    renewNs: fvp.lease?.renew ?? defaults.lease.renewNs,
    durationNs: fvp.lease?.duration ?? defaults.lease.durationNs,
    drift: fvp.lease?.drift ?? defaults.lease.drift,
  };
  const replication = {
    resendNs: fvp.replication?.resend ?? defaults.replication.resendNs,
    timeoutNs: fvp.replication?.timeout ?? defaults.replication.timeoutNs,
    replacementNs: fvp.replication?.replacementWait ?? defaults.replication.replacementNs,
    outside: fvp.replication?.outside ?? defaults.replication.outside,
    resyncRecords: fvp.replication?.resyncRecords ?? defaults.replication.resyncRecords,
    compression:
      fvp.replication?.compression === 'adaptive'
        ? {
            share: fvp.replication.compressedSize ?? DEFAULT_COMPRESSION.share,
            bytesPerSecond: fvp.replication.compressionRate ?? DEFAULT_COMPRESSION.bytesPerSecond,
          }
        : null,
  };
  const degrade = {
    aboveNs: fvp.degrade?.above ?? defaults.degrade.aboveNs,
    factor: fvp.degrade?.factor ?? defaults.degrade.factor,
  };
  const retry = {
    firstNs: fvp.retry?.first ?? defaults.retry.firstNs,
    mostNs: fvp.retry?.most ?? defaults.retry.mostNs,
  };
  const fail = (path: YamlPath, what: string): DataError => {
    const found = yaml.source(['fvp', ...path]);
    return new DataError(`"fvp.${path.join('.')}" ${what}`, yaml.place(['fvp', ...path]), {
      ...(found === undefined ? {} : { found }),
    });
  };
  if (lowWater >= highWater) {
    const key = fvp.highWater === undefined ? 'lowWater' : 'highWater';
    throw fail(
      [key],
      `leaves no room between lowWater (${lowWater * 100} %) and highWater (${highWater * 100} %)`,
    );
  }
  if ((bucketBytes & (bucketBytes - 1)) !== 0) throw fail(['bucketSize'], 'is not a power of two');
  if (lease.renewNs >= lease.durationNs) {
    throw fail(
      ['lease', fvp.lease?.renew === undefined ? 'duration' : 'renew'],
      'makes a lease end before it is renewed',
    );
  }
  if (replication.resendNs >= replication.timeoutNs) {
    const key = fvp.replication?.resend === undefined ? 'timeout' : 'resend';
    throw fail(['replication', key], 'gives a holder up before anything is sent again');
  }
  if (retry.firstNs > retry.mostNs) {
    throw fail(
      ['retry', fvp.retry?.first === undefined ? 'most' : 'first'],
      'makes the first try come after the last',
    );
  }
  return {
    dirtyLimit: fvp.dirtyLimit,
    options: {
      bucketBytes,
      populate: fvp.populate ?? defaults.populate,
      lowWater,
      highWater,
      drainBoundNs: fvp.drainBound ?? defaults.drainBoundNs,
      destage: {
        batchRecords: fvp.destage?.batchRecords ?? defaults.destage.batchRecords,
        batchBytes: fvp.destage?.batchSize ?? defaults.destage.batchBytes,
        joinBytes: fvp.destage?.joinSize ?? defaults.destage.joinBytes,
        bufferBytes: fvp.destage?.bufferSize ?? defaults.destage.bufferBytes,
      },
      checkpointIntervalNs: fvp.checkpointInterval ?? defaults.checkpointIntervalNs,
      recordHeaderBytes: fvp.recordHeaderSize ?? defaults.recordHeaderBytes,
      messageBytes: fvp.messageSize ?? defaults.messageBytes,
      lease,
      replication,
      degrade,
      retry,
      remoteReadsNs: fvp.remoteReads ?? defaults.remoteReadsNs,
    },
  };
}
