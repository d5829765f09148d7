/** What `fvp trace convert` does once its flags are checked: open the outputs, read, write, and tell. */
import { readFileSync } from 'node:fs';
import { formatBytes, formatCount, formatNs } from '../../reference/kernel/units.ts';
import { type Converted, convertTrace, openOutputs } from '../../traces/convert-trace.ts';
import { noInput } from '../../traces/decode/byte-source.ts';
import { openTrace } from '../../traces/open-trace.ts';
import { SAMPLES } from '../../traces/samples/samples.ts';
import { type DiskMove, parseDiskMoves } from '../../traces/shape/disk-moves.ts';
import type { Trace } from '../../traces/trace.ts';
import { writerFor } from '../../traces/writer-table.ts';
import { ProgressLine } from '../render/progress.ts';
import { visibleText } from '../render/visible-text.ts';
import type { ConvertCommand } from './convert-request.ts';
import { interruptible } from './interrupt.ts';
import { checkWorkloadNames } from './workload-names.ts';

/** Share of the whole work that reading is. Assumed: a row is parsed about as fast as it is written. */
const READING = 0.5;

/** @returns the document for `--json` */
export async function runConvert(command: ConvertCommand, print: (line: string) => void): Promise<unknown> {
  const names = SAMPLES.map(({ name }) => name);
  checkWorkloadNames(command.inputs, names);
  const writer = writerFor(command.out, command.to);
  const moves = command.remap === undefined ? undefined : readMoves(command.remap);
  const progress = new ProgressLine(process.stderr, () => performance.now());
  const outputs = openOutputs(command.out, command.splitVms);
  try {
    return await interruptible(async (signal) => {
      const paths = command.inputs.map((input) => SAMPLES.find(({ name }) => name === input)?.file ?? input);
      const trace = await openTrace(paths, {
        format: command.format,
        event: command.event,
        lenient: command.lenient,
        seed: command.shape.seed,
        signal,
        onProgress: (done, total) =>
          progress.show({ text: 'reading', done: done * READING, total: total ?? done * 2 }),
      });
      try {
        const request = {
          writer,
          out: command.out,
          splitVms: command.splitVms,
          shape: { ...command.shape, moves },
          provenance: {
            inputs: command.inputs.join(' '),
            format: trace.summary.format,
            changes: command.changes.join(' '),
          },
        };
        const converted = await convertTrace(trace, outputs, request, (share) => {
          signal.throwIfAborted();
          progress.show({ text: 'writing', done: READING + share * (1 - READING), total: 1 });
        });
        progress.clear();
        if (command.out !== '-') tell(converted, trace, print);
        return {
          schema: 'fvp.convert/1',
          inputs: command.inputs,
          from: trace.summary.format,
          to: converted.format,
          outputs: converted.outputs,
          notes: [...trace.warnings, ...converted.notes],
        };
      } finally {
        trace.close();
      }
    });
  } finally {
    progress.clear();
    for (const output of outputs) output.discard();
  }
}

function readMoves(path: string): DiskMove[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw noInput(path, cause as NodeJS.ErrnoException);
  }
  return parseDiskMoves(text, path);
}

function tell(converted: Converted, trace: Trace, print: (line: string) => void): void {
  for (const { path, rows, reads, writes, durationNs, fileBytes } of converted.outputs) {
    print(
      `${visibleText(path)}: ${formatCount(rows)} rows (${formatCount(reads)} reads, ${formatCount(writes)} writes), ` +
        `${formatNs(durationNs)}, ${formatBytes(fileBytes)} as ${converted.format}`,
    );
  }
  for (const note of [...trace.warnings, ...converted.notes]) print(visibleText(note));
}
