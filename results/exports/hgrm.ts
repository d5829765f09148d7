/**
 * `.hgrm`: percentile distributions as text, which HdrHistogram's plotter and other tools read.
 * @source HdrHistogram (Java), AbstractHistogram.outputPercentileDistribution; written by hdr-histogram-js
 */
import type { SparseHistogram } from '../../reference/kernel/histogram.ts';
import { toHdrHistogram } from '../hdr/encode.ts';

/** Lines for each halving of the distance to 100 %. @source HdrHistogram's default */
const TICKS_PER_HALF = 5;

/** Values are in milliseconds, as most `.hgrm` files have them. */
export function hgrmText(histogram: SparseHistogram): string {
  return toHdrHistogram(histogram).outputPercentileDistribution(TICKS_PER_HALF, 1e6);
}
