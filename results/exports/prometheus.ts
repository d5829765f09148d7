/**
 * Prometheus text exposition, for a textfile collector or a push gateway: a summary for each direction.
 * @source prometheus.io, "Exposition formats", text format version 0.0.4
 */
import { DIRECTIONS, type Measured, statOf } from '../compare/measured.ts';
import { plainText } from '../report/plain-text.ts';

const QUANTILES = [
  ['p50', '0.5'],
  ['p90', '0.9'],
  ['p99', '0.99'],
  ['p99.9', '0.999'],
] as const;
const LABEL_LENGTH = 200;

function label(text: string): string {
  return plainText(text, LABEL_LENGTH).replace(/[\\"]/g, (mark) => `\\${mark}`);
}

function seconds(ns: number): string {
  return String(ns / 1e9);
}

export function prometheusText(measured: Measured): string {
  const lines = [
    '# HELP fvp_response_time_seconds From the intended arrival of an I/O to its completion.',
    '# TYPE fvp_response_time_seconds summary',
  ];
  for (const result of measured.results) {
    for (const direction of DIRECTIONS) {
      const count = result.times[direction]?.count ?? 0;
      const mean = statOf(result, direction, 'response', 'mean');
      if (count === 0 || mean === null || mean === undefined) continue;
      const labels = `workload="${label(result.workload)}",mode="${label(result.mode)}",direction="${direction}"`;
      for (const [stat, quantile] of QUANTILES) {
        const ns = statOf(result, direction, 'response', stat);
        if (ns !== null && ns !== undefined)
          lines.push(`fvp_response_time_seconds{${labels},quantile="${quantile}"} ${seconds(ns)}`);
      }
      lines.push(
        `fvp_response_time_seconds_sum{${labels}} ${seconds(mean * count)}`,
        `fvp_response_time_seconds_count{${labels}} ${count}`,
      );
    }
  }
  return `${lines.join('\n')}\n`;
}
