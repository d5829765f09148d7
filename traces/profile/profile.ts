/**
 * A profile: what a trace's load is like, small and without its data. Arrivals, operations, sizes and latencies are a
 * Markov chain for each kind of phase; offsets follow from sequential streams, depths in an LRU stack and zones.
 */
import { z } from 'zod';
import { DataError, type DataPlace } from '../../reference/kernel/errors.ts';
import { LOADS } from './outstanding-count.ts';

export const PROFILE_SCHEMA = 'fvp.profile/1';

/** What an I/O's offset follows from. */
export const PLACE_NEW = 0;
export const PLACE_STREAM = 1;
export const PLACE_REUSE = 2;
/** As PLACE_STREAM, into blocks that were touched before. */
export const PLACE_STREAM_REUSE = 3;
/** Untouched blocks near the end of a stream: within NEAR_BYTES of it. */
export const PLACE_NEAR = 4;
export const PLACES = 5;
export const NEAR_BYTES = 2 ** 20;
/** Buckets of distances from a stream's end: bucket b holds 2^b to 2^(b + 1) KiB ahead, then as many behind. */
export const NEAR_BUCKETS = 11;

/** What an I/O's arrival follows from: the I/O before it, its own process being idle, */
export const TIMING_IDLE = 0;
/** or having an I/O outstanding; */
export const TIMING_BUSY = 1;
/** or the completion of its process's last I/O, which came after the I/O before. */
export const TIMING_REACTION = 2;

/** Zones of a disk: its offsets in this many equal bands. */
export const BANDS = 64;
/** Streams and processes that are told apart by how recently they were used. */
export const RECENT = 16;
/** Points of a table of quantiles, from the smallest value to the largest. */
export const QUANTILES = 9;
/** Bounds of what a profile may ask for; assumed: a hundred times what any was seen to need. */
const IOS_MAX = 2 ** 40;
const LIST_MAX = 100_000;

const count = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const weight = z.number().min(0).max(1e15);
const quantiles = z.array(count).length(QUANTILES);
const recent = z.array(weight).length(RECENT + 1);

const locality = z.strictObject({
  /** Weights by depth in the LRU stack of 4 KiB blocks: bucket 2k holds depths from 2^k, bucket 2k + 1 from 1.5 x 2^k. */
  depths: z.array(weight).max(128),
  /** Weights by how recently a stream was used, the latest first. */
  streams: recent,
  /** Weights of distances from a stream's end. */
  near: z.array(weight).length(2 * NEAR_BUCKETS),
  /** Disk, band of its offsets, weight. */
  zones: z.array(z.tuple([count, count.max(BANDS - 1), weight])).max(LIST_MAX),
});

const profileSchema = z.strictObject({
  schema: z.literal(PROFILE_SCHEMA),
  seed: count,
  ios: count.min(1).max(IOS_MAX),
  durationNs: count,
  disks: z
    .array(z.strictObject({ name: z.string().min(1).max(256), endBytes: count.max(2 ** 53) }))
    .min(1)
    .max(65_536),
  /** Lengths that occur, in bytes. */
  sizes: z.array(count.min(512).max(2 ** 30)).max(LIST_MAX),
  /** Times since the I/O before, or since the completion that is reacted to, in nanoseconds, by class. */
  gaps: z.array(quantiles).min(1).max(64),
  /** Recorded latencies in nanoseconds, by class. */
  latencies: z.array(quantiles).max(256),
  /** Operation, flags, class of gap, class of latency (-1: none), place, process (0 the last, 1 the one before, 2 another), timing. */
  symbols: z
    .array(
      z.tuple([
        count.max(3),
        count.max(15),
        count,
        z.number().int().min(-1),
        count.max(PLACES - 1),
        count.max(2),
        count.max(2),
      ]),
    )
    .min(1)
    .max(LIST_MAX),
  kinds: z
    .array(
      z.strictObject({
        /** By symbol * 4 + class of outstanding I/Os: what came next, as symbol and weight by turns. */
        next: z
          .array(z.tuple([count, z.array(weight).max(LIST_MAX)]))
          .min(1)
          .max(LIST_MAX),
        /** By operation and place: index into `sizes` and weight by turns. */
        sizes: z
          .array(z.tuple([count.max(3), count.max(PLACES - 1), z.array(weight).max(LIST_MAX)]))
          .max(4 * PLACES),
      }),
    )
    .min(1)
    .max(64),
  phases: z.strictObject({
    intervalNs: count.min(1),
    kind: z.array(count).min(1).max(LIST_MAX),
    ios: z.array(count).min(1).max(LIST_MAX),
  }),
  reads: locality,
  writes: locality,
  /** Weights by how recently a process had I/O, the last for new ones; null where the trace knows none. */
  processes: recent.nullable(),
});

export type Profile = z.infer<typeof profileSchema>;
export type ProfileLocality = z.infer<typeof locality>;

/**
 * Checks what was read as a profile.
 * @throws DataError that names the key
 */
export function checkProfile(value: unknown, place: DataPlace): Profile {
  const result = profileSchema.safeParse(value);
  if (!result.success) {
    const issue = result.error.issues[0]!;
    const key = issue.path.join('.');
    throw new DataError(`not a profile${key === '' ? '' : `, at ${key}`}: ${issue.message}`, place, {
      hint: 'fvp trace fit writes profiles',
    });
  }
  const profile = result.data;
  const refuse = (key: string): never => {
    throw new DataError(`not a profile, at ${key}: it names an entry that there is not`, place);
  };
  const { symbols, kinds, phases, gaps, latencies, sizes, disks } = profile;
  for (const [, , gap, latency] of symbols)
    if (gap >= gaps.length || latency >= latencies.length) refuse('symbols');
  const list = (pairs: readonly number[], entries: number, key: string): void => {
    if (pairs.length === 0 || pairs.length % 2 !== 0) refuse(key);
    let sum = 0;
    for (let i = 0; i < pairs.length; i += 2) {
      if (!Number.isInteger(pairs[i]) || pairs[i]! >= entries) refuse(key);
      sum += pairs[i + 1]!;
    }
    if (!(sum > 0)) refuse(key);
  };
  for (const [k, kind] of kinds.entries()) {
    for (const [symbol, next] of kind.next) {
      if (symbol >= symbols.length * LOADS) refuse(`kinds.${k}.next`);
      list(next, symbols.length, `kinds.${k}.next`);
    }
    for (const [, , weights] of kind.sizes) list(weights, sizes.length, `kinds.${k}.sizes`);
  }
  if (phases.kind.length !== phases.ios.length || phases.kind.some((kind) => kind >= kinds.length))
    refuse('phases');
  if (!(phases.ios.reduce((sum, ios) => sum + ios, 0) > 0)) refuse('phases.ios');
  for (const side of [profile.reads, profile.writes])
    if (side.zones.some(([disk]) => disk >= disks.length)) refuse('zones');
  return profile;
}

/** A profile as text: JSON, or YAML with one line for each list. */
export function profileText(profile: Profile, yaml: boolean): string {
  if (!yaml) return `${JSON.stringify(profile)}\n`;
  const lines = Object.entries(profile).map(([key, value]) => {
    if (key !== 'kinds') return `${key}: ${JSON.stringify(value)}`;
    return `kinds:\n${profile.kinds.map((kind) => `  - ${JSON.stringify(kind)}`).join('\n')}`;
  });
  return `# The load of a block trace, without its data; fvp bench run replays it, fvp trace synth writes traces of it.\n${lines.join('\n')}\n`;
}
