import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { expect, it } from 'vitest';
import { BugError } from '../../reference/kernel/errors.ts';
import { createRowBlock } from '../../reference/kernel/io.ts';
import { packBlock, packedBytesMax } from './packed-block.ts';
import { Spool } from './spool.ts';

const ROWS = 16;

/** A spool of `blocks` blocks whose offsets count up by 512. */
function filled(blocks: number, memoryBytesMax: number): Spool {
  const spool = new Spool(ROWS, memoryBytesMax);
  const block = createRowBlock(ROWS);
  const bytes = new Uint8Array(packedBytesMax(ROWS));
  block.length = ROWS;
  for (let n = 0; n < blocks; n++) {
    for (let i = 0; i < ROWS; i++) block.offset[i] = (n * ROWS + i) * 512;
    spool.append(bytes.subarray(0, packBlock(block, new DataView(bytes.buffer))));
  }
  return spool;
}

function offsets(spool: Spool): number[] {
  const found: number[] = [];
  const cursor = spool.cursor();
  for (let block = cursor.next(); block !== undefined; block = cursor.next())
    found.push(...block.offset.subarray(0, block.length));
  return found;
}

const expected = (blocks: number): number[] => Array.from({ length: blocks * ROWS }, (_, i) => i * 512);

it.each([0, 1000, 1e6])('gives rows back in order, with %i bytes of memory', (memory) => {
  const spool = filled(50, memory);
  expect(offsets(spool)).toEqual(expected(50));
  expect(offsets(spool)).toEqual(expected(50));
  spool.close();
});

it('has cursors that do not disturb each other', () => {
  const spool = filled(20, 500);
  const one = spool.cursor();
  const other = spool.cursor();
  const found: number[] = [];
  for (;;) {
    const block = one.next();
    if (block === undefined) break;
    found.push(...block.offset.subarray(0, block.length));
    if (found.length % 32 === 0) other.next();
  }
  expect(found).toEqual(expected(20));
  spool.close();
});

it('leaves no file behind, even while open', () => {
  const spool = filled(50, 0);
  expect(readdirSync(tmpdir()).filter((name) => name.startsWith(`fvp-trace-${process.pid}-`))).toEqual([]);
  spool.close();
});

it('refuses to be read once it is closed', () => {
  const spool = filled(1, 1000);
  const cursor = spool.cursor();
  spool.close();
  expect(() => cursor.next()).toThrow(BugError);
});
