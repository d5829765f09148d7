/**
 * The run document as a zod schema: what `readRun` accepts, and the source of `fvp-run-1.schema.json`.
 *
 * Readers ignore keys they do not know: within `fvp.run/1` keys may be added, none is taken away or changes its
 * meaning. Anything else is a new version.
 */
import * as z from 'zod';
import {
  RUN_SCHEMA,
  type RunDocument,
  type RunTiming,
  TIMELINE_SCHEMA,
  TIMING_SCHEMA,
  type Timeline,
} from './run-document.ts';

/** What zod infers: the contract without `readonly`. The compiler holds each schema to its contract with it. */
export type Plain<T> = T extends readonly (infer E)[]
  ? Plain<E>[]
  : T extends object
    ? { -readonly [K in keyof T]: Plain<T[K]> }
    : T;

const count = z.int().nonnegative();
const bytes = z.int().nonnegative().meta({ description: 'bytes' });
const ns = z.int().nonnegative().meta({ description: 'nanoseconds of virtual time' });
/** Averages and shares. */
const real = z.number().nonnegative();

const latencySummary = z
  .object({
    minNs: ns,
    meanNs: real,
    stddevNs: real,
    p50Ns: ns,
    p90Ns: ns,
    p95Ns: ns,
    p99Ns: ns,
    'p99.9Ns': ns,
    'p99.99Ns': ns,
    maxNs: ns,
  })
  .meta({ id: 'latencySummary' });

const latencies = z
  .object({
    count,
    response: latencySummary
      .nullable()
      .meta({ description: 'completion - intended arrival; null when count is 0' }),
    service: latencySummary
      .nullable()
      .meta({ description: "completion - admission by the disk's queue; null when count is 0" }),
  })
  .meta({ id: 'latencies' });

const summedNs = z.number().nonnegative().meta({ description: 'nanoseconds, summed over I/Os' });

const latencyParts = z
  .object({
    queueNs: summedNs,
    throttleNs: summedNs,
    orderNs: summedNs,
    localFlashNs: summedNs,
    networkFlashNs: summedNs,
    datastoreNs: summedNs,
  })
  .meta({
    id: 'latencyParts',
    description:
      'what the I/Os of a kind waited for, one part after the other; together their response times',
  });

const layerLatency = z.object({ ios: count, meanNs: real.nullable() }).meta({ id: 'layerLatency' });

const byCause = z
  .object({ guest: count, destage: count, record: count, heartbeat: count })
  .meta({ id: 'sanByCause' });

const workload = z.object({
  name: z.string(),
  format: z.string(),
  ios: count,
  reads: count,
  writes: count,
  flushes: count,
  discards: count,
  readBytes: bytes,
  writeBytes: bytes,
  footprintBytes: bytes,
  spanBytes: bytes,
  durationNs: ns,
  readCeiling: z
    .number()
    .min(0)
    .max(1)
    .nullable()
    .meta({ description: 'share of read bytes that an endless, initially empty cache would serve' }),
  disks: count,
  contentSha256: z.string().regex(/^[0-9a-f]{64}(\+[0-9a-f]{64})*$/),
  reorderedRows: count,
  recorded: z.object({
    latencies: count,
    p50Ns: ns.nullable(),
    p99Ns: ns.nullable(),
    outstandingMean: real.nullable(),
    outstandingMax: count.nullable(),
  }),
});

const slowestIos = z.object({
  percentile: z.number().min(0).max(100),
  fromNs: ns,
  count,
  parts: latencyParts,
});

export const modeResultSchema = z.object({
  workload: z.string(),
  mode: z.string(),
  verdicts: z.array(
    z.object({ name: z.enum(['saturated', 'burst', 'cold', 'no-pressure', 'overdriven']), why: z.string() }),
  ),
  reads: latencies,
  writes: latencies,
  flushes: latencies,
  all: latencies,
  vms: z.array(
    z.object({
      name: z.string(),
      host: z.string(),
      reads: latencies,
      writes: latencies,
      flushes: latencies,
      slowestShare: z.number().min(0).max(1),
    }),
  ),
  parts: z.object({ reads: latencyParts, writes: latencyParts, flushes: latencyParts }),
  slowest: z
    .object({ reads: z.array(slowestIos), writes: z.array(slowestIos), flushes: z.array(slowestIos) })
    .optional()
    .meta({ description: 'what the slowest I/Os waited for: sums, which add up to their response times' }),
  layers: z.object({ localFlash: layerLatency, networkFlash: layerLatency, datastore: layerLatency }),
  hitRatio: z.number().min(0).max(1).nullable(),
  outstanding: z.object({ mean: real, max: count }),
  flash: z.object({
    reads: count,
    writes: count,
    readBytes: bytes,
    programmedBytes: z.object({ guest: bytes, headers: bytes, populate: bytes, replica: bytes }),
    writeAmplification: real.nullable(),
    evictedBytes: bytes,
    populatedBytes: bytes,
    droppedFills: count,
    utilisation: real,
  }),
  network: z.object({
    bytes,
    messages: count,
    utilisation: real,
    compressedRecords: count.optional().meta({ description: 'records that were sent compressed' }),
    compressingNs: ns.optional().meta({ description: 'time that compressing them took' }),
  }),
  san: z.object({ reads: byCause, writes: byCause, bytes: byCause, flushes: count, utilisation: real }),
  destage: z.object({
    batches: count,
    batchLengths: z.array(z.object({ records: z.string(), batches: count })),
    peakDirtyBytes: bytes,
    timeToDestageNsMax: ns,
    throttledNs: ns,
    throttledWrites: count,
    drainNs: ns,
    logOrderNs: ns,
    checkpoints: count,
    joinedWrites: count,
  }),
  devices: z
    .array(
      z.object({
        name: z.string(),
        fresh: z.string().nullable(),
        filters: z.array(
          z.object({
            name: z.string(),
            statistics: z.record(z.string(), z.number()),
            log: z.array(z.string()),
          }),
        ),
      }),
    )
    .optional()
    .meta({ description: 'devices with filters, or that did not start at steady state' }),
  virtualNs: ns,
  events: count,
});

const eventEntry = z.object({
  atNs: ns.meta({ description: 'from the start of the load' }),
  event: z.string().meta({ description: 'an event of the scenario; state: of a virtual disk; vm: of a VM' }),
  host: z.string().optional(),
  vm: z.string().optional(),
  disk: count.optional().meta({ description: 'of the VM, from 0' }),
  state: z.string().optional(),
  detail: z.string().optional(),
  untilNs: ns.optional().meta({ description: 'the end of what lasts for a given time' }),
});

const runEvents = z.object({
  workload: z.string(),
  mode: z.string(),
  measuredFromNs: ns.meta({ description: 'where figures and timelines begin' }),
  loadNs: ns,
  completed: count,
  failed: count.meta({ description: 'I/Os that ended with an error or were lost with their VM' }),
  history: z.array(eventEntry),
});

export const runDocumentSchema = z
  .object({
    schema: z.literal(RUN_SCHEMA),
    seed: z.int(),
    scenario: z.record(z.string(), z.unknown()),
    replay: z.string(),
    workloads: z.array(workload),
    results: z.array(modeResultSchema),
    events: z
      .array(runEvents)
      .optional()
      .meta({ description: 'what happened to the cluster, where the scenario has events' }),
  })
  .meta({
    title: 'fvp.run/1',
    description: 'What one fvp bench run measured, in virtual time. Latencies are nanoseconds.',
  }) satisfies z.ZodType<Plain<RunDocument>>;

const perInterval = z.array(real);

export const timelineFileSchema = z.object({
  schema: z.literal(TIMELINE_SCHEMA),
  timelines: z.array(
    z.object({
      workload: z.string(),
      mode: z.string(),
      intervalNs: ns.positive(),
      intervals: count,
      dirtyBytes: perInterval,
      dirtyBytesMax: perInterval,
      outstanding: perInterval,
      throttledNs: perInterval,
      vmReadBytes: perInterval,
      vmWriteBytes: perInterval,
      hitBytes: perInterval,
      flashReadBytes: perInterval,
      flashWriteBytes: perInterval,
      networkBytes: perInterval,
      sanReadBytes: perInterval,
      sanWriteBytes: perInterval,
      sanIos: perInterval,
      evictedBytes: perInterval,
      flashIos: perInterval,
      networkMessages: perInterval,
      localFlashNs: perInterval,
      localFlashIos: perInterval,
      networkFlashNs: perInterval,
      networkFlashIos: perInterval,
      datastoreNs: perInterval,
      datastoreIos: perInterval,
      flashBusyShare: perInterval,
      networkBusyShare: perInterval,
      sanBusyShare: perInterval,
      timeToDestageNsMax: perInterval,
      checkpoints: perInterval,
    }),
  ),
}) satisfies z.ZodType<{ timelines: Plain<Timeline>[] }>;

export const timingFileSchema = z.object({
  schema: z.literal(TIMING_SCHEMA),
  timing: z.array(
    z.object({ workload: z.string(), mode: z.string(), wallSeconds: real, iosPerSecond: real }),
  ),
  run: z.object({
    dir: z.string(),
    id: z.string(),
    startedAt: z.string(),
    fvp: z.string(),
    node: z.string(),
    cpu: z.string(),
  }),
}) satisfies z.ZodType<Plain<RunTiming>>;

/** The JSON Schema of `fvp.run/1` as text; `fvp-run-1.schema.json` is this, and a test says so. */
export function runJsonSchema(): string {
  return `${JSON.stringify(z.toJSONSchema(runDocumentSchema, { io: 'input' }), null, 2)}\n`;
}
