/** Writes a trace in another form, shaped on the way. Memory is bounded by what is touched, not by its length. */

import { UsageError } from '../reference/kernel/errors.ts';
import { OP_DISCARD, OP_FLUSH, OP_READ, OP_WRITE, type RowBlock } from '../reference/kernel/io.ts';
import { formatCount } from '../reference/kernel/units.ts';
import type { RowShape } from './shape/row-shape.ts';
import { ShapedRows } from './shape/row-shape.ts';
import type { Trace } from './trace.ts';
import type { TraceWriter } from './trace-writer.ts';
import { OutputFile } from './writers/output-file.ts';

export interface ConvertRequest {
  readonly shape: RowShape;
  readonly writer: TraceWriter;
  /** The output; with `splitVms` above 1 each VM's file has `.vm1` and so on before its suffix. */
  readonly out: string;
  /** Windows of equal length that the time is cut into, each a trace of its own; 1 for one trace. */
  readonly splitVms: number;
  readonly provenance: Readonly<Record<string, string>>;
}

export interface WrittenOutput {
  readonly path: string;
  readonly rows: number;
  readonly reads: number;
  readonly writes: number;
  readonly flushes: number;
  readonly discards: number;
  readonly readBytes: number;
  readonly writeBytes: number;
  readonly durationNs: number;
  readonly fileBytes: number;
}

export interface Converted {
  readonly format: string;
  readonly outputs: readonly WrittenOutput[];
  /** What the form could not hold, and what the shaping left out, one sentence each. */
  readonly notes: readonly string[];
}

/** Opens the outputs of a request, before any input is read. @throws UsageError, IoError */
export function openOutputs(out: string, splitVms: number): OutputFile[] {
  const opened: OutputFile[] = [];
  try {
    for (const path of outputPaths(out, splitVms)) opened.push(new OutputFile(path));
  } catch (error) {
    for (const file of opened) file.discard();
    throw error;
  }
  return opened;
}

/** @throws UsageError for several VMs on standard output */
function outputPaths(out: string, splitVms: number): string[] {
  if (splitVms === 1) return [out];
  if (out === '-') throw new UsageError('--split-vms writes several files', { hint: 'name one with -o' });
  const [, stem, suffix] = /^(.*?)((?:\.[A-Za-z0-9]{1,9}(?:\.gz)?)?)$/s.exec(out)!;
  return Array.from({ length: splitVms }, (_, vm) => `${stem}.vm${vm + 1}${suffix}`);
}

/**
 * Converts an opened trace into its outputs, which are committed when all is written and removed otherwise.
 * @param report called with the share done, 0 to 1; what it throws ends the work
 * @throws UsageError (unknown disk, nothing left), IoError
 */
export async function convertTrace(
  trace: Trace,
  outputs: readonly OutputFile[],
  request: ConvertRequest,
  report: (share: number) => void,
): Promise<Converted> {
  try {
    const rows = new ShapedRows(trace, request.shape);
    const fromNs = request.shape.fromNs ?? 0;
    const untilNs = request.shape.untilNs ?? trace.summary.durationNs + 1;
    const losses = new Map<string, number>();
    const written: WrittenOutput[] = [];
    let done = 0;
    for (const [vm, output] of outputs.entries()) {
      const part = (untilNs - fromNs) / outputs.length;
      const from = fromNs + Math.floor(vm * part);
      const until = vm === outputs.length - 1 ? untilNs : fromNs + Math.floor((vm + 1) * part);
      const anonymous = request.shape.anonymise !== undefined;
      const sink = await request.writer.open(
        {
          name: anonymous ? 'anonymous' : trace.name,
          diskNames: rows.diskNames,
          provenance: anonymous ? {} : { ...trace.provenance, ...request.provenance },
          warnings: anonymous ? [] : trace.warnings,
        },
        output,
      );
      const counts = new Counts();
      for (const block of rows.blocks(from, until)) {
        sink.write(block);
        counts.add(block);
        done += block.length;
        report(Math.min(1, done / trace.summary.ios));
      }
      if (counts.rows === 0) {
        throw new UsageError(
          outputs.length > 1 ? `VM ${vm + 1} would have no I/O` : 'no row is left of the trace',
          { hint: 'keep more of it' },
        );
      }
      for (const { sentence, count } of sink.finish()) {
        losses.set(sentence, (losses.get(sentence) ?? 0) + count);
      }
      written.push(counts.of(output));
    }
    const notes = [...losses].map(([sentence, count]) => sentence.replace('#', formatCount(count)));
    notes.push(...rows.notes());
    for (const output of outputs) output.commit();
    return { format: request.writer.name, outputs: written, notes };
  } finally {
    for (const output of outputs) output.discard();
  }
}

class Counts {
  rows = 0;
  private readonly ops = new Float64Array(OP_DISCARD + 1);
  private readonly bytes = new Float64Array(OP_DISCARD + 1);
  private lastNs = 0;

  add(block: RowBlock): void {
    this.rows += block.length;
    for (let i = 0; i < block.length; i++) {
      this.ops[block.op[i]!]!++;
      this.bytes[block.op[i]!]! += block.lengthBytes[i]!;
    }
    if (block.length > 0) this.lastNs = block.timeNs[block.length - 1]!;
  }

  of(output: OutputFile): WrittenOutput {
    return {
      path: output.path,
      rows: this.rows,
      reads: this.ops[OP_READ]!,
      writes: this.ops[OP_WRITE]!,
      flushes: this.ops[OP_FLUSH]!,
      discards: this.ops[OP_DISCARD]!,
      readBytes: this.bytes[OP_READ]!,
      writeBytes: this.bytes[OP_WRITE]!,
      durationNs: this.lastNs,
      fileBytes: output.bytesWritten,
    };
  }
}
