/** Traces that stay open between points, so that each is read once by each worker. */
import { type OpenTraceOptions, openTrace, type Trace } from '../../traces/open-trace.ts';

export class TraceShelf {
  private readonly opened = new Map<string, Promise<Trace>>();

  /** As `openTrace`; closing what it gives does nothing, the shelf does it. */
  readonly openTrace = async (paths: readonly string[], options: OpenTraceOptions = {}): Promise<Trace> => {
    const { format, event, lenient } = options;
    const name = JSON.stringify([paths, format, event, lenient]);
    let trace = this.opened.get(name);
    if (trace === undefined) {
      trace = openTrace(paths, options);
      this.opened.set(name, trace);
      // What could not be opened is tried again by the next who asks.
      trace.catch(() => this.opened.delete(name));
    }
    return borrowed(await trace);
  };

  async close(): Promise<void> {
    for (const trace of this.opened.values()) await trace.then((each) => each.close()).catch(() => {});
    this.opened.clear();
  }
}

function borrowed(trace: Trace): Trace {
  return {
    name: trace.name,
    summary: trace.summary,
    diskNames: trace.diskNames,
    warnings: trace.warnings,
    ...(trace.provenance === undefined ? {} : { provenance: trace.provenance }),
    cursor: () => trace.cursor(),
    close: () => {},
  };
}
