/** Rows in aligned columns, the first to the left and the others to the right. */

/**
 * @param rows cells without escape codes, one column wide a character
 * @returns a line for each row, without blanks at its end
 */
export function alignColumns(rows: readonly (readonly string[])[], gap = 2): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length);
  }
  const between = ' '.repeat(gap);
  return rows.map((row) =>
    row
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
      .join(between)
      .trimEnd(),
  );
}
