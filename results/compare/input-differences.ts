/** In what two runs differ before a single I/O: scenario, trace, seed, replay. */
import { formatCount } from '../../reference/kernel/units.ts';
import { plainText } from '../report/plain-text.ts';
import type { RunDocument } from '../schema/run-document.ts';

export interface InputDifference {
  readonly about: 'scenario' | 'trace' | 'seed' | 'replay' | 'kind';
  /** `hosts.*.flash.write.median`; a name for a trace. */
  readonly path: string;
  /** As JSON; null where it is not there. */
  readonly base: string | null;
  readonly other: string | null;
  /** How many places `*` stands for; 1 where the path has none. */
  readonly places: number;
}

type Plain = Readonly<Record<string, unknown>>;

function isPlain(value: unknown): value is Plain {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function walk(
  base: unknown,
  other: unknown,
  path: readonly string[],
  found: (readonly [path: readonly string[], base: string | null, other: string | null])[],
): void {
  if (isPlain(base) && isPlain(other)) {
    const keys = [...Object.keys(base), ...Object.keys(other).filter((key) => !Object.hasOwn(base, key))];
    for (const key of keys)
      walk(
        Object.hasOwn(base, key) ? base[key] : undefined,
        Object.hasOwn(other, key) ? other[key] : undefined,
        [...path, key],
        found,
      );
    return;
  }
  const [a, b] = [base, other].map((value) => (value === undefined ? null : JSON.stringify(value)));
  if (a !== b) found.push([path, a!, b!]);
}

/** The differences of two scenarios; what all hosts or VMs have alike stands once, with `*` for their names. */
function scenarioDifferences(base: Plain, other: Plain): InputDifference[] {
  const found: (readonly [readonly string[], string | null, string | null])[] = [];
  walk(base, other, [], found);
  const byShape = new Map<string, InputDifference>();
  for (const [path, a, b] of found) {
    const group = (path[0] === 'hosts' || path[0] === 'vms') && path.length > 2;
    const shape = JSON.stringify([group ? [path[0], '*', ...path.slice(2)] : path, a, b]);
    const before = byShape.get(shape);
    byShape.set(shape, {
      about: 'scenario',
      path: (before === undefined ? path : [path[0], '*', ...path.slice(2)]).join('.'),
      base: a,
      other: b,
      places: (before?.places ?? 0) + 1,
    });
  }
  return [...byShape.values()];
}

/** In the order of weight: traces, scenario, replay, seed. */
export function inputDifferences(base: RunDocument, other: RunDocument): InputDifference[] {
  const differences: InputDifference[] = [];
  for (const workload of base.workloads) {
    const same = other.workloads.find(({ name }) => name === workload.name);
    if (same === undefined || same.contentSha256 === workload.contentSha256) continue;
    differences.push({
      about: 'trace',
      path: workload.name,
      base: `${formatCount(workload.ios)} I/Os, SHA-256 ${workload.contentSha256.slice(0, 12)}`,
      other: `${formatCount(same.ios)} I/Os, SHA-256 ${same.contentSha256.slice(0, 12)}`,
      places: 1,
    });
  }
  differences.push(...scenarioDifferences(base.scenario, other.scenario));
  if (base.replay !== other.replay)
    differences.push({ about: 'replay', path: 'replay', base: base.replay, other: other.replay, places: 1 });
  if (base.seed !== other.seed)
    differences.push({
      about: 'seed',
      path: 'seed',
      base: String(base.seed),
      other: String(other.seed),
      places: 1,
    });
  return differences;
}

/** Longest value shown of each side. */
const VALUE_LENGTH = 60;

/** `scenario: hosts.*.flash.write.median "12500ns" -> "13us" (3 places)`, safe to be shown. */
export function differenceText({ about, path, base, other, places }: InputDifference): string {
  const value = (text: string | null): string => (text === null ? 'nothing' : plainText(text, VALUE_LENGTH));
  const where = about === path ? about : `${about}: ${plainText(path, 80)}`;
  return `${where} ${value(base)} -> ${value(other)}${places > 1 ? ` (${formatCount(places)} places)` : ''}`;
}
