/** Names with what they mean, for a terminal. */

/** assumed: longer lines are hard to read. */
const COLUMNS_MAX = 100;
const GAP = 2;

export interface Definition {
  readonly name: string;
  readonly description: string;
}

/** One name a line, its description wrapped beside it. @param width columns of the terminal. */
export function definitionList(definitions: readonly Definition[], width: number): string[] {
  const indent = Math.max(0, ...definitions.map(({ name }) => name.length)) + GAP;
  const room = Math.max(20, Math.min(width, COLUMNS_MAX) - indent);
  return definitions.flatMap(({ name, description }) =>
    wrapped(description, room).map((line, index) => (index === 0 ? name : '').padEnd(indent) + line),
  );
}

function wrapped(text: string, room: number): string[] {
  const lines = [''];
  for (const word of text.split(/\s+/)) {
    const line = lines[lines.length - 1] as string;
    if (line === '') lines[lines.length - 1] = word;
    else if (line.length + 1 + word.length <= room) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines;
}
