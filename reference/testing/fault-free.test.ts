/**
 * Runs without faults, with every sector's data followed: reads, destage order, the state at the end.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deviceOf, ListSource, type PlainIo, plainScenario } from '../cluster/plain-scenario.ts';
import { ClusterRun } from '../cluster/run-cluster.ts';
import flash from '../devices/models/flash.ts';
import { LEAF_BYTES } from '../fvp/index/block-index.ts';
import { MODE_NAMES, type ModeName } from '../fvp/mode.ts';
import { DEFAULT_FVP_OPTIONS } from '../fvp/options.ts';
import { OP_DISCARD, OP_FLUSH, OP_READ, OP_WRITE } from '../kernel/io.ts';
import { RandomStream } from '../kernel/random.ts';
import { StampedContent, UNWRITTEN } from './stamped-content.ts';

interface Load {
  readonly ios: number;
  /** Sectors of the disk that are used: few, so that I/Os overlap. */
  readonly sectors: number;
  readonly maxSectors: number;
  readonly gapNs: number;
  readonly discards: boolean;
}

function drawLoad(seed: number, load: Load): PlainIo[] {
  const random = new RandomStream(seed, 'load');
  const ios: PlainIo[] = [];
  let atNs = 0;
  for (let i = 0; i < load.ios; i++) {
    atNs += random.nextBelow(load.gapNs);
    const dice = random.nextBelow(100);
    if (dice < 3) {
      ios.push({ atNs, op: OP_FLUSH });
      continue;
    }
    const sectors = 1 + random.nextBelow(load.maxSectors);
    const offset = 512 * random.nextBelow(load.sectors - sectors + 1);
    const op = dice < 45 ? OP_READ : dice < 47 && load.discards ? OP_DISCARD : OP_WRITE;
    ios.push({ atNs, op, offset, bytes: sectors * 512 });
  }
  return ios;
}

const BATCH_RECORDS = 16;

/** Slow flash with few channels, so that completions come out of order. */
const jittery = deviceOf(flash, { channels: 3 });

/** A datastore that completes requests in another order than they came. */
const reordering = deviceOf(flash, {
  channels: 16,
  read: { distribution: 'exponential', mean: '300us' },
  write: { distribution: 'exponential', mean: '500us' },
});

interface Setting {
  readonly mode: ModeName;
  readonly seed: number;
  readonly load: Load;
  readonly flashCapacityBytes: number;
  readonly dirtyLimitBytes: number;
  readonly bufferBytes: number;
  readonly populate: boolean;
}

function runFollowed(setting: Setting, watch?: (content: StampedContent) => void) {
  const scenario = plainScenario({
    vms: [0, 1],
    flash: jittery,
    datastore: reordering,
    flashCapacityBytes: setting.flashCapacityBytes,
    fvp: {
      dirtyLimitBytes: setting.dirtyLimitBytes,
      populate: setting.populate,
      checkpointIntervalNs: 5e6,
      destage: {
        ...DEFAULT_FVP_OPTIONS.destage,
        bufferBytes: setting.bufferBytes,
        batchRecords: BATCH_RECORDS,
      },
    },
  });
  const content = new StampedContent();
  watch?.(content);
  const sources = [0, 1].map((vm) => new ListSource(drawLoad(setting.seed * 2 + vm, setting.load)));
  const run = new ClusterRun(
    scenario,
    sources.map((source) => ({ source })),
    { mode: setting.mode, seed: setting.seed, content },
  );
  while (run.advance(10_000));
  return { run, content, sources, result: run.result() };
}

const settings: fc.Arbitrary<Setting> = fc.record({
  mode: fc.constantFrom(...MODE_NAMES),
  seed: fc.integer({ min: 1, max: 1_000_000 }),
  load: fc.record({
    ios: fc.integer({ min: 1, max: 600 }),
    sectors: fc.constantFrom(64, 700, 4000),
    maxSectors: fc.constantFrom(1, 9, 40, 600).map((max) => Math.min(max, 60)),
    gapNs: fc.constantFrom(2_000, 50_000, 2_000_000),
    discards: fc.boolean(),
  }),
  flashCapacityBytes: fc.constantFrom(16 * 2 ** 20, 64 * 2 ** 20),
  dirtyLimitBytes: fc.constantFrom(2 ** 20, 3 * 2 ** 20),
  bufferBytes: fc.constantFrom(1, 16 * 2 ** 20),
  populate: fc.boolean(),
});

describe('without faults', () => {
  it('every read returns the newest acknowledged write or a concurrent one, and the datastore ends as written', () => {
    fc.assert(
      fc.property(settings, (setting) => {
        const { content, sources, result, run } = runFollowed(setting);
        expect(content.violations).toEqual([]);
        expect(sources.map((source) => source.completions)).toEqual(Array(2).fill(setting.load.ios));
        expect(result.failed).toBe(0);
        expect(run.runtime.messagesInFlight).toBe(0);
        for (const disk of [0, 1]) {
          for (const [sector, stamp] of content.newest(disk)) {
            if (stamp > 0 && !concurrentWrites(setting.mode)) {
              expect([disk, sector, content.image(disk).get(sector)]).toEqual([disk, sector, stamp]);
            }
          }
        }
        for (const disk of [0, 1]) {
          for (const [sector, stamp] of content.settledOf(disk)) {
            expect([disk, sector, content.image(disk).get(sector) ?? UNWRITTEN]).toEqual([
              disk,
              sector,
              stamp,
            ]);
          }
        }
        for (const { state } of run.runtime.fvpHosts) {
          expect(state.ops.used).toBe(0);
          expect(state.dirtyBytes).toBe(0);
          expect(state.reservedBuckets).toBe(0);
          expect(state.buckets.pinnedBuckets).toBe(0);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('the datastore holds at every moment a prefix of the history up to a batch boundary plus part of one batch', () => {
    fc.assert(
      fc.property(
        settings.filter((setting) => setting.mode.startsWith('write-back')),
        (setting) => {
          const followers = [0, 1].map((disk) => new PrefixFollower(disk));
          runFollowed({ ...setting, load: { ...setting.load, discards: false } }, (content) => {
            content.onDatastoreWrite = (disk, offset, bytes) =>
              followers[disk]!.applied(content, offset, bytes);
          });
          for (const follower of followers) expect(follower.faults).toEqual([]);
        },
      ),
      { numRuns: 60 },
    );
  });
});

/** In `none` and write-through, writes in flight together may reach the datastore in any order. */
function concurrentWrites(mode: ModeName): boolean {
  return mode === 'none' || mode === 'write-through';
}

/** A write's part within one leaf of the index: one log record. */
interface Piece {
  readonly write: number;
  readonly start: number;
  readonly end: number;
  sectorsLeft: number;
}

/** Follows one disk's datastore image, record by record in log order. */
class PrefixFollower {
  readonly faults: string[] = [];
  private readonly disk: number;
  private readonly pieces: Piece[] = [];
  private writesTaken = 0;
  /** Every record before this one is wholly on the datastore. */
  private firstMissing = 0;
  private lastApplied = -1;

  constructor(disk: number) {
    this.disk = disk;
  }

  applied(content: StampedContent, offset: number, bytes: number): void {
    this.takeWrites(content);
    const image = content.image(this.disk);
    for (let at = offset; at < offset + bytes; at += 512) {
      const stamp = image.get(at / 512)!;
      const place = this.pieces.findIndex(
        (piece) => piece.write === stamp && piece.start <= at && at < piece.end,
      );
      this.pieces[place]!.sectorsLeft--;
      if (place > this.lastApplied) this.lastApplied = place;
    }
    while (this.firstMissing < this.pieces.length && this.pieces[this.firstMissing]!.sectorsLeft === 0) {
      this.firstMissing++;
    }
    const batch = this.pieces.slice(this.firstMissing, this.lastApplied + 1);
    if (batch.length > BATCH_RECORDS) {
      this.faults.push(
        `write ${batch[0]!.write} is missing while one ${batch.length} records later is there`,
      );
    }
    for (const [i, a] of batch.entries()) {
      for (const b of batch.slice(i + 1)) {
        if (a.start < b.end && b.start < a.end) {
          this.faults.push(`writes ${a.write} and ${b.write} overlap and went out together`);
        }
      }
    }
  }

  private takeWrites(content: StampedContent): void {
    const writes = content.writesOf(this.disk);
    for (; this.writesTaken < writes.length; this.writesTaken++) {
      const { number, offset, bytes } = writes[this.writesTaken]!;
      for (let start = offset; start < offset + bytes; ) {
        const end = Math.min(offset + bytes, (Math.floor(start / LEAF_BYTES) + 1) * LEAF_BYTES);
        this.pieces.push({ write: number, start, end, sectorsLeft: (end - start) / 512 });
        start = end;
      }
    }
  }
}
