/**
 * fio's job files and results, read and written without fio.
 *
 * Results: `parseFioResults`, `streamFioResults`, `readFioLog`, `readFioHistogramLog`, `mergeJobs`.
 */
export { FioError, type FioErrorDetails, type FioPlace } from './fio-error.ts';
export { type CommandLine, parseCommandLine } from './jobs/command-line.ts';
export type { JobEnvironment } from './jobs/expansion.ts';
export { loadJobs } from './jobs/load-jobs.ts';
export {
  ENGINE_OPTIONS,
  JOB_OPTIONS,
  type OptionKind,
  type OptionSpec,
  PROFILE_OPTIONS,
} from './jobs/option-table.ts';
export type {
  ByteRange,
  OptionValue,
  RandomDistribution,
  SplitPart,
  SteadyStateCriterion,
} from './jobs/option-value.ts';
export type { Amount } from './jobs/quantity.ts';
export {
  commandLineOf,
  findOption,
  type JobDocument,
  type JobProblem,
  type ProblemKind,
  type ResolvedJob,
  type ResolvedOption,
  type ResolvedSection,
  type ResolveOptions,
  resolveJobs,
  showCommand,
} from './jobs/resolve-jobs.ts';
export type { BlockSizes, JobSettings, PerDirection, RwKind } from './jobs/settings.ts';
export {
  formatJobFile,
  type JobFile,
  type JobLine,
  type ParseOptions,
  parseJobFile,
  printJobFile,
} from './jobs/syntax.ts';
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
