/** Every figure of every result as comma-separated values, a row each. @source RFC 4180 */
import { DIRECTIONS, LISTED_STATS, type Measured, statOf } from '../compare/measured.ts';

function cell(value: string | number): string {
  if (typeof value === 'number') return String(value);
  // A cell that begins like a formula is none.
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export function csvText(measured: Measured): string {
  const rows: (string | number)[][] = [
    ['workload', 'mode', 'direction', 'time', 'count', ...LISTED_STATS.map((stat) => `${stat} ns`)],
  ];
  for (const result of measured.results) {
    for (const direction of DIRECTIONS) {
      const count = result.times[direction]?.count ?? 0;
      if (count === 0) continue;
      for (const time of ['response', 'service'] as const) {
        const stats = LISTED_STATS.map((stat) => statOf(result, direction, time, stat));
        if (stats.some((ns) => ns === null || ns === undefined)) continue;
        rows.push([result.workload, result.mode, direction, time, count, ...(stats as number[])]);
      }
    }
  }
  return rows.map((row) => `${row.map(cell).join(',')}\r\n`).join('');
}
