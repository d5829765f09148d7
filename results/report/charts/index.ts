/** Every chart of the report, in the order of the page. A new one is a file here and a line in this list. */
import type { ReportChart } from '../figure.ts';
import { dirtyBacklog } from './dirty-backlog.ts';
import { latencyOverTime } from './latency-over-time.ts';
import { percentileCurves } from './percentile-curves.ts';

export const CHARTS: readonly ReportChart[] = [percentileCurves, latencyOverTime, dirtyBacklog];
