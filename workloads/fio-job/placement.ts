/**
 * Where a process's next I/O goes: which file, which offset, how many bytes.
 *
 * @source fio 3.33 and 3.42: io_u.c (get_next_file, get_next_offset, get_next_buflen, setup_strided_zone_mode)
 */
import type { SplitPart } from '#fio-parser';
import {
  hashFileName,
  STREAM_BLOCK_SIZE,
  STREAM_FILE,
  STREAM_OFFSET,
  STREAM_SEQUENTIAL,
  STREAM_ZONE,
  Tausworthe,
} from './fio-random.ts';
import { type PlannedFile, type PlannedProcess, READ, TRIM, usesDirection, WRITE } from './job-plan.ts';
import { createDraw, type OffsetDraw } from './offset-draw.ts';
import { RandomMap, ShiftRegister } from './random-map.ts';

/** fio compares words divided by percents with a hundredth of the largest word. */
const SPLIT_STEP = Math.floor(0xffffffff / 100);

/** A file in use. */
class OpenFile {
  readonly plan: PlannedFile;
  /** Moves with strided zones. */
  offset: number;
  readonly lastStart = new Float64Array(3);
  readonly lastEnd = new Float64Array(3);
  done = false;
  readonly map: RandomMap | undefined;
  readonly register: ShiftRegister | undefined;
  readonly draws: readonly OffsetDraw[];

  constructor(
    plan: PlannedFile,
    process: PlannedProcess,
    seeds: Int32Array,
    random: Tausworthe,
    zone: Tausworthe,
  ) {
    this.plan = plan;
    this.offset = plan.offsetBytes;
    const { settings, threadNumber } = process;
    const [reads, writes] = settings.blocks;
    const least = Math.min(...settings.blocks.map(({ minBytes }) => minBytes));
    const isRandom = settings.rw.startsWith('rand');
    const isUniform = settings.randomDistribution[0].kind === 'random';
    const zoned = settings.zoneMode === 'strided' ? settings.zoneRangeBytes : plan.ioBytes;
    const blocks = Math.max(1, Math.floor(zoned / least));
    const lfsr = isRandom && settings.randomGenerator === 'lfsr';
    this.register = lfsr ? new ShiftRegister(blocks, seeds[STREAM_OFFSET]!) : undefined;
    const aligned = settings.blockAlignBytes.some(
      (bytes, direction) => bytes !== 0 && bytes !== settings.blocks[direction]!.minBytes,
    );
    const mapped = isRandom && !lfsr && isUniform && !settings.norandommap && !aligned;
    this.map = mapped ? new RandomMap(blocks) : undefined;
    if (isRandom) {
      const range = Math.min(reads.minBytes, writes.minBytes);
      // As in fio 3.33: the popular blocks depend on the file's name unless randrepeat is off.
      const seed =
        settings.randRepeat && !process.randSeedSaid
          ? Math.imul(hashFileName(plan.path), threadNumber)
          : seeds[STREAM_OFFSET]!;
      const shared = new Tausworthe(seed);
      const setup = {
        random,
        zone,
        map: this.map,
        register: this.register,
        blocks: Math.max(1, Math.ceil(plan.ioBytes / range)),
        popularity: shared,
      };
      const draw = createDraw(settings.randomDistribution[0], { ...setup, blockBytes: reads.minBytes });
      // Only zones differ by direction; a law of popularity is one for all.
      this.draws = settings.randomDistribution.map((distribution, direction) =>
        distribution.kind.startsWith('zoned')
          ? createDraw(distribution, { ...setup, blockBytes: settings.blocks[direction]!.minBytes })
          : draw,
      );
    } else this.draws = [];
    this.rewind();
  }

  /** Back to the file's beginning; every block is free again. */
  rewind(): void {
    this.lastStart.fill(-1);
    this.lastEnd.fill(this.offset);
    this.map?.clear();
    this.register?.reset();
  }
}

export class Placement {
  readonly files: readonly OpenFile[];
  /** Of the next I/O; undefined before the first, and behind the end of one. */
  file: OpenFile | undefined;
  /** In the file. */
  offset = 0;
  bytes = 0;
  private readonly plan: PlannedProcess;
  private readonly seeds: Int32Array;
  private readonly random: Tausworthe;
  private readonly zone: Tausworthe;
  private readonly sizes: readonly Tausworthe[];
  private readonly sequential: readonly Tausworthe[];
  private readonly fileChoice: Tausworthe;
  private readonly isRandom: boolean;
  private readonly isTrimWrite: boolean;
  private readonly splits: readonly (readonly SplitPart[] | undefined)[];
  /** By direction: the smallest size that is ever drawn. */
  private readonly leastBytes: readonly number[];
  private nextFile = 0;
  private fileRunLeft = 0;
  private filesDone = 0;
  private runLeft = 1;
  private zoneBytes = 0;

  /** @param threadNumber of the process among those of all VMs */
  constructor(plan: PlannedProcess, seeds: Int32Array, threadNumber: number) {
    const { settings } = plan;
    this.plan = plan;
    this.seeds = seeds;
    this.isRandom = settings.rw.startsWith('rand');
    this.isTrimWrite = settings.rw.endsWith('trimwrite');
    this.random = new Tausworthe(seeds[STREAM_OFFSET]!);
    this.zone = new Tausworthe(seeds[STREAM_ZONE]!);
    this.sizes = STREAM_BLOCK_SIZE.map((stream) => new Tausworthe(this.sizeSeed(stream)));
    this.sequential = [0, 1, 2].map(() => new Tausworthe(seeds[STREAM_SEQUENTIAL]!));
    this.fileChoice = new Tausworthe(seeds[STREAM_FILE]!);
    // fio looks a size up in ascending order of its share.
    this.splits = settings.blocks.map(({ split }) =>
      split === undefined ? undefined : [...split].sort((a, b) => a.percent - b.percent),
    );
    this.leastBytes = settings.blocks.map(({ minBytes, split }) =>
      split === undefined
        ? minBytes
        : Math.min(...split.filter(({ percent }) => percent > 0).map(({ bytes }) => bytes)),
    );
    this.files = plan.files.map(
      (file) => new OpenFile(file, { ...plan, threadNumber }, seeds, this.random, this.zone),
    );
  }

  /** No file has more to give in this pass. */
  get isOver(): boolean {
    return this.filesDone >= this.files.length;
  }

  /** Trims and writes by turns: which it is now. */
  get trimOrWrite(): number {
    const { lastStart } = this.file!;
    return lastStart[WRITE] === lastStart[TRIM] ? TRIM : WRITE;
  }

  /** Sets `file`: that of the next I/O, while there is one with more to give. */
  chooseFile(): void {
    const { files } = this;
    const { fileOrder, fileRunIos } = this.plan;
    if (this.file !== undefined && !this.file.done) {
      if (fileOrder === 'sequential') return;
      if (this.fileRunLeft > 0) {
        this.fileRunLeft--;
        return;
      }
    }
    this.fileRunLeft = fileRunIos - 1;
    if (fileOrder === 'random') {
      do this.file = files[Math.floor(files.length * (this.fileChoice.next() / 2 ** 32))];
      while (this.file!.done);
      return;
    }
    do {
      this.file = files[this.nextFile]!;
      this.nextFile = (this.nextFile + 1) % files.length;
    } while (this.file.done);
  }

  /**
   * fio's fill_io_u: sets `offset` and `bytes` of the next I/O of `file`.
   * @param issued I/Os of the direction before this one
   * @returns false where the file has no more; it is left out until the next pass
   */
  place(direction: number, issued: number): boolean {
    const file = this.file!;
    if (this.find(file, direction, issued)) {
      file.lastStart[direction] = this.offset;
      file.lastEnd[direction] = this.offset + this.bytes;
      this.zoneBytes += this.bytes;
      return true;
    }
    file.done = true;
    this.filesDone++;
    this.file = undefined;
    return false;
  }

  private find(file: OpenFile, direction: number, issued: number): boolean {
    const { settings } = this.plan;
    if (settings.zoneMode === 'strided') this.moveZone(file, direction);
    const again = this.isRandom && this.isTrimWrite && direction === WRITE;
    let runEnds = false;
    if (--this.runLeft === 0) {
      runEnds = true;
      this.runLeft = settings.randomRunIos;
    }
    let keepsMap = false;
    let isRandom = false;
    let offset: number;
    if (again) {
      offset = file.lastStart[TRIM]! - file.offset;
      isRandom = true;
      keepsMap = true;
    } else if (!this.isRandom) {
      offset = this.sequentialOffset(file, direction);
    } else if (runEnds && this.drawsRandom(direction)) {
      offset = this.randomOffset(file, direction, issued);
      isRandom = true;
    } else if (!runEnds && settings.rwSequencer === 'identical') {
      offset = file.lastStart[direction]! < 0 ? 0 : file.lastStart[direction]! - file.offset;
      keepsMap = true;
    } else {
      offset = this.sequentialOffset(file, direction);
      if (offset < 0) offset = this.randomOffset(file, direction, issued);
      keepsMap = true;
    }
    const { fileBytes, ioBytes } = file.plan;
    if (offset < 0 || offset >= ioBytes || offset + file.offset >= fileBytes) return false;
    this.offset = offset + file.offset;
    let bytes = again
      ? file.lastEnd[TRIM]! - file.lastStart[TRIM]!
      : this.blockBytes(file, direction, isRandom);
    if (bytes === 0 || this.offset + bytes > fileBytes) return false;
    // So that a trim and its write are told apart from the next pair at the same place.
    if (this.isRandom && this.isTrimWrite && direction === TRIM && file.lastStart[TRIM] === this.offset)
      file.lastStart[WRITE] = -2;
    if (file.map !== undefined) {
      const least = settings.blocks[direction]!.minBytes;
      if (!keepsMap) {
        const used = file.map.use(Math.floor(offset / least), Math.ceil(bytes / least));
        bytes = Math.min(bytes, used * least);
        if (bytes === 0) return false;
      }
    }
    this.bytes = bytes;
    return true;
  }

  private drawsRandom(direction: number): boolean {
    const percent = this.plan.settings.randomPercent[direction]!;
    return percent === 100 || this.sequential[direction]!.percent() <= percent;
  }

  /** @returns bytes from the process's part of the file; -1 where there is none */
  private randomOffset(file: OpenFile, direction: number, issued: number): number {
    const block = this.randomBlock(file, direction, issued);
    if (block >= 0) return block;
    const { timeBased } = this.plan.settings;
    if (!timeBased) return -1;
    file.rewind();
    return this.randomBlock(file, direction, issued);
  }

  private randomBlock(file: OpenFile, direction: number, issued: number): number {
    const { settings } = this.plan;
    const least = settings.blocks[direction]!.minBytes;
    const unit = settings.blockAlignBytes[direction]! || least;
    let bytes =
      settings.zoneMode === 'strided'
        ? settings.zoneRangeBytes
        : Math.min(file.plan.ioBytes, file.plan.fileBytes);
    if (least > unit) bytes -= least - unit;
    const blocks = Math.floor(bytes / unit);
    if (blocks <= 0) return -1;
    const block = file.draws[direction]!.next(blocks, issued);
    return block < 0 ? -1 : block * unit;
  }

  /** fio's get_next_seq_offset. @returns bytes from the process's part of the file; -1 at its end */
  private sequentialOffset(file: OpenFile, direction: number): number {
    const { settings, ioSizeBytes, sizeBytes } = this.plan;
    const { ioBytes, fileBytes, offsetBytes } = file.plan;
    const skip = settings.sequentialSkipBytes;
    const wraps =
      (settings.timeBased && this.files.length === 1) ||
      (usesDirection(settings, WRITE) && ioSizeBytes > sizeBytes);
    if (wraps && file.lastEnd[direction]! >= ioBytes + offsetBytes) file.lastEnd[direction] = file.offset;
    if (file.lastEnd[direction]! >= fileBytes) return -1;
    if (file.lastEnd[direction] === file.offset && file.offset > 0 && skip < 0)
      file.lastEnd[direction] = Math.min(fileBytes, ioBytes);
    let position = file.lastEnd[direction]! - file.offset;
    if (position !== 0 && skip !== 0) {
      position += skip;
      if (position < 0 || position >= fileBytes)
        position = skip > 0 ? file.offset : Math.min(fileBytes, ioBytes) + skip;
    }
    return position;
  }

  /** fio's get_next_buflen. @returns 0 where not even the smallest block fits */
  private blockBytes(file: OpenFile, direction: number, isRandom: boolean): number {
    const { settings, sizesBySequence } = this.plan;
    const by = sizesBySequence ? (isRandom ? WRITE : READ) : direction;
    const { minBytes, maxBytes } = settings.blocks[by]!;
    if (minBytes === maxBytes) return minBytes;
    const split = this.splits[by];
    const room = file.plan.ioBytes + file.plan.offsetBytes - this.offset;
    if (this.leastBytes[by]! > room) return 0;
    const random = this.sizes[by]!;
    let bytes = 0;
    do {
      const word = random.next();
      if (split === undefined) bytes = minBytes + Math.floor(maxBytes * (word / 2 ** 32));
      else {
        let percent = 0;
        for (let i = 0; i < split.length; i++) {
          const part = split[i]!;
          if (part.percent === 0) continue;
          bytes = part.bytes;
          percent += part.percent;
          if (Math.floor(word / percent) <= SPLIT_STEP && bytes <= room) break;
        }
      }
      bytes -= bytes % minBytes;
      if (bytes > maxBytes) bytes = maxBytes;
    } while (bytes > room);
    return bytes;
  }

  /** fio's setup_strided_zone_mode. */
  private moveZone(file: OpenFile, direction: number): void {
    const { zoneSizeBytes, zoneRangeBytes, zoneSkip } = this.plan.settings;
    if (this.zoneBytes >= zoneSizeBytes) {
      this.zoneBytes = 0;
      file.offset += zoneRangeBytes + (zoneSkip?.value ?? 0);
      if (file.offset >= file.plan.fileBytes) file.offset = file.plan.offsetBytes;
      file.lastEnd[direction] = file.offset;
    }
    if (file.lastEnd[direction]! >= file.offset + zoneRangeBytes) file.lastEnd[direction] = file.offset;
    if (this.zoneBytes % zoneRangeBytes === 0) file.rewind();
  }

  /** Counts of zones begin anew, as after a ramp. */
  restartZone(): void {
    this.zoneBytes = 0;
  }

  /** The files from their beginning. @param sameDraws draw the same again */
  startOver(sameDraws: boolean): void {
    this.zoneBytes = 0;
    this.filesDone = 0;
    for (const file of this.files) {
      file.done = false;
      file.offset = file.plan.offsetBytes;
      file.rewind();
    }
    if (!sameDraws) return;
    const { seeds } = this;
    this.random.seed(seeds[STREAM_OFFSET]!);
    this.zone.seed(seeds[STREAM_ZONE]!);
    this.fileChoice.seed(seeds[STREAM_FILE]!);
    for (let direction = 0; direction < 3; direction++) {
      this.sizes[direction]!.seed(this.sizeSeed(direction));
      this.sequential[direction]!.seed(seeds[STREAM_SEQUENTIAL]!);
    }
  }

  /** Trims and the writes behind them have the same sizes. */
  private sizeSeed(direction: number): number {
    return this.seeds[this.isTrimWrite && direction === TRIM ? WRITE : direction]!;
  }
}
