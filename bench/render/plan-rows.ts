/** The points of a plan as rows for other programs: CSV and Arrow. A row is a point, a workload and a seed. */
import type { PlanDocument } from '../../results/schema/plan-document.ts';
import type { LatencySummary, ModeResult } from '../../results/schema/run-document.ts';
import { axesOf, axisValue } from './plan-table.ts';

export type PlanCell = string | number | boolean | null;
export interface PlanRows {
  readonly columns: readonly { readonly name: string; readonly kind: 'text' | 'number' | 'flag' }[];
  readonly rows: readonly (readonly PlanCell[])[];
}

const FIGURES: readonly (keyof LatencySummary)[] = [
  'meanNs',
  'p50Ns',
  'p90Ns',
  'p95Ns',
  'p99Ns',
  'p99.9Ns',
  'maxNs',
];
const sum = (values: object): number =>
  Object.values(values).reduce((total: number, value: number) => total + value, 0);

const FACTS: readonly (readonly [name: string, of: (result: ModeResult) => number | null])[] = [
  ['hitRatio', ({ hitRatio }) => hitRatio],
  ['sanReads', ({ san }) => sum(san.reads)],
  ['sanWrites', ({ san }) => sum(san.writes)],
  ['sanBytes', ({ san }) => sum(san.bytes)],
  ['sanUtilisation', ({ san }) => san.utilisation],
  ['flashProgrammedBytes', ({ flash }) => sum(flash.programmedBytes)],
  ['evictedBytes', ({ flash }) => flash.evictedBytes],
  ['networkBytes', ({ network }) => network.bytes],
  ['peakDirtyBytes', ({ destage }) => destage.peakDirtyBytes],
  ['throttledNs', ({ destage }) => destage.throttledNs],
  ['drainNs', ({ destage }) => destage.drainNs],
];

export function planRows(document: PlanDocument): PlanRows {
  const axes = axesOf(document).filter((axis) => axis !== 'mode' && axis !== 'speed');
  const figures = [...new Set(document.points.flatMap((point) => Object.keys(point.figures)))];
  const kinds = ['reads', 'writes', 'flushes', 'all'] as const;
  const columns: PlanRows['columns'] = [
    { name: 'point', kind: 'number' },
    { name: 'workload', kind: 'text' },
    { name: 'mode', kind: 'text' },
    { name: 'speed', kind: 'number' },
    { name: 'seed', kind: 'number' },
    ...axes.map((name) => ({ name, kind: 'text' as const })),
    { name: 'met', kind: 'flag' },
    { name: 'pareto', kind: 'flag' },
    { name: 'price', kind: 'number' },
    { name: 'hosts', kind: 'number' },
    { name: 'flashBytes', kind: 'number' },
    { name: 'verdicts', kind: 'text' },
    ...kinds.flatMap((kind) => [
      { name: `${kind}.count`, kind: 'number' as const },
      ...FIGURES.map((figure) => ({ name: `${kind}.response.${figure}`, kind: 'number' as const })),
    ]),
    ...FACTS.map(([name]) => ({ name, kind: 'number' as const })),
    ...figures.map((name) => ({ name: `plan.${name}`, kind: 'number' as const })),
  ];
  const rows = document.points.flatMap((point, index) =>
    point.results.map((result, place): PlanCell[] => [
      index,
      result.workload,
      result.mode,
      point.config.speed,
      point.config.seeds[place % point.config.seeds.length]!,
      ...axes.map((axis) => axisValue(point.config, axis)),
      point.met,
      document.question === 'sweep' ? document.pareto.includes(index) : null,
      point.cost.price,
      point.cost.parts.hosts,
      point.cost.parts.flashBytes,
      result.verdicts.map(({ name }) => name).join(' '),
      ...kinds.flatMap((kind) => [
        result[kind].count,
        ...FIGURES.map((figure) => result[kind].response?.[figure] ?? null),
      ]),
      ...FACTS.map(([, of]) => of(result)),
      ...figures.map((name) => point.figures[name] ?? null),
    ]),
  );
  return { columns, rows };
}

/** @source RFC 4180 */
export function planCsv({ columns, rows }: PlanRows): string {
  const cell = (value: PlanCell): string => {
    if (typeof value !== 'string') return value === null ? '' : String(value);
    // A cell that begins like a formula is none.
    const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
    return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  const lines = [columns.map(({ name }) => name), ...rows];
  return lines.map((line) => `${line.map(cell).join(',')}\r\n`).join('');
}

/** An Arrow IPC file. */
export async function planArrow({ columns, rows }: PlanRows): Promise<Uint8Array> {
  const { Bool, Float64, Table, tableToIPC, Utf8, vectorFromArray } = await import('apache-arrow');
  const types = { text: () => new Utf8(), number: () => new Float64(), flag: () => new Bool() };
  const vectors = columns.map(({ name, kind }, index) => [
    name,
    vectorFromArray(
      rows.map((row) => row[index] ?? null),
      types[kind](),
    ),
  ]);
  return tableToIPC(new Table(Object.fromEntries(vectors)), 'file');
}
