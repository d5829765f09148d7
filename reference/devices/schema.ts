/** JSON Schema of device parameters, for the scenario's schema in editors. */
import { z } from 'zod';
import type { ParameterDeclaration } from './api.ts';
import { listPresets } from './presets.ts';
import { builtInFilters, builtInModels } from './registry.ts';

/** A JSON Schema as plain data. */
export type JsonSchema = { readonly [key: string]: unknown };

/**
 * One fragment per built-in model, by its name: an object with the model's parameters and `preset`, all optional.
 * Other keys (`device`, `capacity` …) are the scenario's to add, so `additionalProperties` is left to it.
 */
export function deviceSchema(): Readonly<Record<string, JsonSchema>> {
  const presets = listPresets();
  return Object.fromEntries(
    builtInModels().map((model) => [
      model.name,
      modelSchema(
        model,
        presets.filter((preset) => preset.device === model.name).map((preset) => preset.name),
      ),
    ]),
  );
}

/** One fragment per built-in filter, by its name: an object with its parameters, all optional. */
export function filterSchema(): Readonly<Record<string, JsonSchema>> {
  return Object.fromEntries(builtInFilters().map((model) => [model.name, modelSchema(model, undefined)]));
}

/** @param names of the presets that come with fvp */
export function presetSchema(names: readonly string[]): JsonSchema {
  return {
    description:
      'A real part whose values are taken instead of the defaults: a name, or a file (./my-ssd.yaml).',
    anyOf: [...(names.length === 0 ? [] : [{ enum: names }]), { type: 'string', pattern: '[.]ya?ml$' }],
  };
}

function modelSchema(
  model: { readonly summary: string; readonly parameters: Readonly<Record<string, ParameterDeclaration>> },
  presets: readonly string[] | undefined,
): JsonSchema {
  const properties: Record<string, JsonSchema> = {};
  if (presets !== undefined) properties.preset = presetSchema(presets);
  for (const [key, declaration] of Object.entries(model.parameters)) {
    const { $schema: _, ...schema } = z.toJSONSchema(declaration.schema, { io: 'input' }) as Record<
      string,
      unknown
    >;
    // zod leaves defaults out of the schema of an input.
    properties[key] = { ...schema, default: declaration.default };
  }
  return { type: 'object', description: model.summary, properties };
}
