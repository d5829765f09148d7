/**
 * Latencies as they were measured: for each direction a distribution per request size and number of requests under
 * way. Between two measured sizes or depths the quantiles are interpolated; the word drawn says which quantile.
 */
import { ServiceTime } from '../service-time.ts';

/** One measured distribution. */
export interface LatencyTable {
  readonly operation: 'read' | 'write';
  /** Bytes of each request. */
  readonly sizeBytes: number;
  /** Requests under way while it was measured. */
  readonly depth: number;
  /** Latency in ns (whole, rising) and how many requests took it. */
  readonly histogram: readonly (readonly [number, number])[];
}

interface Cell {
  readonly depth: number;
  readonly latency: ServiceTime;
}

interface Row {
  readonly sizeBytes: number;
  readonly cells: readonly Cell[];
}

/** The quantile function of a histogram, in ns. */
export function histogramQuantile(histogram: readonly (readonly [number, number])[]): (p: number) => number {
  const total = histogram.reduce((sum, [, count]) => sum + count, 0);
  const cumulative: number[] = [];
  let sum = 0;
  for (const [, count] of histogram) cumulative.push((sum += count) / total);
  return (p) => {
    let low = 0;
    let high = histogram.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (cumulative[middle]! < p) low = middle + 1;
      else high = middle;
    }
    return histogram[low]![0];
  };
}

/** The tables of one direction. */
export class LatencyGrid {
  private readonly rows: readonly Row[];

  /** @param tables of one direction; at least one, no two of the same size and depth */
  constructor(tables: readonly LatencyTable[]) {
    const sizes = [...new Set(tables.map((table) => table.sizeBytes))].sort((a, b) => a - b);
    this.rows = sizes.map((sizeBytes) => ({
      sizeBytes,
      cells: tables
        .filter((table) => table.sizeBytes === sizeBytes)
        .sort((a, b) => a.depth - b.depth)
        .map((table) => ({
          depth: table.depth,
          latency: new ServiceTime(-1, histogramQuantile(table.histogram)),
        })),
    }));
  }

  /**
   * The latency that belongs to a random word, ns. Beyond the largest size and depth measured, the device is taken to
   * be saturated: latency grows in proportion.
   */
  sampleNs(bytes: number, depth: number, word: number): number {
    const { rows } = this;
    let at = 0;
    while (at + 1 < rows.length && rows[at + 1]!.sizeBytes <= bytes) at++;
    const row = rows[at]!;
    const lowNs = sampleRow(row, depth, word);
    if (bytes <= row.sizeBytes) return Math.floor(lowNs + 0.5);
    const next = rows[at + 1];
    if (next === undefined) return Math.floor((lowNs * bytes) / row.sizeBytes + 0.5);
    const share = (bytes - row.sizeBytes) / (next.sizeBytes - row.sizeBytes);
    return Math.floor(lowNs + share * (sampleRow(next, depth, word) - lowNs) + 0.5);
  }
}

function sampleRow({ cells }: Row, depth: number, word: number): number {
  let at = 0;
  while (at + 1 < cells.length && cells[at + 1]!.depth <= depth) at++;
  const cell = cells[at]!;
  const lowNs = cell.latency.sampleNs(word);
  if (depth <= cell.depth) return lowNs;
  const next = cells[at + 1];
  if (next === undefined) return (lowNs * depth) / cell.depth;
  const share = (depth - cell.depth) / (next.depth - cell.depth);
  return lowNs + share * (next.latency.sampleNs(word) - lowNs);
}
