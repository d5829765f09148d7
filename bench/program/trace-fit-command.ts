/** What `fvp trace fit` does: fit, write the profile, draw a trace from it, and compare. */
import { UsageError } from '../../reference/kernel/errors.ts';
import { formatBytes } from '../../reference/kernel/units.ts';
import { openTrace } from '../../traces/open-trace.ts';
import { fitProfile } from '../../traces/profile/fit-profile.ts';
import { profileText } from '../../traces/profile/profile.ts';
import { describeTrace } from '../../traces/stats/describe-trace.ts';
import { OutputFile } from '../../traces/writers/output-file.ts';
import { closenessTable } from '../render/closeness-table.ts';
import { ProgressLine } from '../render/progress.ts';
import { visibleText } from '../render/visible-text.ts';
import { compareReplays, compareStatistics, type ReplayPair } from '../replay/closeness.ts';
import { flagQuantity, parseWhole, SEED_BOUNDS } from './flag-quantity.ts';
import { interruptible } from './interrupt.ts';
import { readTraces } from './read-traces.ts';

export interface TraceFitFlags {
  readonly trace: string;
  readonly out: string;
  readonly format?: string | undefined;
  readonly event: string;
  readonly seed: string;
  readonly scenario: string;
  /** Whether latencies under replay are compared. */
  readonly replay: boolean;
}

/** Shares of the whole work, for the progress line. Assumed. */
const READING = 0.1;
const DESCRIBING = 0.3;

/** @returns the document for `--json` */
export async function runTraceFit(flags: TraceFitFlags, print: (line: string) => void): Promise<unknown> {
  const seed = flagQuantity('seed', flags.seed, parseWhole, SEED_BOUNDS);
  if (flags.trace === '-') {
    throw new UsageError('standard input cannot be read again for the comparison', {
      hint: 'write it to a file first',
    });
  }
  if (flags.out === '-') throw new UsageError('a profile is written to a file', { hint: 'name one with -o' });
  const event = flags.event as 'Q' | 'D';
  const output = new OutputFile(flags.out);
  const progress = new ProgressLine(process.stderr, () => performance.now());
  try {
    return await interruptible(async (signal) => {
      const show = (text: string, done: number): void => {
        signal.throwIfAborted();
        progress.show({ text, done, total: 1 });
      };
      const named = { files: [flags.trace], format: flags.format, event };
      const trace = await readTraces(named, progress, signal, READING);
      let statistics: ReturnType<typeof compareStatistics>;
      let profileBytes: number;
      try {
        show('fitting', READING);
        const profile = fitProfile(trace, seed);
        const text = Buffer.from(profileText(profile, /\.ya?ml(?:\.gz)?$/.test(flags.out)));
        profileBytes = text.length;
        output.write(text);
        output.commit();
        const synthetic = await openTrace([flags.out], { signal });
        try {
          show('describing', DESCRIBING);
          const ours = await describeTrace(synthetic, () => show('describing', DESCRIBING));
          const theirs = await describeTrace(trace, () => show('describing', DESCRIBING));
          statistics = compareStatistics(theirs, ours);
        } finally {
          synthetic.close();
        }
      } finally {
        trace.close();
      }
      const request = { scenario: flags.scenario, format: flags.format, event, trace: flags.trace };
      const replay: readonly ReplayPair[] | undefined = flags.replay
        ? await compareReplays(request, flags.out, signal, (text, done) =>
            show(text, DESCRIBING + (1 - DESCRIBING) * done),
          )
        : undefined;
      progress.clear();
      const p99 = replay?.filter(({ p99Difference }) => p99Difference !== null) ?? [];
      const within = p99.filter(({ p99Difference }) => Math.abs(p99Difference!) <= 0.1).length;
      print(`${visibleText(flags.out)}: ${formatBytes(profileBytes)}`);
      print('');
      for (const line of closenessTable(statistics, replay)) print(visibleText(line));
      return {
        schema: 'fvp.fit/1',
        trace: flags.trace,
        profile: flags.out,
        profileBytes,
        seed,
        statistics,
        replay: replay ?? null,
        p99Within10Percent: replay === undefined ? null : { within, of: p99.length },
      };
    });
  } finally {
    progress.clear();
    output.discard();
  }
}
