/** What `fvp trace info` does once its flags are checked. */
import { UsageError } from '../../reference/kernel/errors.ts';
import { asciiText } from '../../results/report/plain-text.ts';
import { describeTrace, type TraceInfo } from '../../traces/stats/describe-trace.ts';
import { OutputFile } from '../../traces/writers/output-file.ts';
import { ProgressLine } from '../render/progress.ts';
import { terminalStyle } from '../render/terminal-style.ts';
import { tracePage } from '../render/trace-page.ts';
import { traceTable } from '../render/trace-table.ts';
import { visibleText } from '../render/visible-text.ts';
import { interruptible } from './interrupt.ts';
import { type NamedTraces, readTraces } from './read-traces.ts';

export interface TraceInfoRequest extends NamedTraces {
  /** File of the page; none without it. */
  readonly html: string | undefined;
  readonly json: boolean;
}

/** Share of the whole work that reading is. Assumed: a row is parsed about as fast as it is described. */
const READING = 0.5;

/** @returns the document for `--json` */
export async function runTraceInfo(
  request: TraceInfoRequest,
  print: (line: string) => void,
): Promise<TraceInfo> {
  if (request.html === '-' && request.json) {
    throw new UsageError('--json and --html - both want standard output', {
      hint: 'name a file with --html',
    });
  }
  const progress = new ProgressLine(process.stderr, () => performance.now());
  const page = request.html === undefined ? undefined : new OutputFile(request.html);
  try {
    const info = await interruptible(async (signal) => {
      const trace = await readTraces(request, progress, signal, READING);
      try {
        return await describeTrace(trace, (done) => {
          signal.throwIfAborted();
          const share = READING + (done / trace.summary.ios) * (1 - READING);
          progress.show({ text: 'describing', done: share, total: 1 });
        });
      } finally {
        trace.close();
      }
    });
    progress.clear();
    if (page !== undefined) {
      page.write(Buffer.from(tracePage(info)));
      page.commit();
    }
    if (request.html !== '-') {
      const style = terminalStyle(process.stdout, process.env);
      for (const line of traceTable(info)) {
        const visible = visibleText(line);
        print(style.unicode ? visible : asciiText(visible));
      }
      if (request.html !== undefined) print(`Page: ${visibleText(request.html)}`);
    }
    return info;
  } finally {
    progress.clear();
    page?.discard();
  }
}
