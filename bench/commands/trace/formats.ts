import { FvpCommand } from '../../program/fvp-command.ts';

export default class TraceFormats extends FvpCommand {
  static override summary = 'List the trace formats that fvp reads and writes, and how each is recognised.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --json',
  ];

  async run(): Promise<unknown> {
    await this.parse(TraceFormats);
    const { listFormats } = await import('../../../traces/list-formats.ts');
    const { definitionList } = await import('../../render/definition-list.ts');
    const { terminalStyle } = await import('../../render/terminal-style.ts');
    const formats = listFormats();
    const { width } = terminalStyle(process.stdout, process.env);
    const definitions = formats.map(({ name, description, recognisedBy, writtenAs }) => ({
      name,
      description: `${description}. Known by: ${recognisedBy}.${
        writtenAs.length === 0 ? '' : ` Written: --to ${writtenAs.map((form) => form.name).join(', ')}.`
      }`,
    }));
    for (const line of definitionList(definitions, width)) this.log(line);
    return { schema: 'fvp.formats/1', formats };
  }
}
