import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { listDevices } from '../../devices/registry.ts';
import { scenarioJsonSchema } from './json-schema.ts';
import { presetNames, presetText } from './presets.ts';

const FILE = fileURLToPath(new URL('./scenario.schema.json', import.meta.url));

/** Rewrite the file with: FVP_WRITE_SCHEMA=1 npx vitest run reference/cluster/scenario/json-schema.test.ts */
test('scenario.schema.json is current', () => {
  const current = `${JSON.stringify(scenarioJsonSchema(), null, 1)}\n`;
  if (process.env.FVP_WRITE_SCHEMA === '1') writeFileSync(FILE, current);
  expect(existsSync(FILE) && readFileSync(FILE, 'utf8') === current).toBe(true);
});

test('every built-in device is in the schema with all of its parameters, in each of its roles', () => {
  const { $defs } = scenarioJsonSchema() as {
    $defs: Record<string, { properties: Record<string, unknown>; additionalProperties?: boolean }>;
  };
  for (const { name, roles } of listDevices()) {
    for (const role of roles) {
      const section = $defs[`${role}-${name}`]!;
      expect(section.additionalProperties).toBe(false);
      expect(section.properties.device).toEqual({ const: name });
      expect('capacity' in section.properties).toBe(role === 'flash');
    }
  }
});

test('every preset begins with a comment and names the version of the format', () => {
  for (const name of presetNames()) {
    expect(presetText(name)).toMatch(/^# /);
    expect(presetText(name)).toMatch(/^schema: fvp\.scenario\/1$/m);
  }
});
