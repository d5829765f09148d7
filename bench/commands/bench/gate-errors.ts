import { Flags } from '@oclif/core';
import { UsageError } from '../../../reference/kernel/errors.ts';
import { FvpCommand } from '../../program/fvp-command.ts';

export default class BenchGateErrors extends FvpCommand {
  static override summary = 'How often the gate is wrong about noisy results, by simulation.';
  static override description =
    'Simulates the default gate for results of fio: same code and slower code, several amounts of noise and runs a side. The table of docs/gating.md is the output of --markdown.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --trials 10000',
  ];
  static override flags = {
    trials: Flags.string({
      summary: 'Simulated gates for each row, 1 to 1000000.',
      helpValue: 'N',
      default: '1000',
    }),
    markdown: Flags.boolean({ summary: 'Print markdown.', helpGroup: 'OUTPUT' }),
  };

  async run(): Promise<unknown> {
    const { flags } = await this.parse(BenchGateErrors);
    const trials = Number(flags.trials);
    if (!/^[0-9]+$/.test(flags.trials) || trials < 1 || trials > 1e6)
      throw new UsageError(`--trials: ${JSON.stringify(flags.trials)} is no whole number from 1 to 1000000`);
    const { ERROR_RATE_HEADER, errorRateRows, errorRates } = await import('../../gate/error-rates.ts');
    const { markdownTable } = await import('../../../results/compare/render-comparison.ts');
    const { alignColumns } = await import('../../../results/report/terminal/columns.ts');
    const rates = errorRates(trials, 1);
    const rows = errorRateRows(rates);
    const lines = flags.markdown
      ? markdownTable(ERROR_RATE_HEADER, rows)
      : alignColumns([ERROR_RATE_HEADER, ...rows]);
    for (const line of lines) this.log(line);
    return { schema: 'fvp.gate-errors/1', trials, rates };
  }
}
