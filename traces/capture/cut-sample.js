#!/usr/bin/env node
/**
 * Cuts a sample from a recording: of merged blktrace records (standard input) the issued (D) and completed (C) ones,
 * from the first D on, until SECONDS have passed and nothing is outstanding. Records are not changed.
 *
 *     zstd -dc RECORDING.bin.zst | node cut-sample.js SECONDS | zstd -19 -o SAMPLE.blktrace.zst
 */
import { readFileSync, writeFileSync } from 'node:fs';

const HEADER_BYTES = 48;
const MAGIC = 0x65617407;
const ISSUED = 7;
const COMPLETED = 8;
const CATEGORY_FLUSH = 1 << 18;
const CATEGORY_NOTIFY = 1 << 26;

const limitNs = BigInt(process.argv[2] ?? '0') * 1_000_000_000n;
if (limitNs === 0n) {
  process.stderr.write(
    'usage: zstd -dc RECORDING.bin.zst | cut-sample.js SECONDS | zstd -19 -o SAMPLE.blktrace.zst\n',
  );
  process.exit(64);
}

const input = readFileSync(0);
const kept = [];
let outstanding = 0;
let startNs;
for (let at = 0; at < input.length; ) {
  if (input.readUInt32LE(at) !== MAGIC) throw new Error(`no blktrace record at byte ${at}`);
  const next = at + HEADER_BYTES + input.readUInt16LE(at + 46);
  const action = input.readUInt32LE(at + 28);
  const event = action & 0xffff;
  const notify = (action & CATEGORY_NOTIFY) !== 0;
  if (!notify && (event === ISSUED || (event === COMPLETED && startNs !== undefined))) {
    const timeNs = input.readBigUInt64LE(at + 8);
    startNs ??= timeNs;
    if (timeNs - startNs >= limitNs && outstanding === 0) break;
    if (event === ISSUED) outstanding++;
    // A completion of no bytes and no flush closes the sequence flush, write, flush.
    else if (input.readUInt32LE(at + 24) > 0 || (action & CATEGORY_FLUSH) !== 0) outstanding--;
    kept.push(input.subarray(at, next));
  }
  at = next;
}
writeFileSync(1, Buffer.concat(kept));
