/** `fvp bench micro`: collects the benchmark tasks of all rooms and runs them with tinybench. */
import { Bench } from 'tinybench';
import { UsageError } from '../../reference/kernel/errors.ts';
import { formatCount, formatSignificant, parseDurationNs } from '../../reference/kernel/units.ts';

const NS_PER_MS = 1e6;
const TIME_MS_MIN = 10;
const TIME_MS_MAX = 600_000;

/** Each room adds its tasks itself; the modules are loaded only when their group runs. */
const GROUPS: readonly { readonly name: string; readonly add: (bench: Bench) => Promise<void> }[] = [
  {
    name: 'readers',
    add: async (bench) => (await import('../../traces/readers.bench.ts')).addReaderTasks(bench),
  },
  {
    name: 'fio',
    add: async (bench) => (await import('../../workloads/fio.bench.ts')).addFioTasks(bench),
  },
  {
    name: 'devices',
    add: async (bench) => (await import('../../reference/devices/bench.ts')).addDeviceTasks(bench),
  },
  {
    name: 'modes',
    add: async (bench) => (await import('../../reference/cluster/modes.bench.ts')).addModeTasks(bench),
  },
];

export interface MicroOptions {
  /** Names of the groups to run; all without it. */
  readonly groups: readonly string[] | undefined;
  readonly timeMs: number;
  readonly print: (line: string) => void;
}

export interface MicroResult {
  readonly group: string;
  readonly task: string;
  /** What is counted, such as operations, I/Os or lines. */
  readonly unit: string;
  /** Median of the samples. */
  readonly perSecond: number;
  /** Half the width of the mean's 95 % interval, as a share of the mean. */
  readonly relativeMarginOfError: number;
  readonly samples: number;
}

/** @throws UsageError when it is no duration from 10 ms to 10 min. */
export function microTimeMs(text: string): number {
  const timeMs = parseDurationNs(text) / NS_PER_MS;
  if (timeMs < TIME_MS_MIN || timeMs > TIME_MS_MAX) {
    throw new UsageError(`--time: ${text} is out of bounds`, { hint: 'the bounds are 10ms to 10m' });
  }
  return timeMs;
}

/** Runs the groups one after the other. @returns the document for `--json`. */
export async function runMicro(options: MicroOptions): Promise<{ schema: string; results: MicroResult[] }> {
  const results: MicroResult[] = [];
  for (const group of GROUPS) {
    if (options.groups !== undefined && !options.groups.includes(group.name)) continue;
    const bench = new Bench({ name: group.name, time: options.timeMs, throws: true });
    await group.add(bench);
    await bench.run();
    const measured = bench.tasks.flatMap((task) => {
      const { result } = task;
      if (!('throughput' in result)) return [];
      const { p50, rme, samplesCount } = result.throughput;
      const work = workOf(task.name);
      const perSecond = p50 * work.count;
      return [
        {
          group: group.name,
          ...work.name,
          perSecond,
          relativeMarginOfError: rme / 100,
          samples: samplesCount,
        },
      ];
    });
    options.print(group.name);
    for (const line of microLines(measured)) options.print(line);
    results.push(...measured);
  }
  return { schema: 'fvp.micro/1', results };
}

/** A run of the task `null write, 1000 operations` does 1,000 operations; any other name counts runs. */
function workOf(taskName: string): { name: { task: string; unit: string }; count: number } {
  const match = /^(.*), ([0-9]+) ([^,0-9]+)$/.exec(taskName);
  if (match === null) return { name: { task: taskName, unit: 'runs' }, count: 1 };
  const [, task = '', count = '', unit = ''] = match;
  return { name: { task, unit }, count: Number(count) };
}

/** One line for each result, in columns. */
export function microLines(results: readonly MicroResult[]): string[] {
  const width = Math.max(0, ...results.map(({ task }) => task.length));
  return results.map((result) => {
    const rate =
      result.perSecond >= 1e5
        ? `${formatSignificant(result.perSecond / 1e6)} M`
        : formatCount(result.perSecond);
    const spread = `± ${formatSignificant(result.relativeMarginOfError * 100)} %`;
    return `  ${result.task.padEnd(width)}  ${rate.padStart(8)} ${result.unit} per second  ${spread}`;
  });
}
