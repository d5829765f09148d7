/** The `tables` parameter of the empirical device, as `fvp device calibrate` writes it and a person may. */
import { z } from 'zod';
import { AppError } from '../../kernel/errors.ts';
import { parseBytes, parseDurationNs } from '../../kernel/units.ts';
import type { ParameterDeclaration } from '../api.ts';
import { SERVICE_TIME_MAX_NS } from '../service-time.ts';
import type { LatencyTable } from './latency-grid.ts';

const EXPECTED =
  'tables such as { operation: read, size: 4KiB, depth: 1, histogram: [[80us, 99], [200us, 1]] }, as fvp device calibrate writes them';

/** What stands for `example`: a device of 100 us, now and then 1 ms. */
const EXAMPLE: readonly LatencyTable[] = (['read', 'write'] as const).map((operation) => ({
  operation,
  sizeBytes: 4096,
  depth: 1,
  histogram: [
    [100_000, 99],
    [1_000_000, 1],
  ],
}));

/** Reads one table. @throws AppError or Error saying what is wrong with it */
function readTable(written: unknown): LatencyTable {
  if (typeof written !== 'object' || written === null || Array.isArray(written)) {
    throw new Error('is no table');
  }
  const { operation, size, depth, histogram, ...rest } = written as Readonly<Record<string, unknown>>;
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined) throw new Error(`has no "${unknown}"`);
  if (operation !== 'read' && operation !== 'write')
    throw new Error('its operation is neither read nor write');
  const sizeBytes = typeof size === 'number' ? size : typeof size === 'string' ? parseBytes(size) : 0;
  if (!Number.isSafeInteger(sizeBytes) || sizeBytes < 1) throw new Error('its size is no size, such as 4KiB');
  if (typeof depth !== 'number' || !Number.isInteger(depth) || depth < 1 || depth > 65536) {
    throw new Error('its depth is no whole number from 1 to 65536');
  }
  if (!Array.isArray(histogram) || histogram.length === 0) throw new Error('its histogram is empty');
  let last = -1;
  const bins = histogram.map((bin: unknown): readonly [number, number] => {
    if (!Array.isArray(bin) || bin.length !== 2) throw new Error('a bin is no pair [latency, I/Os]');
    const ns =
      typeof bin[0] === 'number' ? bin[0] : typeof bin[0] === 'string' ? parseDurationNs(bin[0]) : -1;
    const count: unknown = bin[1];
    if (!Number.isSafeInteger(ns) || ns < 0 || ns > SERVICE_TIME_MAX_NS) {
      throw new Error('a latency is no time up to 4s (a number is in ns)');
    }
    if (ns <= last) throw new Error(`the latencies do not rise at ${ns} ns`);
    if (typeof count !== 'number' || !Number.isSafeInteger(count) || count < 1) {
      throw new Error(`the count at ${ns} ns is no whole number from 1`);
    }
    last = ns;
    return [ns, count];
  });
  return { operation, sizeBytes, depth, histogram: bins };
}

/** @throws Error saying which table is wrong and why */
export function readLatencyTables(written: unknown): readonly LatencyTable[] {
  if (written === 'example') return EXAMPLE;
  if (!Array.isArray(written) || written.length === 0) throw new Error('has no tables');
  const known = new Set<string>();
  return written.map((each: unknown, index) => {
    try {
      const table = readTable(each);
      const name = `${table.operation} of ${table.sizeBytes} bytes at depth ${table.depth}`;
      if (known.has(name)) throw new Error(`is the second one for a ${name}`);
      known.add(name);
      return table;
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      throw new Error(`table ${index + 1}: ${error.message}`);
    }
  });
}

/** Declares the parameter. Its default is a small example, so that the device runs without being told anything. */
export function latencyTablesParameter(): ParameterDeclaration & {
  readonly schema: z.ZodType<readonly LatencyTable[]>;
} {
  const time = { anyOf: [{ type: 'integer', minimum: 0 }, { type: 'string' }] };
  const json = {
    anyOf: [
      { const: 'example' },
      {
        type: 'array',
        minItems: 1,
        items: {
          type: 'object',
          properties: {
            operation: { enum: ['read', 'write'] },
            size: { anyOf: [{ type: 'integer', minimum: 1 }, { type: 'string' }] },
            depth: { type: 'integer', minimum: 1, maximum: 65536 },
            histogram: {
              type: 'array',
              minItems: 1,
              items: { type: 'array', prefixItems: [time, { type: 'integer', minimum: 1 }] },
            },
          },
          required: ['operation', 'size', 'depth', 'histogram'],
          additionalProperties: false,
        },
      },
    ],
  };
  const description = 'Measured latencies, by direction, size and requests under way.';
  const source = 'assumed: an example';
  return {
    unit: 'table',
    description,
    default: 'example',
    source,
    expected: EXPECTED,
    schema: z
      .unknown()
      .transform((written, context): readonly LatencyTable[] => {
        try {
          return readLatencyTables(written);
        } catch (error) {
          if (!(error instanceof Error) && !(error instanceof AppError)) throw error;
          context.addIssue({ code: 'custom', message: error.message });
          return z.NEVER;
        }
      })
      .meta({
        ...json,
        description: `${description} Expected: ${EXPECTED}. Source of the default: ${source}.`,
      }),
  };
}
