/** Opening and reading traces in tests. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { ByteSource } from '../decode/byte-source.ts';
import { ChunkSource } from '../decode/chunk-source.ts';
import { importInputs } from '../import-inputs.ts';
import { type OpenTraceOptions, openTrace } from '../open-trace.ts';
import type { Trace } from '../trace.ts';
import type { TraceEvent } from '../trace-format.ts';

export interface Row {
  readonly timeNs: number;
  /** `R`, `W`, `F` or `D`. */
  readonly op: string;
  readonly offset: number;
  readonly lengthBytes: number;
  /** Undefined where unknown. */
  readonly latencyNs: number | undefined;
  readonly pid: number;
  readonly disk: number;
  readonly flags: number;
}

export function rowsOf(trace: Trace): Row[] {
  const rows: Row[] = [];
  const cursor = trace.cursor();
  for (let block = cursor.next(); block !== undefined; block = cursor.next()) {
    for (let i = 0; i < block.length; i++) {
      const latency = block.latencyNs[i]!;
      rows.push({
        timeNs: block.timeNs[i]!,
        op: 'RWFD'[block.op[i]!]!,
        offset: block.offset[i]!,
        lengthBytes: block.lengthBytes[i]!,
        latencyNs: Number.isNaN(latency) ? undefined : latency,
        pid: block.pid[i]!,
        disk: block.disk[i]!,
        flags: block.flags[i]!,
      });
    }
  }
  cursor.close();
  return rows;
}

/** `time op offset length` of each row, for tests to compare at a glance. */
export function briefly(rows: readonly Row[]): string[] {
  return rows.map((row) => `${row.timeNs} ${row.op} ${row.offset} ${row.lengthBytes}`);
}

/** A folder that is gone when the test is over. */
export function testFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'fvp-traces-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Writes files into a folder of their own and opens them, in this order. */
export async function openFiles(
  files: Readonly<Record<string, string | Uint8Array>>,
  options: OpenTraceOptions = {},
): Promise<Trace> {
  const folder = testFolder();
  const paths = Object.entries(files).map(([name, content]) => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  });
  return openTrace(paths, options);
}

/** The message of the error that opening this input gives, its folder left out. */
export async function errorOf(
  content: string | Uint8Array,
  name = 'input',
  options: OpenTraceOptions = {},
): Promise<string> {
  const folder = testFolder();
  writeFileSync(join(folder, name), content);
  try {
    const trace = await openTrace([join(folder, name)], options);
    trace.close();
  } catch (error) {
    const { message, code, hint } = error as { message: string; code?: string; hint?: string };
    return `${code} ${message.replaceAll(`${folder}/`, '')}${hint === undefined ? '' : ` (${hint.replaceAll(`${folder}/`, '')})`}`;
  }
  return 'no error';
}

/** A source that gives the bytes in pieces of these sizes, over and over. */
export function pieces(bytes: Uint8Array, sizes: readonly number[]): ByteSource {
  let at = 0;
  let piece = 0;
  const next = (): Promise<Uint8Array | undefined> => {
    if (at === bytes.length) return Promise.resolve(undefined);
    const end = Math.min(bytes.length, at + sizes[piece++ % sizes.length]!);
    const chunk = bytes.subarray(at, end);
    at = end;
    return Promise.resolve(chunk);
  };
  return new ChunkSource(next, () => {});
}

/** Imports bytes that never were a file, in pieces of these sizes. */
export function importBytes(
  bytes: Uint8Array,
  options: { sizes?: readonly number[]; format?: string; event?: TraceEvent } = {},
): Promise<Trace> {
  const source = pieces(bytes, options.sizes ?? [bytes.length + 1]);
  return importInputs([{ file: 'bytes', title: 'bytes', source }], {
    name: 'bytes',
    format: options.format,
    event: options.event ?? 'D',
    chunkBytes: 64 * 1024,
    warnings: [],
    report: () => {},
  });
}
