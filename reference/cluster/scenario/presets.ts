/** The scenarios that come with fvp: commented YAML files, made to be saved and edited. */
import { readdirSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { UsageError } from '../../kernel/errors.ts';
import { didYouMean } from '../../kernel/nearest-name.ts';

/** Used where nobody names a scenario. */
export const DEFAULT_PRESET = 'datacentre-2014';

export interface ScenarioPreset {
  readonly name: string;
  /** One or two sentences. */
  readonly description: string;
}

const FOLDER = new URL('./presets/', import.meta.url);
const SUFFIX = '.yaml';

/** Names of all presets, sorted. */
export function presetNames(): readonly string[] {
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith(SUFFIX))
    .map((file) => file.slice(0, -SUFFIX.length))
    .sort();
}

/** All presets with their descriptions, sorted by name. */
export function listPresets(): readonly ScenarioPreset[] {
  return presetNames().map((name) => {
    const { description } = parse(presetText(name)) as { readonly description: string };
    return { name, description: description.trim() };
  });
}

/**
 * The YAML of a preset, with its comments.
 * @throws UsageError for an unknown name, with the nearest one
 */
export function presetText(name: string): string {
  const names = presetNames();
  if (!names.includes(name)) throw unknownScenario(name, names);
  return readFileSync(new URL(name + SUFFIX, FOLDER), 'utf8');
}

/** The error for a name that is no preset. */
export function unknownScenario(name: string, names: readonly string[]): UsageError {
  const meant = didYouMean(name, names);
  return new UsageError(`unknown scenario ${JSON.stringify(name)}`, {
    hint: `${meant === undefined ? '' : `${meant} `}there are ${names.join(', ')}; or name a .yaml file`,
  });
}
