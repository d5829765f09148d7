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

/** Data centres, and what can happen to one: a row of the failure matrix each, and operations. */
const FOLDERS = [new URL('./presets/', import.meta.url), new URL('./failures/', import.meta.url)];
const SUFFIX = '.yaml';

/** Names of all presets: data centres first, each folder sorted. */
export function presetNames(): readonly string[] {
  return FOLDERS.flatMap((folder) => namesIn(folder));
}

function namesIn(folder: URL): string[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith(SUFFIX))
    .map((file) => file.slice(0, -SUFFIX.length))
    .sort();
}

/** All presets with their descriptions, in the order of `presetNames`. */
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
  const folder = FOLDERS.find((candidate) => namesIn(candidate).includes(name));
  if (folder === undefined) throw unknownScenario(name, presetNames());
  return readFileSync(new URL(name + SUFFIX, folder), 'utf8');
}

/** The error for a name that is no preset. */
export function unknownScenario(name: string, names: readonly string[]): UsageError {
  const meant = didYouMean(name, names);
  return new UsageError(`unknown scenario ${JSON.stringify(name)}`, {
    hint: `${meant === undefined ? '' : `${meant} `}there are ${names.join(', ')}; or name a .yaml file`,
  });
}
