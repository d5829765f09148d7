import { Flags } from '@oclif/core';
import { FvpCommand } from '../../program/fvp-command.ts';

export default class PlanWorker extends FvpCommand {
  static override summary = 'Replay points of fvp plan sweep --queue on this machine.';
  static override description =
    'Takes points from a queue in Redis or Valkey until it is stopped; as many workers on as many machines as you like. A worker that dies loses nothing: another takes its points over. A point names its trace by name and content only; it is looked for in --traces. Devices and filters that are not built in must be packages installed here and allowed by name; paths in a job are refused. Asker and workers must run the same version of fvp.';
  static override examples = [
    {
      description: 'On each machine that helps:',
      command: '<%= config.bin %> <%= command.id %> --queue redis://:password@host:6379 --traces /srv/traces',
    },
    {
      description: 'Traces from a web server, over TLS, with a device of your own:',
      command:
        '<%= config.bin %> <%= command.id %> --queue rediss://:password@host:6380 --traces https://host/traces/ --allow-device my-ssd-model',
    },
  ];
  static override flags = {
    queue: Flags.string({
      summary: 'The Redis or Valkey server: redis://[user:password@]host:port, rediss:// with TLS.',
      helpValue: 'URL',
      required: true,
    }),
    traces: Flags.string({
      summary: 'Where traces lie: a folder, or an http(s) address; may be repeated.',
      helpValue: 'DIR|URL',
      multiple: true,
      multipleNonGreedy: true,
    }),
    'allow-device': Flags.string({
      summary: 'A package of a device or filter that points may name; may be repeated.',
      helpValue: 'PACKAGE',
      multiple: true,
      multipleNonGreedy: true,
    }),
    workers: Flags.string({
      summary: 'Points replayed at once. [default: one for each core]',
      helpValue: 'N',
    }),
    once: Flags.boolean({ summary: 'End when the queue is empty.' }),
  };

  async run(): Promise<unknown> {
    const { flags } = await this.parse(PlanWorker);
    const { runPlanWorker } = await import('../../program/plan-worker.ts');
    return runPlanWorker(flags, (line) => this.log(line));
  }
}
