/** What all commands share. */
import { Command, Flags } from '@oclif/core';

export abstract class FvpCommand extends Command {
  static override enableJsonFlag = true;
  static override baseFlags = {
    json: Flags.boolean({
      description: 'Print one JSON document on standard output and nothing else; of an error too.',
      helpGroup: 'OUTPUT',
    }),
  };

  /** The program prints all errors in one place, so that they look the same for every command. */
  protected override async catch(error: Error): Promise<never> {
    throw error;
  }

  override logJson(document: unknown): void {
    process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
  }
}
