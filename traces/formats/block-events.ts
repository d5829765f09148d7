/**
 * What the two forms of blktrace's events have in common: which of them become rows, and as what.
 *
 * With event D (what the device sees, and a virtual disk is a device) the block layer has already merged, split and
 * turned a write that asks for a flush into flush, write, flush: a flush issued by itself is a row. With event Q
 * (what file systems ask) a flush with data is one write, with FUA where it says so; its flush is not a row of its
 * own, and a note counts those.
 */
import { OP_DISCARD, OP_FLUSH, OP_WRITE } from '../../reference/kernel/io.ts';
import { EVENT_COMPLETED, EVENT_REQUEUED } from '../rows/placed-block.ts';
import type { ParserContext } from '../trace-format.ts';
import { OP_NONE } from './rwbs.ts';

/** @source blktrace_api.h, enum blktrace_act */
export const ACTION_QUEUED = 1;
export const ACTION_REQUEUED = 6;
export const ACTION_ISSUED = 7;
export const ACTION_COMPLETED = 8;

export class BlockEvents {
  private readonly context: ParserContext;
  private readonly wanted: number;
  private readonly unwanted: number;
  private taken = 0;
  private passed = 0;

  constructor(context: ParserContext) {
    this.context = context;
    this.wanted = context.event === 'Q' ? ACTION_QUEUED : ACTION_ISSUED;
    this.unwanted = context.event === 'Q' ? ACTION_ISSUED : ACTION_QUEUED;
  }

  /** Is there any use for events of this action? Counts those of the action that was not asked for. */
  wants(action: number): boolean {
    if (action === this.wanted) return true;
    if (action === this.unwanted) {
      this.passed++;
      return false;
    }
    return this.wanted === ACTION_ISSUED && (action === ACTION_COMPLETED || action === ACTION_REQUEUED);
  }

  /**
   * Writes a wanted event as a row, a completion or a requeue.
   * @param op of the event; OP_NONE is left out
   * @param preflush true when the event also asks for a flush before it
   * @param place line or byte
   */
  event(
    action: number,
    timeNs: number,
    op: number,
    preflush: boolean,
    offset: number,
    lengthBytes: number,
    disk: number,
    flags: number,
    pid: number,
    place: number,
  ): void {
    let kind = op;
    if (lengthBytes === 0 && op !== OP_DISCARD) kind = preflush ? OP_FLUSH : OP_NONE;
    const { rows, notes } = this.context;
    if (action === ACTION_COMPLETED || action === ACTION_REQUEUED) {
      // The completion of no bytes and no flush closes the sequence flush, write, flush.
      if (kind === OP_NONE) return;
      const base = action === ACTION_COMPLETED ? EVENT_COMPLETED : EVENT_REQUEUED;
      rows.add(timeNs, base + kind, offset, lengthBytes, Number.NaN, disk, flags, pid, place);
      return;
    }
    this.taken++;
    if (kind === OP_NONE) {
      notes.note('requests that neither move data nor flush, left out: #');
      return;
    }
    if (preflush && kind === OP_WRITE) {
      notes.note('writes that ask for a flush before them, which is not replayed: #');
    }
    rows.add(timeNs, kind, offset, lengthBytes, Number.NaN, disk, flags, pid, place);
  }

  end(): void {
    if (this.taken === 0 && this.passed > 0) {
      const [other, own] = this.context.event === 'Q' ? ['D', 'Q'] : ['Q', 'D'];
      this.context.notes.ifEmpty(
        `${this.context.file} holds ${other} events and no ${own} events: --event ${other} reads those`,
      );
    }
  }
}
