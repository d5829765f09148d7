import { Args, Flags } from '@oclif/core';
import { workloadsOf } from '../../program/bench-flags.ts';
import { FvpCommand } from '../../program/fvp-command.ts';
import { modeFlag, planFlags } from '../../program/plan-flags.ts';

export default class PlanSweep extends FvpCommand {
  static override summary =
    'Replay any grid or sample of scenario parameters, and show what trades for what.';
  static override description =
    'SPEC.yaml says what is varied: vary: { mode: [none, write-back+1], flash.capacity: 50G..800G }. With sample: N, N points of a Latin hypercube are drawn instead of the whole grid. Every point is a fvp bench run; its command stands in --json. Finished points are kept: after Ctrl-C, or with one more value, only what is missing is replayed. See docs/planning.md.';
  static override examples = [
    {
      description: 'A grid, as a table and a page to explore:',
      command: '<%= config.bin %> <%= command.id %> sweep.yaml -o sweep.html',
    },
    {
      description: 'The same on a trace of your own, as columns for a notebook:',
      command: '<%= config.bin %> <%= command.id %> sweep.yaml my-trace.log -o sweep.arrow',
    },
    {
      description: 'On every machine that runs fvp plan worker:',
      command: '<%= config.bin %> <%= command.id %> sweep.yaml --queue redis://:password@host:6379',
    },
  ];
  static override args = {
    spec: Args.string({ description: 'What is varied.', required: true, ignoreStdin: true }),
    workload: Args.string({
      description:
        'Traces, job files or shipped names. Without one: those of SPEC.yaml, or the shipped traces.',
      multiple: true,
    }),
  };
  static override flags = {
    mode: modeFlag,
    ...planFlags,
    queue: Flags.string({
      summary: 'Have the points replayed by fvp plan worker, on other machines.',
      description:
        'redis://[user:password@]host:port of a Redis or Valkey server, rediss:// with TLS. Without it no server is needed.',
      helpValue: 'URL',
      helpGroup: 'WORK',
    }),
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(PlanSweep);
    const { runPlanSweep } = await import('../../program/plan-sweep.ts');
    return runPlanSweep(args.spec, workloadsOf(args.workload), flags, (line) => this.log(line));
  }
}
