/**
 * Whatever bytes come, a reader gives rows that are in order and in bounds, or a DataError with the place: nothing
 * else. And how the bytes are cut into pieces does not matter.
 */
import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DataError } from '../../reference/kernel/errors.ts';
import { formatTable } from '../format-table.ts';
import { FORMAT_SAMPLES } from '../testing/format-samples.ts';
import { importBytes, rowsOf } from '../testing/read-rows.ts';
import type { Trace } from '../trace.ts';
import type { TraceEvent } from '../trace-format.ts';

/** Inputs in all; FVP_FUZZ_RUNS asks for more. */
const RUNS = Number(process.env.FVP_FUZZ_RUNS ?? 1500);

const folder = new URL('fixtures/', import.meta.url);
const stores = new URL('../store/fixtures/', import.meta.url);
const LOAD = `Copyright\nstart ; sector; length ; op ;  replay_delay=0 ; replay_duration=0\n${Array.from(
  { length: 30 },
  (_, i) => `   ${i}.00000${i % 10}000 ;  ${i * 37} ;   8 ; ${i % 3 === 0 ? 'R' : 'W'} ; 0.0 ; 0.0\n`,
).join('')}`;
const VSCSI = Buffer.alloc(32 * 40);
for (let at = 0; at < VSCSI.length; at += 32) {
  VSCSI.writeUInt32LE(4096, at + 4);
  VSCSI.writeUInt32LE(0x01000000 + (at % 64 === 0 ? 0x28 : 0x2a), at + 12);
  VSCSI.writeUInt32LE(at, at + 16);
  VSCSI.writeUInt32LE(at * 10, at + 24);
}
const SEEDS: readonly Buffer[] = [
  ...readdirSync(folder).map((name) => readFileSync(new URL(name, folder)).subarray(0, 3000)),
  ...readdirSync(stores)
    .filter((name) => name.endsWith('.arrow'))
    .map((name) => readFileSync(new URL(name, stores))),
  Buffer.from(LOAD),
  VSCSI,
  ...Object.values(FORMAT_SAMPLES).map((sample) => sample.subarray(0, 9272)),
];

interface Mutation {
  readonly kind: 'flip' | 'cut' | 'repeat' | 'insert' | 'end' | 'swap';
  readonly at: number;
  readonly length: number;
  readonly bytes: Uint8Array;
}

/** Pieces that tend to matter: digits, separators, names of actions, extreme numbers. */
const TOKENS = [
  '9007199254740993',
  '-1',
  '99999999999999999999999',
  '\n',
  '\r\n',
  ' ',
  ';',
  '0',
  'wait',
  'read',
  'FWFSM',
  'C',
  'D',
  '[0]',
  '+ ',
  '\u0000',
  'fio version 2 iolog\n',
  '4294967295',
  '1e3',
];

const mutation: fc.Arbitrary<Mutation> = fc.record({
  kind: fc.constantFrom(
    'flip' as const,
    'cut' as const,
    'repeat' as const,
    'insert' as const,
    'end' as const,
    'swap' as const,
  ),
  at: fc.nat({ max: 3000 }),
  length: fc.oneof(fc.nat({ max: 8 }), fc.nat({ max: 600 })),
  bytes: fc.oneof(
    fc.uint8Array({ maxLength: 12 }),
    fc.constantFrom(...TOKENS).map((token) => Buffer.from(token, 'latin1')),
  ),
});

function mutated(seed: Buffer, mutations: readonly Mutation[]): Buffer {
  let bytes = Buffer.from(seed);
  for (const { kind, at, length, bytes: other } of mutations) {
    const from = bytes.length === 0 ? 0 : at % bytes.length;
    const to = Math.min(bytes.length, from + length);
    if (kind === 'flip')
      for (let i = 0; i < other.length && from + i < bytes.length; i++) bytes[from + i]! ^= other[i]!;
    else if (kind === 'cut') bytes = Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]);
    else if (kind === 'repeat')
      bytes = Buffer.concat([bytes.subarray(0, to), bytes.subarray(from, to), bytes.subarray(to)]);
    else if (kind === 'insert') bytes = Buffer.concat([bytes.subarray(0, from), other, bytes.subarray(from)]);
    else if (kind === 'end') bytes = bytes.subarray(0, to);
    else bytes = Buffer.concat([bytes.subarray(to), bytes.subarray(0, to)]);
  }
  return bytes;
}

/** Opens and checks; the rows as text, or the error's message. */
async function outcome(open: () => Promise<Trace>): Promise<string> {
  let trace: Trace;
  try {
    trace = await open();
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    expect(error.place.file).toBe('bytes');
    return error.message;
  }
  const rows = rowsOf(trace);
  expect(rowsOf(trace)).toEqual(rows);
  expect(rows.length).toBe(trace.summary.ios);
  let previous = 0;
  for (const row of rows) {
    expect(Number.isSafeInteger(row.timeNs) && row.timeNs >= previous).toBe(true);
    expect(row.offset % 512 === 0 && row.lengthBytes % 512 === 0 && row.offset >= 0).toBe(true);
    expect(row.offset + row.lengthBytes).toBeLessThanOrEqual(2 ** 53);
    expect(row.op === 'F' ? row.lengthBytes === 0 : row.lengthBytes > 0).toBe(true);
    expect(row.latencyNs === undefined || row.latencyNs >= 0).toBe(true);
    expect(row.disk).toBeLessThan(trace.diskNames.length);
    previous = row.timeNs;
  }
  expect(rows[0]!.timeNs).toBe(0);
  trace.close();
  return `${trace.summary.contentSha256} ${trace.warnings.join('; ')}`;
}

const sizes = fc.array(fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 5000 })), {
  minLength: 1,
  maxLength: 5,
});
const event = fc.constantFrom<TraceEvent>('Q', 'D');
const seed = fc.constantFrom(...SEEDS);

describe('every reader', () => {
  it.each(formatTable.map((format) => format.name))(
    'gives rows or a DataError for any bytes: %s',
    async (format) => {
      await fc.assert(
        fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), event, async (bytes, wanted) => {
          await outcome(() => importBytes(bytes, { format, event: wanted }));
        }),
        { numRuns: RUNS / 5 },
      );
    },
    600_000,
  );

  it('gives rows or a DataError for mutated traces, cut in any pieces alike', async () => {
    await fc.assert(
      fc.asyncProperty(
        seed,
        fc.array(mutation, { maxLength: 6 }),
        event,
        sizes,
        async (start, mutations, wanted, cut) => {
          const bytes = mutated(start, mutations);
          const whole = await outcome(() => importBytes(bytes, { event: wanted }));
          expect(await outcome(() => importBytes(bytes, { event: wanted, sizes: cut }))).toBe(whole);
        },
      ),
      { numRuns: RUNS },
    );
  }, 600_000);

  it('reads every unmutated trace, cut in any pieces alike', async () => {
    for (const start of SEEDS) {
      const text = start.lastIndexOf(10) + 1;
      const isText = start[0]! < 128 && start.indexOf('ARROW1') !== 0;
      const bytes = isText && text > start.length / 2 ? start.subarray(0, text) : start;
      const whole = await outcome(() => importBytes(bytes));
      expect(whole).toMatch(/^[0-9a-f]{64} /);
      for (const size of [1, 7, 47, 4095]) {
        expect(await outcome(() => importBytes(bytes, { sizes: [size] }))).toBe(whole);
      }
    }
  });
});
