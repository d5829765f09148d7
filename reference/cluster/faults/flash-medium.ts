/**
 * What lies on one host's flash and outlives a crash: which log records are where, which are whole, and which sectors are
 * damaged. The data itself is the content's.
 */
import { BLOCK_BYTES } from '../../fvp/index/block-index.ts';
import type { FoundLog, LogHeader, LogRecord, MediumPort } from '../../fvp/ports.ts';

const SECTOR_BYTES = 512;
const BLOCK_SECTORS = BLOCK_BYTES / SECTOR_BYTES;

/** What a flash write says of logs, beside carrying data. */
export type LogNote =
  | { readonly kind: 'header'; readonly header: LogHeader }
  | { readonly kind: 'record'; readonly disk: number; readonly record: LogRecord }
  | { readonly kind: 'erase'; readonly disk: number };

interface StoredLog {
  header: LogHeader;
  readonly records: Map<number, LogRecord>;
  /** Records of which the first part is there. */
  readonly torn: Set<number>;
}

export class FlashMedium {
  private logs = new Map<number, StoredLog>();
  /** By slot: the record that has it. */
  private slots = new Map<number, { readonly disk: number; readonly sequence: number }>();
  private damaged = new Set<number>();

  /** Everything is gone: the flash has been replaced. */
  clear(): void {
    this.logs = new Map();
    this.slots = new Map();
    this.damaged = new Set();
  }

  /**
   * A write has reached the medium.
   * @param isHeader headers lie apart from the slots
   * @param wholeSectors how many of its sectors did; fewer than it has: it is torn
   */
  written(
    address: number,
    bytes: number,
    isHeader: boolean,
    note: LogNote | undefined,
    wholeSectors: number,
  ): void {
    const sectors = bytes / SECTOR_BYTES;
    const whole = wholeSectors >= sectors;
    if (!isHeader && wholeSectors > 0) {
      const firstSlot = Math.floor(address / BLOCK_BYTES);
      const endSlot = Math.ceil((address + bytes) / BLOCK_BYTES);
      for (let slot = firstSlot; slot < endSlot; slot++) this.overwrite(slot);
      const first = address / SECTOR_BYTES;
      for (let sector = first; sector < first + sectors; sector++) {
        if (sector - first < wholeSectors) this.damaged.delete(sector);
        else this.damaged.add(sector);
      }
    }
    if (note?.kind === 'record' && wholeSectors > 0) {
      const { torn } = this.logs.get(note.disk) ?? {};
      if (whole) torn?.delete(note.record.sequence);
      else torn?.add(note.record.sequence);
    }
    // A torn header or record fails its checksum: it is not there.
    if (note === undefined || !whole) return;
    if (note.kind === 'erase') this.logs.delete(note.disk);
    else if (note.kind === 'header') {
      const log = this.logs.get(note.header.disk);
      if (log !== undefined && log.header.firstEpoch === note.header.firstEpoch) log.header = note.header;
      else this.logs.set(note.header.disk, { header: note.header, records: new Map(), torn: new Set() });
    } else {
      const { disk, record } = note;
      const log = this.logs.get(disk);
      if (log === undefined) return;
      log.records.set(record.sequence, record);
      for (let slot = record.slot; slot < record.slot + record.slots; slot++)
        this.slots.set(slot, { disk, sequence: record.sequence });
    }
  }

  /** Bits of this sector have gone bad. */
  damage(sector: number): void {
    this.damaged.add(sector);
  }

  /** True when a read of the range would fail its checksum. */
  isDamaged(address: number, bytes: number): boolean {
    if (this.damaged.size === 0) return false;
    for (let sector = address / SECTOR_BYTES; sector < (address + bytes) / SECTOR_BYTES; sector++)
      if (this.damaged.has(sector)) return true;
    return false;
  }

  /** Records that lie whole on flash. */
  found(): FoundLog[] {
    const isWhole = ({ slot, slots }: LogRecord) => !this.isDamaged(slot * BLOCK_BYTES, slots * BLOCK_BYTES);
    return [...this.logs.values()]
      .map(({ header, records, torn }) => {
        const all = [...records.values()];
        const bad = all.filter((record) => !isWhole(record)).map(({ sequence }) => sequence);
        return { header, records: all.filter(isWhole), damaged: [...bad, ...torn] };
      })
      .sort((a, b) => a.header.disk - b.header.disk);
  }

  /** Records of a disk's log beyond a sequence number, whole or not. */
  recordsAfter(disk: number, sequence: number): LogRecord[] {
    return [...(this.logs.get(disk)?.records.values() ?? [])].filter((record) => record.sequence > sequence);
  }

  /** The first record of the disk's log that carries this payload. */
  recordOf(disk: number, payload: number): LogRecord | undefined {
    for (const record of this.logs.get(disk)?.records.values() ?? [])
      if (record.payload === payload) return record;
    return undefined;
  }

  hasSequence(disk: number, sequence: number): boolean {
    return this.logs.get(disk)?.records.has(sequence) === true;
  }

  header(disk: number): LogHeader | undefined {
    return this.logs.get(disk)?.header;
  }

  /** Sectors of all records, the newest last, for whoever wants to damage one. */
  recordSectors(): number[] {
    return [...this.slots.keys()].map((slot) => slot * BLOCK_SECTORS);
  }

  private overwrite(slot: number): void {
    const owner = this.slots.get(slot);
    if (owner === undefined) return;
    this.slots.delete(slot);
    // The log may have been erased and begun anew since, with the same record elsewhere.
    const records = this.logs.get(owner.disk)?.records;
    const record = records?.get(owner.sequence);
    if (record !== undefined && slot >= record.slot && slot < record.slot + record.slots)
      records!.delete(owner.sequence);
  }
}

/** One life of a host with its flash: what it says of a write is kept until the write is submitted. */
export class MediumOfHost implements MediumPort {
  private readonly medium: FlashMedium;
  private readonly notes = new Map<number, LogNote>();

  constructor(medium: FlashMedium) {
    this.medium = medium;
  }

  header(token: number, header: LogHeader): void {
    this.notes.set(token, { kind: 'header', header });
  }

  record(token: number, disk: number, record: LogRecord): void {
    this.notes.set(token, { kind: 'record', disk, record });
  }

  erase(token: number, disk: number): void {
    this.notes.set(token, { kind: 'erase', disk });
  }

  logs(): readonly FoundLog[] {
    return this.medium.found();
  }

  take(token: number): LogNote | undefined {
    const note = this.notes.get(token);
    this.notes.delete(token);
    return note;
  }
}
