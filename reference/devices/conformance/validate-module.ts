/** `fvp device validate`: loads a module and checks it. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { UsageError } from '../../kernel/errors.ts';
import { loadModel, resolveParameters } from '../registry.ts';
import { type CheckReport, checkDevice, checkFilter } from './check-device.ts';

export interface ValidateRequest {
  readonly specifier: string;
  /** Where paths and packages are looked for first; absolute. */
  readonly folder: string;
  /** Each `name=value`, the value as in YAML. */
  readonly settings: readonly string[];
  /** A whole number, as written. */
  readonly seed: string;
}

const SEED_MAX = 2 ** 32 - 1;

/** @throws UsageError when there is no such module, it is none, or a parameter is wrong */
export async function validateModule(request: ValidateRequest): Promise<CheckReport> {
  const parameters = readSettings(request.settings);
  const seed = Number(request.seed);
  if (!/^[0-9]+$/.test(request.seed) || seed > SEED_MAX) {
    throw new UsageError(`--seed: ${JSON.stringify(request.seed)} is no seed`, {
      hint: `a whole number from 0 to ${SEED_MAX}`,
    });
  }
  const specifier = asPath(request.specifier, request.folder);
  const loaded = await loadModel(specifier, request.folder);
  resolveParameters(loaded, { overrides: parameters });
  const options = { parameters, seed, specifier: loaded.provenance.specifier };
  return loaded.kind === 'device' ? checkDevice(loaded.model, options) : checkFilter(loaded.model, options);
}

/** A file that is there may be named without `./` in front. */
function asPath(specifier: string, folder: string): string {
  const named = /\.[cm]?[jt]s$/.test(specifier) && !/^(\.{0,2}\/|[a-zA-Z]:)/.test(specifier);
  return named && existsSync(join(folder, specifier)) ? `./${specifier}` : specifier;
}

function readSettings(settings: readonly string[]): Record<string, unknown> {
  const parameters: Record<string, unknown> = {};
  for (const setting of settings) {
    const at = setting.indexOf('=');
    if (at < 1) {
      throw new UsageError(`--set: ${JSON.stringify(setting)} is no setting`, {
        hint: 'write --set NAME=VALUE, such as --set channels=4',
      });
    }
    let value: unknown;
    try {
      value = parse(setting.slice(at + 1));
    } catch {
      throw new UsageError(`--set: the value of ${JSON.stringify(setting)} is not valid YAML`);
    }
    parameters[setting.slice(0, at)] = value;
  }
  return parameters;
}
