/** Every chart of the report, in the order of the page. A new one is a file here and a line in this list. */
import type { ReportChart } from '../figure.ts';
import { cache } from './cache.ts';
import { dirtyBacklog } from './dirty-backlog.ts';
import { flashWear } from './flash-wear.ts';
import { latencyOverTime } from './latency-over-time.ts';
import { layers } from './layers.ts';
import { percentileCurves } from './percentile-curves.ts';
import { replication } from './replication.ts';
import { utilisation } from './utilisation.ts';
import { vmCurves } from './vm-curves.ts';

export const CHARTS: readonly ReportChart[] = [
  percentileCurves,
  latencyOverTime,
  dirtyBacklog,
  layers,
  cache,
  utilisation,
  replication,
  flashWear,
  vmCurves,
];
