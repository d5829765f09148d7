import process from 'node:process';
import { Args, Flags } from '@oclif/core';
import { parseDurationNs } from '../../../reference/kernel/units.ts';
import { FvpCommand } from '../../program/fvp-command.ts';

export default class BenchGate extends FvpCommand {
  static override summary = 'Hold results against a baseline and thresholds, for CI.';
  static override description =
    `Results in virtual time are exact: without a threshold any changed number fails, and the gate shows which percentiles, intervals and components changed, and where to look first. Results of fio are noisy: give several of each side; an undecided check is "inconclusive", not passed.

A threshold is [WORKLOAD/][MODE:]DIRECTION.STAT[.service] (<|<=) VALUE|+N%, such as 'writes.p99<2ms', 'database/write-back:reads.p99.9<=+5%'. Directions: reads, writes, flushes, all. Figures: min, mean, max and percentiles.

Exit codes: 0 passed, 99 failed, 98 inconclusive, 64 wrong usage, 65 wrong data, 66 no such input. See docs/gating.md.`;
  static override examples = [
    {
      description: 'Replay the baseline’s workloads again; any changed number fails:',
      command: '<%= config.bin %> <%= command.id %> --baseline results/baselines/shipped.json',
    },
    {
      description: 'The change is meant; the file keeps the reason:',
      command:
        '<%= config.bin %> <%= command.id %> --baseline results/baselines/shipped.json --update --reason "faster array"',
    },
    {
      description: 'A goal for one mode, no baseline:',
      command: "<%= config.bin %> <%= command.id %> email --mode write-back --threshold 'writes.p99<2ms'",
    },
    {
      description: 'Would this storage pass for Exchange?',
      command:
        '<%= config.bin %> <%= command.id %> exchange --mode none,write-back+1 --thresholds exchange-jetstress',
    },
    {
      description: 'Results of fio, five runs a side:',
      command:
        "<%= config.bin %> <%= command.id %> new-*.json --baseline old-1.json --baseline old-2.json --threshold 'reads.p99<=+10%'",
    },
  ];
  static override args = {
    run: Args.string({
      description:
        'A run directory, results of fio (JSON+) or .hlog files, or workloads to replay now. Without one: the workloads of the baseline.',
      multiple: true,
    }),
  };
  static override flags = {
    baseline: Flags.string({
      summary: 'A baseline file, a run directory, or results of fio; may be repeated for the latter.',
      helpValue: 'FILE|RUN',
      multiple: true,
      multipleNonGreedy: true,
    }),
    threshold: Flags.string({
      summary: 'What must hold; may be repeated.',
      helpValue: 'EXPRESSION',
      multiple: true,
      multipleNonGreedy: true,
    }),
    thresholds: Flags.string({
      summary: 'A file of thresholds, one a line, or limits that come with fvp: see fvp workload list.',
      helpValue: 'FILE|NAME',
    }),
    mode: Flags.string({
      summary: 'Modes that thresholds without one are about; may be repeated.',
      helpValue: 'MODE[,MODE]',
      multiple: true,
      multipleNonGreedy: true,
      delimiter: ',',
    }),
    scenario: Flags.string({
      summary: 'Scenario of the replay. The baseline’s without it.',
      helpValue: 'FILE|PRESET',
    }),
    seed: Flags.string({ summary: 'Seed of the replay. The baseline’s without it.', helpValue: 'N' }),
    floor: Flags.string({
      summary: 'Differences of measured results below this are nothing.',
      helpValue: '5us',
      default: '5us',
    }),
    rerun: Flags.string({
      summary: 'Command that prints a fresh result of fio; run to confirm an alarm.',
      helpValue: 'COMMAND',
    }),
    update: Flags.boolean({ summary: 'Write the results as the new baseline, showing what it changes.' }),
    reason: Flags.string({ summary: 'Why the baseline changes; kept in the file.', helpValue: 'TEXT' }),
    output: Flags.string({
      summary:
        'Write junit, markdown, json, bencher, github-action-benchmark or prometheus; may be repeated.',
      helpValue: 'FORMAT=FILE',
      multiple: true,
      multipleNonGreedy: true,
      helpGroup: 'OUTPUT',
    }),
    github: Flags.boolean({
      summary: 'Print annotations for GitHub Actions, and write its step summary.',
      helpGroup: 'OUTPUT',
    }),
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(BenchGate);
    const { runGateCommand } = await import('../../program/gate-command.ts');
    const { document, exitCode } = await runGateCommand(args.run === undefined ? [] : [args.run].flat(), {
      baselines: flags.baseline ?? [],
      thresholds: flags.threshold ?? [],
      thresholdsFile: flags.thresholds,
      modes: flags.mode,
      scenario: flags.scenario,
      seed: flags.seed,
      floorNs: parseDurationNs(flags.floor),
      rerun: flags.rerun,
      update: flags.update,
      reason: flags.reason,
      outputs: flags.output ?? [],
      github: flags.github,
      print: (line) => this.log(line),
    });
    process.exitCode = exitCode;
    return document;
  }
}
