/** assumed: longer lines are hard to read. */
export const COLUMNS_MAX = 100;

/** No break between a number and its unit. */
const BREAK = /(?<![0-9](?=\s+(?:%|[nµum]?s|[KMGT]?i?B)(?![a-z])))\s+/;

/** Breaks text at spaces. @param room columns, at least 1; a longer word stands alone on a longer line. */
export function wrapText(text: string, room: number): string[] {
  const lines = [''];
  for (const word of text.split(BREAK)) {
    const line = lines[lines.length - 1] as string;
    if (line === '') lines[lines.length - 1] = word;
    else if (line.length + 1 + word.length <= room) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines;
}
