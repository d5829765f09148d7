/** From what happened in a run to the spans that charts over time shade. */
import type { EventEntry, RunDocument, RunEvents } from '../schema/run-document.ts';
import type { ReportWindow } from './figure.ts';

/** What ends an event of the first name; the end of the load, where nothing does. */
const ENDS: Readonly<Record<string, string>> = {
  crash: 'restart',
  'lose-flash': 'restart',
  partition: 'heal',
};

interface Span {
  readonly fromNs: number;
  readonly untilNs: number;
  readonly label: string;
}

/**
 * Faults from their beginning to their end, and each VM's time without a host. What is the same in all modes of a
 * workload is one window for all.
 */
export function faultWindows({ events = [] }: RunDocument): ReportWindow[] {
  const windows: ReportWindow[] = [];
  for (const run of events) {
    const others = events.filter(({ workload }) => workload === run.workload);
    for (const span of faultSpans(run)) {
      const everywhere = others.every((other) => faultSpans(other).some((each) => isSame(each, span)));
      if (everywhere && others[0] !== run) continue;
      windows.push(windowOf(run, span, !everywhere));
    }
    for (const span of downSpans(run)) windows.push(windowOf(run, span, true));
  }
  return windows;
}

function windowOf({ workload, mode, measuredFromNs }: RunEvents, span: Span, own: boolean): ReportWindow {
  return {
    workload,
    ...(own ? { mode } : {}),
    fromNs: Math.max(0, span.fromNs - measuredFromNs),
    untilNs: Math.max(0, span.untilNs - measuredFromNs),
    kind: 'fault',
    label: span.label,
  };
}

function isSame(a: Span, b: Span): boolean {
  return a.fromNs === b.fromNs && a.untilNs === b.untilNs && a.label === b.label;
}

export function faultSpans({ history, loadNs }: RunEvents): Span[] {
  return history.flatMap((entry, at): Span[] => {
    const { event, atNs, detail, vm } = entry;
    const label = [event, vm, detail].filter((part) => part !== undefined).join(' ');
    if (entry.untilNs !== undefined) return [{ fromNs: atNs, untilNs: entry.untilNs, label }];
    const end = ENDS[event];
    if (end === undefined) return [];
    const ended = history.slice(at).find((later) => later.event === end && mayEnd(entry, later));
    return [{ fromNs: atNs, untilNs: ended?.atNs ?? loadNs, label }];
  });
}

/** A restart names the hosts that it is of; healing is of everything. */
function mayEnd(fault: EventEntry, end: EventEntry): boolean {
  const hosts = (text: string | undefined) => (text ?? '').split(/,\s*/);
  return end.event === 'heal' || hosts(end.detail).some((host) => hosts(fault.detail).includes(host));
}

/** From when a VM stops until it runs again; one that is stopped again before that has stood still all the time. */
export function downSpans({ history, loadNs }: RunEvents): (Span & { readonly vm: string })[] {
  const spans: (Span & { readonly vm: string })[] = [];
  const downSince = new Map<string, number>();
  for (const { event, vm = '', detail, atNs } of history) {
    if (event !== 'vm') continue;
    if (detail === 'stopped' && !downSince.has(vm)) downSince.set(vm, atNs);
    if (detail !== 'runs') continue;
    const fromNs = downSince.get(vm);
    if (fromNs !== undefined) spans.push({ fromNs, untilNs: atNs, label: `${vm} is down`, vm });
    downSince.delete(vm);
  }
  for (const [vm, fromNs] of downSince) spans.push({ fromNs, untilNs: loadNs, label: `${vm} is down`, vm });
  return spans;
}
