/** Presets that a person wrote, or `fvp device calibrate`: files in the form of those in `presets/`. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename, dirname, isAbsolute, resolve as resolvePath } from 'node:path';
import { DataError, type DataPlace, IoError, NoInputError } from '../kernel/errors.ts';
import { didYouMean } from '../kernel/nearest-name.ts';
import type { Provenance } from './plug-in-module.ts';
import { type DevicePreset, PRESET_KEYS, type PresetValue } from './presets.ts';
import { YamlFile } from './yaml-file.ts';

/** A preset from a file. */
export interface PresetFile extends DevicePreset {
  /** Hash of the file; no absolute path. */
  readonly provenance: Provenance;
  /** Where its device is looked for, when that is a path or a package. */
  readonly folder: string;
  /** Where a parameter's value stands. */
  readonly placeOf: (parameter: string) => DataPlace;
}

/** Whether a preset is named by its file: the names of those that come with fvp have no dot and no slash. */
export function isPresetPath(preset: string): boolean {
  return /[/\\]|\.ya?ml$/i.test(preset);
}

const EXPECTED = 'device, description and parameters, as fvp device calibrate writes them';

/**
 * @param specifier a path, as the scenario has it
 * @param fromFolder where a relative path starts: the scenario's folder
 * @throws NoInputError, IoError when it cannot be read, DataError with its place for what is wrong in it
 */
export function readPresetFile(specifier: string, fromFolder: string): PresetFile {
  const file = resolvePath(fromFolder, specifier);
  let content: Buffer;
  try {
    content = readFileSync(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT')
      throw new NoInputError(`no such preset file: ${specifier}`, {
        cause: error,
        hint: 'a path is relative to the folder of the scenario file; fvp device calibrate -o FILE writes one',
      });
    throw new IoError(`cannot read the preset ${specifier}: ${code}`, { cause: error });
  }
  const yaml = new YamlFile(content.toString('utf8'), specifier);
  const { device, description, parameters } = mapping(yaml, [], 'a preset', PRESET_KEYS);
  if (typeof device !== 'string') {
    throw new DataError('a preset names its device', yaml.place(['device']), {
      expected: 'device: empirical',
    });
  }
  if (description !== undefined && typeof description !== 'string') {
    throw new DataError('"description" is not text', yaml.place(['description']));
  }
  const values: Record<string, PresetValue> = {};
  if (parameters !== undefined) {
    const written = mapping(yaml, ['parameters'], '"parameters"', undefined);
    for (const name of Object.keys(written)) values[name] = valueAt(yaml, name);
  }
  const shown = isAbsolute(specifier) ? basename(specifier) : specifier;
  return {
    name: shown,
    device,
    description: description?.trim() ?? '',
    parameters: values,
    provenance: {
      from: 'path',
      specifier: shown,
      sha256: createHash('sha256').update(content).digest('hex'),
    },
    folder: dirname(file),
    placeOf: (parameter) => yaml.place(['parameters', parameter, 'value']),
  };
}

/** A value with its source, or the word assumed; without either it is not known where it is from, which is allowed. */
function valueAt(yaml: YamlFile, name: string): PresetValue {
  const path = ['parameters', name];
  const entry = mapping(yaml, path, `"parameters.${name}"`, ['value', 'source', 'assumed']);
  if (!('value' in entry)) {
    throw new DataError(`"parameters.${name}" has no value`, yaml.place(path), {
      expected: '{ value: 90us, source: "where it is from" }',
    });
  }
  const { value, source, assumed } = entry;
  for (const [key, text] of [
    ['source', source],
    ['assumed', assumed],
  ] as const)
    if (text !== undefined && typeof text !== 'string')
      throw new DataError(`"${key}" is not text`, yaml.place([...path, key]));
  const why = source ?? (assumed === undefined ? 'not said' : `assumed: ${assumed}`);
  return { value, source: String(why) };
}

/** @param keys all that may stand in it; any without them */
function mapping(
  yaml: YamlFile,
  path: readonly string[],
  noun: string,
  keys: readonly string[] | undefined,
): Readonly<Record<string, unknown>> {
  let value: unknown = yaml.value;
  for (const key of path) value = (value as Readonly<Record<string, unknown>>)[key];
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new DataError(`${noun} is not a mapping`, yaml.place(path), {
      expected: path.length === 2 ? '{ value: 90us, source: "where it is from" }' : EXPECTED,
    });
  }
  for (const key of Object.keys(value)) {
    if (keys === undefined || keys.includes(key)) continue;
    throw new DataError(`unknown key "${key}" in ${noun}`, yaml.keyPlace(path, key), {
      hint: didYouMean(key, keys) ?? `the keys here are ${keys.join(', ')}`,
    });
  }
  return value as Readonly<Record<string, unknown>>;
}
