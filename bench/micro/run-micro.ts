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
  /** Runs of the task per second: median, and the half-width of the 95 % interval of the mean as a share of it. */
  readonly perSecond: number;
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
    options.print(group.name);
    for (const task of bench.tasks) {
      const { result } = task;
      if (!('throughput' in result)) continue;
      const { p50, rme, samplesCount } = result.throughput;
      results.push({
        group: group.name,
        task: task.name,
        perSecond: p50,
        relativeMarginOfError: rme / 100,
        samples: samplesCount,
      });
      options.print(
        `  ${task.name.padEnd(44)} ${formatCount(p50).padStart(14)} /s  ± ${formatSignificant(rme)} %  (${samplesCount} samples)`,
      );
    }
  }
  return { schema: 'fvp.micro/1', results };
}
