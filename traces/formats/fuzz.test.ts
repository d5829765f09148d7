/**
 * Mutated traces of every format, many of them: each gives rows in bounds or a DataError with the place, strictly and
 * leniently. FVP_FUZZ_INPUTS says how many in all; input n is the same on every machine.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { DataError } from '../../reference/kernel/errors.ts';
import { RandomStream } from '../../reference/kernel/random.ts';
import { formatByName, formatTable } from '../format-table.ts';
import type { PlacedBlock, RowStage } from '../rows/placed-block.ts';
import { FORMAT_SAMPLES } from '../testing/format-samples.ts';
import { parseRows } from '../testing/parse-rows.ts';

const INPUTS = Number(process.env.FVP_FUZZ_INPUTS ?? 100_000);

const TOKENS = [
  '9007199254740993',
  '-1',
  '99999999999999999999',
  '\n',
  '\r\n',
  ' ',
  ',',
  ';',
  '\t',
  '0',
  '"',
  '1e3',
  '0x',
  '.',
]
  .concat(['R', 'W', '#', 'FWFSM', 'wait', '\u0000', '4294967296', '18446744073709551615', '{', '}', 'NaN'])
  .map((token) => Buffer.from(token, 'latin1'));

const folder = new URL('fixtures/', import.meta.url);
const fixture = (name: string): Buffer => readFileSync(new URL(name, folder)).subarray(0, 2048);
const SEEDS: readonly (readonly [string, Buffer])[] = [
  ...Object.entries(FORMAT_SAMPLES),
  ...readdirSync(folder)
    .filter((name) => name.includes('log'))
    .map((name) => ['fio-iolog', fixture(name)] as const),
  ['blkparse', fixture('synth.blkparse.txt')],
  ['blktrace', fixture('synth.blktrace.0')],
  ['ssdsim', FORMAT_SAMPLES.mqsim!],
  ['delimited:disk,op,offset,length,time:us', FORMAT_SAMPLES.alibaba!],
  ['struct:<IQIq,time:s,offset:sectors,length,-', FORMAT_SAMPLES['oracle-general']!],
  [
    'blkreplay',
    Buffer.from('0.000000001 ; 8 ; 8 ; R ; 0.0 ; 0.0\n1.5 ; 16 ; 8 ; WS ; 0.1 ; 0.2\n'.repeat(9)),
  ],
];

function mutate(seed: Buffer, random: RandomStream): Buffer {
  let bytes = Buffer.from(seed.length > 600 && random.nextBelow(2) === 0 ? seed.subarray(0, 600) : seed);
  for (let left = 1 + random.nextBelow(4); left > 0 && bytes.length > 0; left--) {
    const from = random.nextBelow(bytes.length);
    const to = Math.min(bytes.length, from + 1 + random.nextBelow(random.nextBelow(4) === 0 ? 200 : 8));
    switch (random.nextBelow(6)) {
      case 0:
        for (let at = from; at < to; at++) bytes[at] = random.nextBelow(256);
        break;
      case 1:
        bytes = Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]);
        break;
      case 2:
        bytes = Buffer.concat([bytes.subarray(0, to), bytes.subarray(from)]);
        break;
      case 3:
        bytes = Buffer.concat([
          bytes.subarray(0, from),
          TOKENS[random.nextBelow(TOKENS.length)]!,
          bytes.subarray(from),
        ]);
        break;
      case 4:
        bytes = Buffer.concat([
          bytes.subarray(0, from),
          TOKENS[random.nextBelow(TOKENS.length)]!,
          bytes.subarray(to),
        ]);
        break;
      default:
        bytes = bytes.subarray(0, to);
    }
  }
  return bytes;
}

/** Rows that a virtual disk can be asked. */
class CheckedRows implements RowStage {
  rows = 0;
  private latest = Number.NEGATIVE_INFINITY;

  accept(block: PlacedBlock): void {
    for (let i = 0; i < block.length; i++) {
      const { timeNs, offset, lengthBytes, latencyNs } = block;
      const whole = Number.isSafeInteger(timeNs[i]) && offset[i]! % 512 === 0 && lengthBytes[i]! % 512 === 0;
      const inBounds = offset[i]! >= 0 && lengthBytes[i]! >= 0 && offset[i]! + lengthBytes[i]! <= 2 ** 53;
      const latency = Number.isNaN(latencyNs[i]!) || latencyNs[i]! >= 0;
      if (!whole || !inBounds || !latency || timeNs[i]! < this.latest) {
        throw new Error(
          `row ${this.rows} is out of bounds: ${timeNs[i]} ${offset[i]} ${lengthBytes[i]} ${latencyNs[i]}`,
        );
      }
      this.latest = timeNs[i]!;
      this.rows++;
    }
  }

  end(): void {}
}

it(`${INPUTS} mutated inputs give rows or a DataError with the place`, async () => {
  const formats = SEEDS.map(([name]) => formatByName(name));
  let withRows = 0;
  let refused = 0;
  for (let input = 0; input < INPUTS; input++) {
    const random = new RandomStream(input, 'fuzz');
    const which = random.nextBelow(SEEDS.length);
    const bytes = mutate(SEEDS[which]![1], random);
    const format =
      random.nextBelow(8) === 0 ? formatTable[random.nextBelow(formatTable.length)]! : formats[which]!;
    const lenient = random.nextBelow(3) === 0;
    const stage = new CheckedRows();
    const take = (error: unknown): void => {
      if (!(error instanceof DataError) || error.place.file !== 'bytes') {
        throw new Error(`input ${input} (${format.name}): ${(error as Error).stack}`, { cause: error });
      }
      refused++;
    };
    try {
      formatTable.map((candidate) => (input % 16 === 0 ? candidate.recognise(bytes, true) : false));
      await parseRows(format, bytes, stage, lenient ? take : undefined);
    } catch (error) {
      take(error);
    }
    if (stage.rows > 0) withRows++;
  }
  // Neither outcome may be the only one, or the mutations would be too weak or too strong.
  expect(withRows).toBeGreaterThan(INPUTS / 10);
  expect(refused).toBeGreaterThan(INPUTS / 10);
}, 3_600_000);
