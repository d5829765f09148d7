/**
 * The shape of a scenario file. One description gives validation, the JSON Schema for editors and the words of error
 * messages. The parameters of devices are not here: each device declares its own.
 */

import { z } from 'zod';
import {
  bandwidthParameter,
  bytesParameter,
  choiceParameter,
  countParameter,
  flagParameter,
  fractionParameter,
  type TypedDeclaration,
  timeParameter,
} from '../../devices/parameters.ts';
import { BATCH_RECORDS_MAX } from '../../fvp/destager.ts';
import { MODE_NAMES } from '../../fvp/mode.ts';
import { AppError } from '../../kernel/errors.ts';
import { didYouMean } from '../../kernel/nearest-name.ts';
import { parseBytes, parseDurationNs, parsePercent } from '../../kernel/units.ts';
import { eventJsonSchema } from './events.ts';

export const SCENARIO_SCHEMA = 'fvp.scenario/1';
/** The workload that the command line gives. */
export const INPUT_WORKLOAD = 'input';
/** A host's flash where the scenario says nothing. Assumed: a common size of 2014. */
export const DEFAULT_FLASH_CAPACITY = '400GB';

/** A size in bytes, or a share of the workload's footprint. */
export type SizeOrShare =
  | { readonly bytes: number; readonly share?: never }
  | { readonly share: number; readonly bytes?: never };

/** Extra facts of a `custom` issue. */
export interface IssueFacts {
  readonly expected: string;
}

/** Capacity bounds of flash, bytes. Assumed. */
const CAPACITY_BYTES_MAX = 1024 ** 5;
const SHARE_MAX = 100;
const NAME = /^[a-zA-Z][a-zA-Z0-9._-]{0,62}$/;
const NAME_EXPECTED = 'a name of letters, digits, . _ and -, which starts with a letter';

function leaf<T>(
  expected: string,
  json: Readonly<Record<string, unknown>>,
  read: (written: unknown) => T | undefined,
): z.ZodType<T> {
  return z
    .unknown()
    .transform((written, context): T => {
      let message = `is not ${expected}`;
      try {
        const value = read(written);
        if (value !== undefined) return value;
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        message = error.message;
      }
      context.addIssue({ code: 'custom', message, params: { expected } satisfies IssueFacts });
      return z.NEVER;
    })
    .meta(json);
}

function text(expected: string, description: string, pattern?: RegExp): z.ZodType<string> {
  const json = { type: 'string', description, ...(pattern === undefined ? {} : { pattern: pattern.source }) };
  return leaf(expected, json, (written) =>
    typeof written === 'string' && (pattern === undefined || pattern.test(written)) ? written : undefined,
  );
}

function sizeOrShare(noun: string, description: string): z.ZodType<SizeOrShare> {
  const expected = `${noun}, such as 400GB, or a share of the workload's footprint, such as 20%`;
  const json = {
    description,
    anyOf: [
      { type: 'integer', minimum: 0 },
      { type: 'string', pattern: '^[0-9]+(\\.[0-9]+)?\\s*(%|[kKmMgGtT]?(i?[bB])?)$' },
    ],
  };
  return leaf<SizeOrShare>(expected, json, (written) => {
    if (typeof written === 'number' && Number.isSafeInteger(written) && written > 0)
      return { bytes: written };
    if (typeof written !== 'string') return undefined;
    if (written.includes('%')) {
      const share = parsePercent(written);
      return share > 0 && share <= SHARE_MAX ? { share } : undefined;
    }
    const bytes = parseBytes(written);
    return bytes > 0 && bytes <= CAPACITY_BYTES_MAX ? { bytes } : undefined;
  });
}

function oneOf<Choice extends string>(choices: readonly Choice[], description: string): z.ZodType<Choice> {
  return leaf(`one of ${choices.join(', ')}`, { enum: [...choices], description }, (written) =>
    choices.find((choice) => choice === written),
  );
}

/** FVP's options as they are written, each with the default that options.ts gives. */
export const FVP_PARAMETERS = {
  bucketSize: bytesParameter({
    description: 'Flash is handed out in buckets of this size, a power of two.',
    default: '512KiB',
    min: '512KiB',
    max: '64MiB',
    source: 'assumed',
  }),
  populate: flagParameter({
    description: 'Copies what reads miss into flash.',
    default: true,
    source: 'FVP does so ("false writes")',
  }),
  lowWater: fractionParameter({
    description: 'Share of the dirty limit above which writes are delayed.',
    default: '50%',
    source: 'assumed',
  }),
  highWater: fractionParameter({
    description: 'Share of the dirty limit at which writes are admitted at the destage rate only.',
    default: '90%',
    source: 'assumed',
  }),
  drainBound: timeParameter({
    description:
      'Longest time that dirty data may take to drain: the dirty limit is also destage rate x this.',
    default: '30s',
    min: '10ms',
    source: 'assumed',
  }),
  checkpointInterval: timeParameter({
    description: 'Least time between two checkpoints of a virtual disk.',
    default: '100ms',
    source: 'assumed',
  }),
  remoteReads: timeParameter({
    description: 'For this long after a migration reads ask the former host before the datastore.',
    default: '10m',
    source: 'VirtuCache',
  }),
  recordHeaderSize: bytesParameter({
    description: 'Header of a log record on flash and on the wire.',
    default: '64B',
    max: '4KiB',
    source: 'assumed',
  }),
  messageSize: bytesParameter({
    description: 'An acknowledgement or other control message on the wire.',
    default: '64B',
    max: '64KiB',
    source: 'assumed',
  }),
};

export const DESTAGE_PARAMETERS = {
  batchRecords: countParameter({
    description: 'Most records in a batch.',
    default: 64,
    min: 1,
    max: BATCH_RECORDS_MAX,
    source: 'assumed',
  }),
  batchSize: bytesParameter({
    description: 'Most bytes in a batch.',
    default: '4MiB',
    min: '4KiB',
    max: '1GiB',
    source: 'assumed',
  }),
  joinSize: bytesParameter({
    description: 'Adjacent records of a batch are joined into one SAN write up to this size.',
    default: '512KiB',
    max: '64MiB',
    source: 'assumed',
  }),
  bufferSize: bytesParameter({
    description: 'Newest bytes per host that are still in memory and are destaged without reading flash.',
    default: '16MiB',
    max: '1TiB',
    source: 'assumed',
  }),
};

export const LEASE_PARAMETERS = {
  renew: timeParameter({
    description: 'A host renews its lease on a virtual disk this often.',
    default: '3s',
    min: '10ms',
    source: 'VMFS heartbeats',
  }),
  duration: timeParameter({
    description: 'A lease ends this long after it was last renewed.',
    default: '16s',
    min: '20ms',
    source: 'VMFS heartbeats',
  }),
  drift: fractionParameter({
    description: "No two hosts' clocks drift apart by more than this.",
    default: '0.1%',
    source: 'assumed',
  }),
};

export const REPLICATION_PARAMETERS = {
  resend: timeParameter({
    description: 'A record that a holder has not acknowledged is sent again after this.',
    default: '200ms',
    min: '1ms',
    source: 'assumed',
  }),
  timeout: timeParameter({
    description: 'A holder that has not acknowledged a record for this long is lost.',
    default: '1s',
    min: '5ms',
    source: 'assumed',
  }),
  replacementWait: timeParameter({
    description: 'How long a replacement for a lost holder is sought before the disk leaves write-back.',
    default: '5s',
    source: 'assumed',
  }),
  outside: countParameter({
    description: "Of the replicas, how many lie outside the fault domain of the disk's host.",
    default: 0,
    min: 0,
    max: 2,
    source: 'FVP: number of external peers',
  }),
  resyncRecords: countParameter({
    description: 'Most records sent to a new holder ahead of its acknowledgements.',
    default: 64,
    min: 1,
    max: 65536,
    source: 'assumed',
  }),
  compression: choiceParameter<'off' | 'adaptive'>({
    description:
      'Records on their way to holders: as they are, or compressed on links where that is measured to be quicker.',
    choices: ['off', 'adaptive'],
    default: 'off',
    source: 'assumed; FVP 2.0 and later had it: "adaptive network compression"',
  }),
  compressedSize: fractionParameter({
    description: "What a record's data takes on the wire when it is compressed.",
    default: '50%',
    min: 0.01,
    source: 'assumed: LZ4 makes about half of what databases and mail servers write',
  }),
  compressionRate: bandwidthParameter({
    description: 'Rate at which a host compresses, one record at a time.',
    default: '400MB/s',
    source: 'assumed: LZ4 on one core of about 2014',
  }),
};

export const DEGRADE_PARAMETERS = {
  above: timeParameter({
    description:
      'A class of operations (local reads, remote reads, populates, VM writes) is left alone for a time when its smoothed latency is above this ...',
    default: '10ms',
    min: '1us',
    source: 'assumed',
  }),
  factor: countParameter({
    description: "... and above this many times the datastore's.",
    default: 2,
    min: 1,
    max: 1000,
    source: 'assumed',
  }),
};

export const RETRY_PARAMETERS = {
  first: timeParameter({
    description: 'Write-back that failed is tried again after this, and after twice as long each time.',
    default: '10s',
    min: '10ms',
    source: 'assumed',
  }),
  most: timeParameter({
    description: 'Longest time between two tries.',
    default: '5m',
    min: '10ms',
    source: 'assumed',
  }),
};

type Declarations = Readonly<Record<string, TypedDeclaration<unknown>>>;

type OptionalShape<Table extends Declarations> = {
  [Key in keyof Table]: z.ZodOptional<Table[Key]['schema']>;
};

/** The expected words travel with the issue, as they do from `leaf`. */
function optionalShape<Table extends Declarations>(table: Table): OptionalShape<Table> {
  const entries = Object.entries(table).map(([key, declaration]) => [key, declaration.schema.optional()]);
  return Object.fromEntries(entries) as OptionalShape<Table>;
}

const deviceName = leaf<string>(
  'the name of a device, or a path to a module',
  { type: 'string', description: 'Which device model.' },
  // Without quotes, YAML reads the name of the device null as nothing.
  (written) => (written === null ? 'null' : typeof written === 'string' ? written : undefined),
);
const presetName = text('the name of a preset of the device', 'Parameters to start from.');

const filterName = text('the name of a filter, or a path to a module', 'Which filter.');

/** `- log`, or `- { filter: delay, read: 1ms }`. */
const filterEntry = leaf<WrittenFilter>(
  'a filter, such as { filter: delay, read: 1ms }',
  { description: 'A filter: its name, or a mapping with its parameters.' },
  (written) => {
    if (typeof written === 'string') return { filter: written };
    if (typeof written !== 'object' || written === null || Array.isArray(written)) return undefined;
    const { filter } = written as { readonly filter?: unknown };
    return filterName.safeParse(filter).success ? (written as WrittenFilter) : undefined;
  },
);

/** A filter with its parameters, as written. */
export interface WrittenFilter {
  readonly filter: string;
  readonly [parameter: string]: unknown;
}

const filters = z
  .array(filterEntry)
  .meta({ description: 'What stands before the device; the first is the outermost, as with nbdkit.' });

const deviceSection = z.looseObject({
  device: deviceName.optional(),
  preset: presetName.optional(),
  filters: filters.optional(),
});
export const capacitySchema = sizeOrShare(
  'a size',
  'Capacity that FVP uses, or a share of the footprint of the workload.',
);

const flashSection = z.looseObject({
  device: deviceName.optional(),
  preset: presetName.optional(),
  filters: filters.optional(),
  capacity: capacitySchema.optional(),
});

const domainName = text(NAME_EXPECTED, 'Fault domain: hosts that may fail together.', NAME);

const hostSections = {
  domain: domainName.optional(),
  flash: flashSection.nullable().optional().meta({ description: 'The flash that FVP uses; null: none.' }),
  link: deviceSection.optional().meta({ description: 'The way from this host to its peers.' }),
};

const FVP_TABLES: Readonly<Record<string, Declarations>> = {
  destage: DESTAGE_PARAMETERS,
  lease: LEASE_PARAMETERS,
  replication: REPLICATION_PARAMETERS,
  degrade: DEGRADE_PARAMETERS,
  retry: RETRY_PARAMETERS,
};

const fvpSection = z.strictObject({
  ...optionalShape(FVP_PARAMETERS),
  dirtyLimit: sizeOrShare(
    'a size',
    'Dirty bytes that a virtual disk may have, at its owner and at each replica. Default: 4GiB, or what flash has room for.',
  ).optional(),
  destage: z.strictObject(optionalShape(DESTAGE_PARAMETERS)).optional(),
  lease: z.strictObject(optionalShape(LEASE_PARAMETERS)).optional(),
  replication: z.strictObject(optionalShape(REPLICATION_PARAMETERS)).optional(),
  degrade: z.strictObject(optionalShape(DEGRADE_PARAMETERS)).optional(),
  retry: z.strictObject(optionalShape(RETRY_PARAMETERS)).optional(),
});

const vmSection = z.strictObject({
  host: text('the name of a host', 'Host on which this VM runs.'),
  workload: text(
    `${INPUT_WORKLOAD}, a shipped workload's name or a trace file`,
    'What the VM does: "input" is what the command line gives; else a shipped name, or a file relative to the scenario.',
  ).optional(),
  start: leaf<number>(
    'a time, such as 7s',
    {
      description: 'The load of this VM starts so much later.',
      anyOf: [
        { const: 0 },
        { type: 'string', pattern: '^[0-9]+(\\.[0-9]+)?\\s*(ns|[uµμ]s|ms|s|sec|m|min|h|d)$|^0$' },
      ],
    },
    (written) => (written === 0 ? 0 : typeof written === 'string' ? parseDurationNs(written) : undefined),
  ).optional(),
  mode: oneOf(MODE_NAMES, 'Write mode of this VM, whatever the command line says.').optional(),
});

/** What it may hold is the matter of events.ts, which knows the hosts and VMs. */
const eventEntry = leaf<Readonly<Record<string, unknown>>>(
  'an event, such as { at: 10s, crash: esx1 }',
  eventJsonSchema(),
  (written) =>
    typeof written === 'object' && written !== null && !Array.isArray(written)
      ? (written as Readonly<Record<string, unknown>>)
      : undefined,
);

const name = text(NAME_EXPECTED, 'Name of the scenario.', NAME);

export const scenarioSchema = z
  .strictObject({
    schema: oneOf([SCENARIO_SCHEMA], 'Version of this format.').optional(),
    name: name.optional(),
    description: text('text', 'One or two sentences.').optional(),
    datastore: deviceSection.meta({ description: 'The SAN that all hosts share.' }),
    hostDefaults: z.strictObject(hostSections).optional().meta({ description: 'What every host has.' }),
    hosts: z
      .record(z.string().regex(NAME), z.strictObject(hostSections).nullable())
      .meta({ description: 'Hosts by name, with what is different from hostDefaults.' }),
    fvp: fvpSection.nullable().optional().meta({ description: 'Options of FVP.' }),
    vms: z.record(z.string().regex(NAME), vmSection).meta({ description: 'VMs by name.' }),
    events: z
      .array(eventEntry)
      .optional()
      .meta({ description: 'What happens to the cluster, at times of the load.' }),
  })
  .meta({ title: 'fvp scenario' });

export type WrittenScenario = z.output<typeof scenarioSchema>;

/** Words for what belongs at a path; undefined where the issue itself says it. */
export function expectedAt(path: readonly PropertyKey[]): string | undefined {
  const [section, first, second] = path;
  const key = String(path.at(-1));
  if (section === 'hosts' || section === 'vms') {
    if (path.length === 2)
      return section === 'hosts' ? 'a mapping, such as {}' : 'a mapping, such as { host: esx1 }';
  }
  if (section === 'fvp') {
    const inner = second === undefined ? undefined : FVP_TABLES[String(first)];
    const table: Declarations = inner ?? FVP_PARAMETERS;
    return table[key]?.expected;
  }
  return undefined;
}

/** The keys that are known at a path; empty where any key may stand. */
export function knownKeysAt(path: readonly PropertyKey[]): readonly string[] {
  let at: unknown = scenarioSchema;
  for (const key of path) {
    at = bare(at);
    if (at instanceof z.ZodObject) at = at.shape[String(key)];
    else if (at instanceof z.ZodRecord) at = at.valueType;
    else return [];
  }
  at = bare(at);
  return at instanceof z.ZodObject ? Object.keys(at.shape) : [];
}

function bare(schema: unknown): unknown {
  let inner = schema;
  while (inner instanceof z.ZodOptional || inner instanceof z.ZodNullable) inner = inner.unwrap();
  return inner;
}

/** What is wrong with an unknown key, with the nearest known one. */
export function unknownKeyHint(key: string, known: readonly string[]): string {
  return didYouMean(key, known) ?? `the keys here are ${known.join(', ')}`;
}
