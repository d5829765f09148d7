/** What devices, filters and presets are, as plain data for `fvp device list` and `fvp device show`. */
import { UsageError } from '../kernel/errors.ts';
import { didYouMean } from '../kernel/nearest-name.ts';
import type { DeviceModel, DeviceRole, ParameterDeclaration } from './api.ts';
import type { Provenance } from './plug-in-module.ts';
import { readPresetFile } from './preset-file.ts';
import { type DevicePreset, listPresets, loadPreset, presetNames } from './presets.ts';
import {
  builtInFilters,
  builtInModels,
  listDevices,
  loadDevice,
  loadModel,
  resolveParameters,
} from './registry.ts';

export interface DeviceInventory {
  readonly devices: readonly {
    readonly name: string;
    readonly summary: string;
    readonly roles: readonly DeviceRole[];
    readonly presets: readonly string[];
  }[];
  readonly filters: readonly { readonly name: string; readonly summary: string }[];
  readonly presets: readonly {
    readonly name: string;
    readonly device: string;
    readonly description: string;
  }[];
}

export function describeAll(): DeviceInventory {
  return {
    devices: listDevices(),
    filters: builtInFilters().map(({ name, summary }) => ({ name, summary })),
    presets: listPresets().map(({ name, device, description }) => ({ name, device, description })),
  };
}

export interface ParameterPage {
  readonly name: string;
  readonly description: string;
  readonly unit: string;
  /** What a value must be, with bounds; null where a plug-in does not say. */
  readonly expected: string | null;
  /** As a person would write it. */
  readonly default: unknown;
  readonly source: string;
}

export interface ModelPage {
  readonly kind: 'device' | 'filter';
  readonly name: string;
  readonly summary: string;
  /** Empty for filters, which stand before any device. */
  readonly roles: readonly DeviceRole[];
  /** Names. */
  readonly presets: readonly string[];
  readonly provenance: Provenance;
  readonly parameters: readonly ParameterPage[];
}

export interface PresetPage {
  readonly kind: 'preset';
  readonly name: string;
  readonly summary: string;
  readonly device: string;
  /** Of a preset from a file. */
  readonly provenance?: Provenance;
  /** Those that the preset sets; the others have the default of the device. */
  readonly parameters: readonly {
    readonly name: string;
    readonly description: string;
    readonly value: unknown;
    readonly source: string;
  }[];
}

/**
 * @param name of a device, filter or preset, a path or a package
 * @param folder where paths and packages are looked for first; absolute
 * @throws UsageError for an unknown name, with the nearest one
 */
export async function describe(name: string, folder: string): Promise<ModelPage | PresetPage> {
  if (presetNames().includes(name)) return describePreset(loadPreset(name));
  if (/\.ya?ml$/i.test(name)) return describePresetFile(name, folder);
  const loaded = await loadNamed(name, folder);
  const { model, kind, provenance } = loaded;
  return {
    kind,
    name: model.name,
    summary: model.summary,
    roles: loaded.kind === 'device' ? loaded.model.roles : [],
    presets:
      provenance.from === 'built-in'
        ? listPresets()
            .filter((preset) => kind === 'device' && preset.device === model.name)
            .map((preset) => preset.name)
        : [],
    provenance,
    parameters: Object.entries(model.parameters).map(([parameter, declaration]) =>
      describeParameter(parameter, declaration),
    ),
  };
}

async function loadNamed(name: string, folder: string): ReturnType<typeof loadModel> {
  try {
    return await loadModel(name, folder);
  } catch (error) {
    const unknown = error instanceof UsageError && error.message === `unknown device "${name}"`;
    if (!unknown) throw error;
    const names = [...builtInModels(), ...builtInFilters()].map((model) => model.name);
    const meant = didYouMean(name, [...names, ...presetNames()]);
    throw new UsageError(`unknown device, filter or preset "${name}"`, {
      hint: `${meant === undefined ? '' : `${meant} `}fvp device list shows what there is; a path begins with ./, and a package must be installed`,
    });
  }
}

function describeParameter(name: string, declaration: ParameterDeclaration): ParameterPage {
  const { description, unit, expected, source } = declaration;
  return { name, description, unit, expected: expected ?? null, default: declaration.default, source };
}

async function describePresetFile(path: string, folder: string): Promise<PresetPage> {
  const preset = readPresetFile(path, folder);
  const loaded = await loadDevice(preset.device, preset.folder);
  // Everything in it is checked, as it is when a scenario names it.
  resolveParameters(loaded, { preset, overrides: {} });
  return { ...describePreset(preset, loaded.model), provenance: preset.provenance };
}

function describePreset(
  preset: DevicePreset,
  model: Pick<DeviceModel<unknown>, 'parameters'> = builtInModels().find(
    (candidate) => candidate.name === preset.device,
  )!,
): PresetPage {
  return {
    kind: 'preset',
    name: preset.name,
    summary: preset.description,
    device: preset.device,
    parameters: Object.entries(preset.parameters).map(([parameter, { value, source }]) => ({
      name: parameter,
      description: model.parameters[parameter]!.description,
      value,
      source,
    })),
  };
}
