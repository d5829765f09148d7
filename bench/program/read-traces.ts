/** Opens what a person named on the command line of a `fvp trace` command. */
import { openTrace, type Trace } from '../../traces/open-trace.ts';
import { SAMPLES } from '../../traces/samples/samples.ts';
import type { TraceEvent } from '../../traces/trace-format.ts';
import type { ProgressLine } from '../render/progress.ts';
import { checkWorkloadNames } from './workload-names.ts';

export interface NamedTraces {
  /** Files, folders, `-` or shipped names. */
  readonly files: readonly string[];
  readonly format: string | undefined;
  readonly event: TraceEvent;
  /** Passes over lines that cannot be read, and lists them. */
  readonly lenient?: boolean;
}

/**
 * One trace of all of them, merged by time.
 * @param share of the whole work that reading is, for the progress line
 * @throws NoInputError for a name that is nothing; what `openTrace` throws
 */
export function readTraces(
  { files, format, event, lenient }: NamedTraces,
  progress: ProgressLine,
  signal: AbortSignal,
  share: number,
): Promise<Trace> {
  checkWorkloadNames(
    files,
    SAMPLES.map(({ name }) => name),
  );
  return openTrace(
    files.map((file) => SAMPLES.find(({ name }) => name === file)?.file ?? file),
    {
      format,
      event,
      lenient,
      signal,
      onProgress: (done, total) =>
        progress.show({ text: 'reading', done: done * share, total: total ?? done * 2 }),
    },
  );
}
