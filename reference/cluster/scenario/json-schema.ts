/** The JSON Schema of scenario files, for editors: from the same descriptions that validate them. */
import { z } from 'zod';
import type { DeviceRole } from '../../devices/api.ts';
import { listDevices } from '../../devices/registry.ts';
import { deviceSchema, filterSchema, type JsonSchema, presetSchema } from '../../devices/schema.ts';
import { capacitySchema, scenarioSchema } from './schema.ts';

/** The schema as plain data, in a fixed order of keys. */
export function scenarioJsonSchema(): JsonSchema {
  const schema = z.toJSONSchema(scenarioSchema, { io: 'input' }) as Record<string, unknown>;
  const properties = schema.properties as Record<string, JsonSchema>;
  const devices = deviceSchema();
  const definitions: Record<string, JsonSchema> = {};
  for (const { name, roles } of listDevices()) {
    for (const role of roles) definitions[`${role}-${name}`] = builtInSection(devices[name]!, name, role);
  }
  const filters = filterSchema();
  const filterNames = Object.keys(filters);
  for (const name of filterNames) {
    definitions[`filter-${name}`] = {
      ...filters[name]!,
      properties: { filter: { const: name }, ...(filters[name]!.properties as object) },
      additionalProperties: false,
    };
  }
  const filterEntry = {
    type: 'object',
    properties: {
      filter: {
        description: 'A built-in filter, a path (./filter.js) or an installed package.',
        anyOf: [{ enum: filterNames }, { type: 'string' }],
      },
    },
    required: ['filter'],
    allOf: filterNames.map((name) => ({
      if: { properties: { filter: { const: name } }, required: ['filter'] },
      // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
      then: { $ref: `#/$defs/filter-${name}` },
    })),
  };
  definitions.filters = {
    type: 'array',
    description: 'What stands before the device; the first is the outermost, as with nbdkit.',
    items: { anyOf: [{ enum: filterNames }, filterEntry] },
  };
  for (const role of ['flash', 'datastore', 'link'] as const) {
    const names = listDevices().filter((device) => device.roles.includes(role));
    definitions[role] = {
      type: 'object',
      properties: {
        device: {
          description: 'A built-in device, a path (./model.js) or an installed package.',
          anyOf: [{ enum: names.map((device) => device.name) }, { type: 'string' }],
        },
        preset: presetSchema(names.flatMap((device) => device.presets)),
        filters: { $ref: '#/$defs/filters' },
      },
      // Each built-in device allows its own parameters; a module's parameters are not known here.
      allOf: names.map(({ name }) => ({
        if: { properties: { device: { const: name } }, required: ['device'] },
        // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
        then: { $ref: `#/$defs/${role}-${name}` },
      })),
    };
  }
  const { domain } = properties.hostDefaults!.properties as Readonly<Record<string, JsonSchema>>;
  const hostSections = {
    domain,
    flash: { anyOf: [{ $ref: '#/$defs/flash' }, { type: 'null' }] },
    link: { $ref: '#/$defs/link' },
  };
  const host = { type: 'object', properties: hostSections, additionalProperties: false };
  return {
    ...schema,
    properties: {
      ...properties,
      datastore: { $ref: '#/$defs/datastore' },
      hostDefaults: { ...host, description: properties.hostDefaults!.description },
      hosts: { ...properties.hosts, additionalProperties: { anyOf: [host, { type: 'null' }] } },
    },
    $defs: definitions,
  };
}

function builtInSection(device: JsonSchema, name: string, role: DeviceRole): JsonSchema {
  const properties = device.properties as Readonly<Record<string, JsonSchema>>;
  return {
    ...device,
    properties: {
      device: { const: name },
      filters: { $ref: '#/$defs/filters' },
      ...properties,
      ...(role === 'flash' ? { capacity: plain(capacitySchema) } : {}),
    },
    additionalProperties: false,
  };
}

function plain(schema: z.ZodType): JsonSchema {
  const { $schema: _, ...json } = z.toJSONSchema(schema, { io: 'input' }) as Record<string, unknown>;
  return json;
}
