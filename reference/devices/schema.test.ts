import { describe, expect, it } from 'vitest';
import { builtInModels } from './registry.ts';
import { deviceSchema } from './schema.ts';

interface Fragment {
  readonly properties: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

describe('deviceSchema', () => {
  const schema = deviceSchema() as Readonly<Record<string, unknown>> as Readonly<Record<string, Fragment>>;

  it('describes every parameter of every model, with its default', () => {
    for (const model of builtInModels()) {
      const { properties } = schema[model.name]!;
      for (const [key, declaration] of Object.entries(model.parameters)) {
        expect(properties[key], `${model.name}.${key}`).toMatchObject({
          default: declaration.default,
          description: expect.stringContaining(declaration.description),
        });
      }
    }
  });

  it('gives the bounds of counts, the words of choices and the presets', () => {
    expect(schema.flash!.properties.channels).toMatchObject({ type: 'integer', minimum: 1, maximum: 4096 });
    expect(schema.array!.properties.flush).toMatchObject({ enum: ['roundtrip', 'drain'] });
    expect(schema.link!.properties.preset).toMatchObject({
      anyOf: [{ enum: ['100gbe', '10gbe', '25gbe', 'speed-link'] }, { type: 'string' }],
    });
  });

  it('accepts by its patterns what the parameters accept, and refuses what they refuse', () => {
    const samples = [
      '0',
      '90us',
      '1.5 ms',
      '90',
      'soon',
      '64KiB',
      '64k',
      '64KB',
      '10Gbit/s',
      '550MB/s',
      '10Gbit',
      'unlimited',
      '20%',
      '0.2',
    ];
    let compared = 0;
    for (const model of builtInModels()) {
      for (const [key, declaration] of Object.entries(model.parameters)) {
        const fragment = schema[model.name]!.properties[key]!;
        const branches = [fragment, ...((fragment.anyOf ?? []) as Readonly<Record<string, unknown>>[])];
        const patterns = branches.flatMap((branch) =>
          typeof branch.pattern === 'string' ? [new RegExp(branch.pattern)] : [],
        );
        if (patterns.length === 0) continue;
        for (const sample of samples) {
          const parsed = declaration.schema.safeParse(sample);
          const refused = !parsed.success && !parsed.error.issues[0]!.message.includes('out of bounds');
          expect(
            patterns.some((pattern) => pattern.test(sample)),
            `${model.name}.${key} ${sample}`,
          ).toBe(!refused);
          compared++;
        }
      }
    }
    expect(compared).toBeGreaterThan(100);
  });
});
