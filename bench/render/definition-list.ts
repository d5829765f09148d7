/** Names with what they mean, for a terminal. */
import { COLUMNS_MAX, wrapText } from './wrap-text.ts';

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
    wrapText(description, room).map((line, index) => (index === 0 ? name : '').padEnd(indent) + line),
  );
}
