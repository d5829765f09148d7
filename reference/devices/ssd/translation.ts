/**
 * Page-mapped translation of every die: where each slot of 4 KiB lies, which blocks have how many valid slots, and
 * greedy choice of the block to clean. Each die is on its own: it holds a fixed share of the address space, has one
 * block open for writing, and cleans into it. Among blocks of equally few valid slots the one closed longest ago is
 * taken, and free blocks are used in the order in which they were erased, so that wear spreads.
 */
import { RandomStream } from '../../kernel/random.ts';

export interface Geometry {
  readonly dies: number;
  readonly blocksPerDie: number;
  readonly slotsPerBlock: number;
  /** Slots of the address space that each die holds. */
  readonly logicalSlots: number;
}

/** Dies that are preconditioned one by one; the others are copies of these, in turn. */
const TEMPLATES = 8;
/** Times that the address space is overwritten at random before the start. Assumed: twice is common (SNIA PTS). */
const OVERWRITES = 2;

export class Translation {
  readonly slotsPerBlock: number;
  readonly blocksPerDie: number;
  readonly logicalSlots: number;
  /** Place of each logical slot, -1 where never written: block x slots + offset, within its die. */
  readonly places: Int32Array;
  /** Logical slot at each place, -1 where there is none that counts. */
  private readonly owners: Int32Array;
  private readonly valid: Int32Array;
  readonly erases: Uint32Array;
  /** For each die and count of valid slots, the closed blocks that have it, in the order of their coming. */
  private readonly heads: Int32Array;
  private readonly tails: Int32Array;
  private readonly next: Int32Array;
  private readonly previous: Int32Array;
  /** 1 while a block is in one of the lists. */
  private readonly listed: Uint8Array;
  private readonly freeHeads: Int32Array;
  private readonly freeTails: Int32Array;
  readonly freeBlocks: Int32Array;
  private readonly open: Int32Array;
  private readonly openOffset: Int32Array;

  constructor(geometry: Geometry) {
    const { dies, blocksPerDie, slotsPerBlock, logicalSlots } = geometry;
    this.slotsPerBlock = slotsPerBlock;
    this.blocksPerDie = blocksPerDie;
    this.logicalSlots = logicalSlots;
    const blocks = dies * blocksPerDie;
    this.places = new Int32Array(dies * logicalSlots).fill(-1);
    this.owners = new Int32Array(blocks * slotsPerBlock).fill(-1);
    this.valid = new Int32Array(blocks);
    this.erases = new Uint32Array(blocks);
    this.heads = new Int32Array(dies * (slotsPerBlock + 1)).fill(-1);
    this.tails = new Int32Array(dies * (slotsPerBlock + 1)).fill(-1);
    this.next = new Int32Array(blocks).fill(-1);
    this.previous = new Int32Array(blocks).fill(-1);
    this.listed = new Uint8Array(blocks);
    this.freeHeads = new Int32Array(dies).fill(-1);
    this.freeTails = new Int32Array(dies).fill(-1);
    this.freeBlocks = new Int32Array(dies);
    this.open = new Int32Array(dies);
    this.openOffset = new Int32Array(dies);
    for (let die = 0; die < dies; die++) {
      for (let block = 1; block < blocksPerDie; block++) this.free(die, block);
    }
  }

  /** Slots that can be written without taking another free block. */
  openSlots(die: number): number {
    return this.slotsPerBlock - this.openOffset[die]!;
  }

  /** How far a die's open block is written: says which kind of page comes next. */
  offset(die: number): number {
    return this.openOffset[die]!;
  }

  placeOf(die: number, slot: number): number {
    return this.places[die * this.logicalSlots + slot]!;
  }

  /** The logical slot at a place, -1 for none. */
  ownerOf(die: number, block: number, offset: number): number {
    return this.owners[(die * this.blocksPerDie + block) * this.slotsPerBlock + offset]!;
  }

  validSlots(die: number, block: number): number {
    return this.valid[die * this.blocksPerDie + block]!;
  }

  /** Puts a slot at the next place of the open block; a full one is closed and a free one opened. */
  write(die: number, slot: number): void {
    const { slotsPerBlock } = this;
    this.forget(die, slot);
    if (this.openOffset[die] === slotsPerBlock) {
      const full = this.open[die]!;
      this.open[die] = this.takeFree(die);
      this.openOffset[die] = 0;
      this.list(die, full);
    }
    const block = this.open[die]!;
    const place = block * slotsPerBlock + this.openOffset[die]++;
    this.places[die * this.logicalSlots + slot] = place;
    this.owners[die * this.blocksPerDie * slotsPerBlock + place] = slot;
    this.valid[die * this.blocksPerDie + block]!++;
  }

  /** A slot's data are no longer needed. */
  forget(die: number, slot: number): void {
    const at = die * this.logicalSlots + slot;
    const place = this.places[at]!;
    if (place < 0) return;
    this.places[at] = -1;
    this.owners[die * this.blocksPerDie * this.slotsPerBlock + place] = -1;
    const block = Math.floor(place / this.slotsPerBlock);
    const index = die * this.blocksPerDie + block;
    if (this.listed[index] === 1) {
      this.unlist(die, block);
      this.valid[index]!--;
      this.list(die, block);
    } else {
      this.valid[index]!--;
    }
  }

  /** Takes the closed block with the fewest valid slots off the lists. @returns it, -1 when none would give room */
  takeVictim(die: number): number {
    const base = die * (this.slotsPerBlock + 1);
    for (let count = 0; count < this.slotsPerBlock; count++) {
      const block = this.heads[base + count]!;
      if (block < 0) continue;
      this.unlist(die, block);
      return block;
    }
    return -1;
  }

  /** A block without valid slots can be written again. */
  erased(die: number, block: number): void {
    this.erases[die * this.blocksPerDie + block]!++;
    this.free(die, block);
  }

  /** Brings every die to its long-run state: all slots written, then overwritten at random. */
  precondition(dies: number, reserveBlocks: number): void {
    const templates = Math.min(TEMPLATES, dies);
    for (let die = 0; die < templates; die++) {
      // Not of the run's seed: what a drive holds at the start is a property of the drive.
      const stream = new RandomStream(die, 'ssd/precondition');
      for (let slot = 0; slot < this.logicalSlots; slot++) this.writeCleaning(die, slot, reserveBlocks);
      // No two dies in the same phase of cleaning.
      const extra = Math.floor((this.slotsPerBlock * die) / templates);
      for (let i = 0; i < OVERWRITES * this.logicalSlots + extra; i++)
        this.writeCleaning(die, stream.nextBelow(this.logicalSlots), reserveBlocks);
    }
    for (let die = templates; die < dies; die++) this.copyDie(die % templates, die);
  }

  private writeCleaning(die: number, slot: number, reserveBlocks: number): void {
    while (this.freeBlocks[die]! < reserveBlocks) {
      const victim = this.takeVictim(die);
      if (victim < 0) break;
      for (let offset = 0; offset < this.slotsPerBlock; offset++) {
        const owner = this.ownerOf(die, victim, offset);
        if (owner >= 0) this.write(die, owner);
      }
      this.erased(die, victim);
    }
    this.write(die, slot);
  }

  private copyDie(from: number, to: number): void {
    const { blocksPerDie, slotsPerBlock, logicalSlots } = this;
    const copy = (array: Int32Array | Uint32Array | Uint8Array, each: number): void => {
      array.copyWithin(to * each, from * each, (from + 1) * each);
    };
    copy(this.places, logicalSlots);
    copy(this.owners, blocksPerDie * slotsPerBlock);
    for (const array of [this.valid, this.erases, this.next, this.previous, this.listed])
      copy(array, blocksPerDie);
    copy(this.heads, slotsPerBlock + 1);
    copy(this.tails, slotsPerBlock + 1);
    for (const array of [this.freeHeads, this.freeTails, this.freeBlocks, this.open, this.openOffset])
      copy(array, 1);
  }

  private list(die: number, block: number): void {
    const index = die * this.blocksPerDie + block;
    const at = die * (this.slotsPerBlock + 1) + this.valid[index]!;
    const tail = this.tails[at]!;
    this.next[index] = -1;
    this.previous[index] = tail;
    if (tail < 0) this.heads[at] = block;
    else this.next[die * this.blocksPerDie + tail] = block;
    this.tails[at] = block;
    this.listed[index] = 1;
  }

  private unlist(die: number, block: number): void {
    const base = die * this.blocksPerDie;
    const at = die * (this.slotsPerBlock + 1) + this.valid[base + block]!;
    const before = this.previous[base + block]!;
    const after = this.next[base + block]!;
    if (before < 0) this.heads[at] = after;
    else this.next[base + before] = after;
    if (after < 0) this.tails[at] = before;
    else this.previous[base + after] = before;
    this.listed[base + block] = 0;
  }

  private free(die: number, block: number): void {
    const base = die * this.blocksPerDie;
    this.next[base + block] = -1;
    if (this.freeHeads[die]! < 0) this.freeHeads[die] = block;
    else this.next[base + this.freeTails[die]!] = block;
    this.freeTails[die] = block;
    this.freeBlocks[die]!++;
  }

  private takeFree(die: number): number {
    const block = this.freeHeads[die]!;
    this.freeHeads[die] = this.next[die * this.blocksPerDie + block]!;
    this.freeBlocks[die]!--;
    return block;
  }
}
