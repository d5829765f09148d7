/**
 * fio's job files and results, read and written without fio.
 *
 * Results: `parseFioResults`, `streamFioResults`, `readFioLog`, `readFioHistogramLog`, `mergeJobs`.
 */
export { FioError, type FioErrorDetails, type FioPlace } from './fio-error.ts';
export type * from './results/fio-results.ts';
export {
  type Bucket,
  type BucketLayout,
  bucketAt,
  bucketCount,
  bucketIndex,
  LAYOUT_NS,
  LAYOUT_US,
  layoutEndNs,
} from './results/latency-buckets.ts';
export {
  type CountedBucket,
  type FioHistogram,
  histogramBuckets,
  histogramOf,
  isSaturated,
  mergeHistograms,
  percentileBucket,
} from './results/latency-histogram.ts';
export { type FioMergedJobs, mergeByGroup, mergeJobs, mergeLatencies } from './results/merge-jobs.ts';
export { type FioHistogramRow, readFioHistogramLog } from './results/read-histogram-log.ts';
export {
  type FioLogBlock,
  type FioLogColumn,
  type FioLogKind,
  logKindOfName,
  type ReadLogOptions,
  readFioLog,
} from './results/read-log.ts';
export {
  type FioResultEvent,
  parseFioResults,
  type ReadOptions,
  streamFioResults,
} from './results/read-results.ts';
