/** Writes a synthetic trace in any form that can be written; memory does not grow with its length. */
import { formatCount } from '../../reference/kernel/units.ts';
import type { TraceWriter } from '../trace-writer.ts';
import type { OutputFile } from '../writers/output-file.ts';
import type { Profile } from './profile.ts';
import { type SynthesisOptions, syntheticRows } from './synthetic-rows.ts';

export interface SyntheticOutput {
  readonly ios: number;
  readonly durationNs: number;
  readonly fileBytes: number;
  /** What the form could not hold, one sentence each. */
  readonly notes: readonly string[];
}

/**
 * @param output is committed when all is written, and the caller's to discard otherwise
 * @param report called with I/Os done, now and then; what it throws ends the work
 */
export async function writeSynthetic(
  profile: Profile,
  options: SynthesisOptions & { readonly name: string },
  writer: TraceWriter,
  output: OutputFile,
  report: (ios: number) => void,
): Promise<SyntheticOutput> {
  const sink = await writer.open(
    {
      name: options.name,
      diskNames: profile.disks.map(({ name }) => name),
      provenance: { synthetic: `drawn from the profile ${options.name}, seed ${options.seed}` },
      warnings: [],
    },
    output,
  );
  const cursor = syntheticRows(profile, options);
  let ios = 0;
  let firstNs = 0;
  let lastNs = 0;
  for (let block = cursor.next(); block !== undefined; block = cursor.next()) {
    const { timeNs, length } = block;
    if (ios === 0) firstNs = timeNs[0]!;
    for (let i = 0; i < length; i++) timeNs[i] = timeNs[i]! - firstNs;
    lastNs = timeNs[length - 1]!;
    sink.write(block);
    ios += length;
    report(ios);
    // A turn for signals.
    await new Promise((resolve) => setImmediate(resolve));
  }
  const notes = sink.finish().map(({ sentence, count }) => sentence.replace('#', formatCount(count)));
  output.commit();
  return { ios, durationNs: lastNs, fileBytes: output.bytesWritten, notes };
}
