/** The worked examples of docs/planning.md: commands, the files that they read, and what they print. */

export interface Example {
  /** Words after `fvp`. */
  readonly argv: readonly string[];
  readonly printed: string;
  /** Where `printed` stands in the page. */
  readonly start: number;
  readonly end: number;
}

/** An indented command, a blank line, and a block of text: what it prints. */
const EXAMPLE = /^ {4}fvp (.+(?:\\\n.+)*)\n\n```text\n([\s\S]*?)```$/gm;
/** A block of YAML whose first line is its name. */
const FILE = /^```yaml\n# (\S+\.yaml)\n([\s\S]*?)```$/gm;

export function examplesOf(page: string): Example[] {
  return [...page.matchAll(EXAMPLE)].map((found) => {
    const [whole, command, printed] = found;
    const end = found.index + whole.length - '```'.length;
    return { argv: wordsOf(command!), printed: printed!, start: end - printed!.length, end };
  });
}

export function filesOf(page: string): Map<string, string> {
  return new Map([...page.matchAll(FILE)].map(([, name, text]) => [name!, text!]));
}

export function withPrinted(page: string, examples: readonly Example[], printed: readonly string[]): string {
  let text = '';
  let from = 0;
  for (const [index, { start, end }] of examples.entries()) {
    text += `${page.slice(from, start)}${printed[index]}`;
    from = end;
  }
  return text + page.slice(from);
}

/** Words of a command line that quotes nothing but with single quotes. */
function wordsOf(command: string): string[] {
  return [...command.replaceAll('\\\n', ' ').matchAll(/(?:'[^']*'|[^\s'])+/g)].map(([word]) =>
    word.replaceAll("'", ''),
  );
}
