/** Every number of two results that differs, and whose neighbourhood that is. */
import { formatPercent } from '../../reference/kernel/units.ts';
import type { InputDifference } from '../compare/input-differences.ts';
import {
  LATENCY_PARTS,
  type LatencyKind,
  type LatencyParts,
  type ModeResult,
} from '../schema/run-document.ts';

export interface FigureChange {
  /** `destage.batches`, `writes.response.p99Ns`. */
  readonly path: string;
  readonly base: number | string | null;
  readonly other: number | string | null;
}

/** Every figure that differs, in the document's order; verdicts count by their names. */
export function figureChanges(base: ModeResult, other: ModeResult): FigureChange[] {
  const changes: FigureChange[] = [];
  const walk = (a: unknown, b: unknown, path: string): void => {
    if (typeof a === 'object' && a !== null && typeof b === 'object' && b !== null) {
      const [x, y] = [a as Record<string, unknown>, b as Record<string, unknown>];
      const keys = [...Object.keys(x), ...Object.keys(y).filter((key) => !Object.hasOwn(x, key))];
      for (const key of keys) {
        const name = Array.isArray(a) ? `[${key}]` : `${path === '' ? '' : '.'}${key}`;
        walk(Object.hasOwn(x, key) ? x[key] : null, Object.hasOwn(y, key) ? y[key] : null, path + name);
      }
    } else if (a !== b) {
      const plain = (value: unknown): number | string | null =>
        typeof value === 'number' || typeof value === 'string' || value === null
          ? value
          : JSON.stringify(value);
      changes.push({ path, base: plain(a), other: plain(b) });
    }
  };
  const figures = ({ workload: _workload, mode: _mode, verdicts, ...rest }: ModeResult): unknown => ({
    ...rest,
    verdicts: verdicts.map(({ name }) => name).join(', '),
  });
  walk(figures(base), figures(other), '');
  return changes;
}

export interface ChangedResult {
  readonly workload: string;
  readonly mode: string;
  readonly base: ModeResult;
  readonly other: ModeResult;
  readonly changes: readonly FigureChange[];
}

/** What a path of the scenario is about. */
function ownerOf({ about, path }: InputDifference): string | undefined {
  if (about === 'trace') return 'the trace';
  if (about === 'seed') return 'the seed';
  if (about === 'replay') return 'the replay';
  if (path.startsWith('datastore')) return "the array's parameters";
  if (/^(hosts\.[^.]+|hostDefaults)\.flash/.test(path)) return "the flash's parameters";
  if (/^(hosts\.[^.]+|hostDefaults)\.link/.test(path)) return "the network's parameters";
  if (path.startsWith('fvp.destage')) return "the destager's parameters";
  if (path.startsWith('fvp')) return "FVP's parameters";
  if (path.startsWith('vms')) return 'the VMs';
  return undefined;
}

/** Relative change of a kind's mean from which it is worth a word. Assumed. */
const MOVED = 1e-4;

/**
 * The part whose mean per I/O moved most, relative to the whole latency of its kind. Writes and flushes come first: reads
 * of an array are chaotic, and follow any change at all.
 */
function largestPart(
  changed: readonly ChangedResult[],
): { part: keyof LatencyParts; kind: LatencyKind } | undefined {
  for (const kinds of [['writes', 'flushes'], ['reads']] as const) {
    let found: { part: keyof LatencyParts; kind: LatencyKind } | undefined;
    let most = MOVED;
    for (const { base, other } of changed) {
      for (const kind of kinds) {
        const whole = Math.max(1, base[kind].response?.meanNs ?? 1);
        for (const part of LATENCY_PARTS) {
          const mean = (result: ModeResult): number =>
            result[kind].count === 0 ? 0 : result.parts[kind][part] / result[kind].count;
          const moved = Math.abs(mean(other) - mean(base)) / whole;
          if (moved > most) {
            most = moved;
            found = { part, kind };
          }
        }
      }
    }
    if (found !== undefined) return found;
  }
  return undefined;
}

const PART_OWNERS: Readonly<Record<keyof LatencyParts, string>> = {
  queueNs: "the virtual disk's queue",
  throttleNs: 'flow control',
  orderNs: 'the order of the log',
  localFlashNs: 'local flash',
  networkFlashNs: 'replication: network and peers',
  datastoreNs: 'the array, or what reaches it',
};

/** How many of the destage figures must differ by this much to be named. Assumed. */
const DESTAGE_NOTICED = 0.001;

function destageMoved(changed: readonly ChangedResult[]): string | undefined {
  for (const { base, other } of changed) {
    const [a, b] = [base.destage, other.destage];
    for (const name of ['batches', 'joinedWrites', 'checkpoints'] as const) {
      if (a[name] === 0 || Math.abs(b[name] / a[name] - 1) < DESTAGE_NOTICED) continue;
      return `destage.${name} ${a[name]} -> ${b[name]} (${b[name] > a[name] ? '+' : '-'}${formatPercent(Math.abs(b[name] / a[name] - 1))})`;
    }
  }
  return undefined;
}

/**
 * Where to look first, in words. What the scenario says of itself comes first; otherwise which modes changed and which
 * did not, and what moved most, point to a part of the reference: `none` knows only the array and the replay,
 * `write-through` adds the cache, `write-back` the log and the destager, `+1` the replicas.
 */
export function neighbourhood(
  inputs: readonly InputDifference[],
  changed: readonly ChangedResult[],
  unchangedModes: readonly string[],
): string[] {
  const sentences: string[] = [];
  const owners = [...new Set(inputs.map(ownerOf).filter((owner) => owner !== undefined))];
  if (owners.length > 0)
    sentences.push(`Look first at ${owners.join(' and ')}: the inputs of the two runs differ there.`);
  if (changed.length === 0) return sentences;
  const modes = new Set(changed.map(({ mode }) => mode));
  const some = (test: (mode: string) => boolean): boolean => [...modes].some(test);
  const calm = (test: (mode: string) => boolean): boolean => unchangedModes.some(test) && !some(test);
  const replicated = (mode: string): boolean => /^write-back\+[1-9]/.test(mode);
  const plainBack = (mode: string): boolean => mode === 'write-back';
  const through = (mode: string): boolean => mode === 'write-through';
  const none = (mode: string): boolean => mode === 'none';
  const destage = destageMoved(changed);
  let where: string | undefined;
  if (some(none)) where = 'mode none changed, which has no FVP: the array, the replay or the kernel';
  else if (some(through))
    where = 'the cache changed, in write-through too: read path, write-through path or flash';
  else if (some(plainBack))
    where =
      destage === undefined
        ? 'write-back changed and what does not log did not: the log, local flash, destaging or recovery'
        : `write-back changed and what does not log did not, and the destager works otherwise: ${destage}`;
  else if (some(replicated) && (calm(plainBack) || calm(through) || calm(none)))
    where = 'only replicated modes changed: the replication path, the network or the peers';
  // Where the inputs say it themselves, no guess is needed.
  if (where !== undefined && owners.length === 0) sentences.push(`Neighbourhood: ${where}.`);
  const part = largestPart(changed);
  if (part !== undefined)
    sentences.push(`Most of it is in what ${part.kind} wait for at ${PART_OWNERS[part.part]}.`);
  return sentences;
}
