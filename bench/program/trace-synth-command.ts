/** What `fvp trace synth` does. */
import { UsageError } from '../../reference/kernel/errors.ts';
import { formatBytes, formatCount, formatNs } from '../../reference/kernel/units.ts';
import { titleOf } from '../../traces/open-trace.ts';
import { readProfileFile } from '../../traces/profile/read-profile.ts';
import { writeSynthetic } from '../../traces/profile/write-synthetic.ts';
import { writerFor } from '../../traces/writer-table.ts';
import { OutputFile } from '../../traces/writers/output-file.ts';
import { ProgressLine } from '../render/progress.ts';
import { visibleText } from '../render/visible-text.ts';
import { type Bounds, flagQuantity, parseWhole, SEED_BOUNDS } from './flag-quantity.ts';
import { interruptible } from './interrupt.ts';

/** assumed: nobody waits for more. */
const IOS: Bounds = { least: 1, most: 1e12, words: '1 to 1000000000000' };

export interface TraceSynthFlags {
  /** File of the profile. */
  readonly profile: string;
  readonly out: string;
  readonly to?: string | undefined;
  readonly ios?: string | undefined;
  readonly seed?: string | undefined;
  readonly json: boolean;
}

/** @returns the document for `--json` */
export async function runTraceSynth(flags: TraceSynthFlags, print: (line: string) => void): Promise<unknown> {
  if (flags.json && flags.out === '-') {
    throw new UsageError('--json and -o - both want standard output', { hint: 'name a file with -o' });
  }
  const ios = flags.ios === undefined ? undefined : flagQuantity('ios', flags.ios, parseCount, IOS);
  const asked =
    flags.seed === undefined ? undefined : flagQuantity('seed', flags.seed, parseWhole, SEED_BOUNDS);
  const writer = writerFor(flags.out, flags.to);
  const output = new OutputFile(flags.out);
  const progress = new ProgressLine(process.stderr, () => performance.now());
  try {
    const profile = await readProfileFile(flags.profile);
    const options = { seed: asked ?? profile.seed, ios: ios ?? profile.ios, name: titleOf(flags.profile) };
    const written = await interruptible((signal) =>
      writeSynthetic(profile, options, writer, output, (done) => {
        signal.throwIfAborted();
        progress.show({ text: 'writing', done, total: options.ios });
      }),
    );
    progress.clear();
    if (flags.out !== '-') {
      print(
        `${visibleText(flags.out)}: ${formatCount(written.ios)} I/Os, ${formatNs(written.durationNs)}, ` +
          `${formatBytes(written.fileBytes)} as ${writer.name}, seed ${options.seed}`,
      );
      for (const note of written.notes) print(visibleText(note));
    }
    return {
      schema: 'fvp.synth/1',
      profile: flags.profile,
      seed: options.seed,
      out: flags.out,
      format: writer.name,
      ...written,
    };
  } finally {
    progress.clear();
    output.discard();
  }
}

/** `250000`, `250k`, `10M`, `1G`: decimal. */
function parseCount(text: string): number {
  const match = /^([0-9]+)([kMG]?)$/.exec(text);
  if (match === null) {
    throw new UsageError(`not a number of I/Os: ${JSON.stringify(text)}`, {
      hint: 'write it as 250000, 250k or 10M',
    });
  }
  return parseWhole(match[1]!) * { '': 1, k: 1e3, M: 1e6, G: 1e9 }[match[2] as '' | 'k' | 'M' | 'G'];
}
