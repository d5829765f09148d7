/**
 * Presets: the parameters of real parts, one YAML file each in `presets/`, every value with its source or the word
 * assumed. They come with the program, so a fault in one is a bug.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';
import { BugError, UsageError } from '../kernel/errors.ts';
import { didYouMean } from '../kernel/nearest-name.ts';

export interface PresetValue {
  /** As a person would write it. */
  readonly value: unknown;
  /** Where the value comes from; begins with `assumed` where it has no source. */
  readonly source: string;
}

export interface DevicePreset {
  /** File name, without `.yaml` where it comes with fvp. */
  readonly name: string;
  /** The model it is for: a built-in one where it comes with fvp. */
  readonly device: string;
  /** One sentence: the part. */
  readonly description: string;
  readonly parameters: Readonly<Record<string, PresetValue>>;
}

const FOLDER = new URL('./presets/', import.meta.url);

/** What stands in a preset's file. */
export const PRESET_KEYS = ['device', 'description', 'parameters'] as const;

const PRESET_FILE = z.strictObject({
  device: z.string().min(1),
  description: z.string().min(1),
  parameters: z.record(
    z.string(),
    z.union([
      z.strictObject({ value: z.unknown(), source: z.string().min(1) }),
      z.strictObject({ value: z.unknown(), assumed: z.string().min(1) }),
    ]),
  ),
});

let names: readonly string[] | undefined;
const loaded = new Map<string, DevicePreset>();

/** Names of all presets, sorted. */
export function presetNames(): readonly string[] {
  names ??= readdirSync(FOLDER)
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => file.slice(0, -'.yaml'.length))
    .sort();
  return names;
}

/** All presets, sorted by name. */
export function listPresets(): readonly DevicePreset[] {
  return presetNames().map(loadPreset);
}

/** @throws UsageError for an unknown name, with the nearest one */
export function loadPreset(name: string): DevicePreset {
  const known = loaded.get(name);
  if (known !== undefined) return known;
  if (!presetNames().includes(name)) {
    throw new UsageError(`unknown device preset "${name}"`, { hint: presetHint(name, presetNames()) });
  }
  const file = PRESET_FILE.safeParse(parse(readFileSync(new URL(`${name}.yaml`, FOLDER), 'utf8')));
  if (!file.success) throw new BugError(`preset ${name}: ${z.prettifyError(file.error)}`);
  const parameters: Record<string, PresetValue> = {};
  for (const [key, entry] of Object.entries(file.data.parameters)) {
    parameters[key] = {
      value: entry.value,
      source: 'source' in entry ? entry.source : `assumed: ${entry.assumed}`,
    };
  }
  const preset = { name, device: file.data.device, description: file.data.description.trim(), parameters };
  loaded.set(name, preset);
  return preset;
}

/** `did you mean …?` and the list, for a preset name that is not among `candidates`. */
export function presetHint(name: string, candidates: readonly string[]): string {
  const meant = didYouMean(name, candidates);
  return `${meant === undefined ? '' : `${meant} `}presets: ${candidates.join(', ')}`;
}
