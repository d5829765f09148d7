/**
 * Holds the packed rows of a trace: the first 16 MiB in memory, the rest in a temporary file that has no name any
 * more once it is open, so that it never outlives the process. Cursors read without parsing.
 */
import { closeSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assert, IoError } from '../../reference/kernel/errors.ts';
import { createRowBlock, type RowBlock, type RowCursor } from '../../reference/kernel/io.ts';
import { MIB } from '../../reference/kernel/units.ts';
import { packedBytesMax, unpackBlock } from './packed-block.ts';

/** @source the design of this project: small traces never touch the disk, large ones never fill memory */
const MEMORY_BYTES_MAX = 16 * MIB;

/** Numbers the temporary files of this process. */
let spoolsOpened = 0;

export class Spool {
  private readonly rowsPerBlock: number;
  private readonly memoryBytesMax: number;
  private memoryBytes = 0;
  private readonly inMemory: Uint8Array[] = [];
  private file: number | undefined;
  private fileBytes = 0;
  /** Lengths of the blocks in the file, in order. */
  private readonly inFile: number[] = [];
  private closed = false;

  /** @param memoryBytesMax bytes kept in memory before a file is used */
  constructor(rowsPerBlock: number, memoryBytesMax = MEMORY_BYTES_MAX) {
    this.rowsPerBlock = rowsPerBlock;
    this.memoryBytesMax = memoryBytesMax;
  }

  /** @throws IoError when the temporary folder cannot be written */
  append(packed: Uint8Array): void {
    if (this.file === undefined && this.memoryBytes + packed.length <= this.memoryBytesMax) {
      this.inMemory.push(packed.slice());
      this.memoryBytes += packed.length;
      return;
    }
    this.file ??= openUnnamed();
    try {
      let written = 0;
      while (written < packed.length) {
        written += writeSync(this.file, packed, written, packed.length - written, this.fileBytes + written);
      }
    } catch (cause) {
      throw new IoError(`cannot write to the temporary folder ${tmpdir()}: ${(cause as Error).message}`, {
        cause,
        hint: 'set TMPDIR to a folder with room for about 20 bytes per row of the trace',
      });
    }
    this.inFile.push(packed.length);
    this.fileBytes += packed.length;
  }

  /** A reader of its own over all rows, from the first. */
  cursor(): RowCursor {
    const block = createRowBlock(this.rowsPerBlock);
    let at = 0;
    let fileOffset = 0;
    let fromFile: Uint8Array | undefined;
    let open = true;
    return {
      next: (): RowBlock | undefined => {
        assert(!this.closed, 'a cursor is not used after its trace is closed');
        if (!open || at === this.inMemory.length + this.inFile.length) return undefined;
        let packed: Uint8Array;
        if (at < this.inMemory.length) {
          packed = this.inMemory[at]!;
        } else {
          fromFile ??= new Uint8Array(packedBytesMax(this.rowsPerBlock));
          const length = this.inFile[at - this.inMemory.length]!;
          this.readFile(fromFile, length, fileOffset);
          fileOffset += length;
          packed = fromFile;
        }
        at++;
        unpackBlock(new DataView(packed.buffer, packed.byteOffset, packed.byteLength), block);
        return block;
      },
      close: (): void => {
        open = false;
      },
    };
  }

  /** Frees memory and file; cursors end to be usable. */
  close(): void {
    this.closed = true;
    this.inMemory.length = 0;
    if (this.file !== undefined) closeSync(this.file);
    this.file = undefined;
  }

  private readFile(into: Uint8Array, length: number, offset: number): void {
    let read = 0;
    while (read < length) {
      let more: number;
      try {
        more = readSync(this.file!, into, read, length - read, offset + read);
      } catch (cause) {
        throw new IoError(`cannot read the temporary file in ${tmpdir()}: ${(cause as Error).message}`, {
          cause,
        });
      }
      if (more === 0) throw new IoError(`the temporary file in ${tmpdir()} was cut short`);
      read += more;
    }
  }
}

function openUnnamed(): number {
  const path = join(tmpdir(), `fvp-trace-${process.pid}-${spoolsOpened++}.spool`);
  try {
    const file = openSync(path, 'wx+', 0o600);
    unlinkSync(path);
    return file;
  } catch (cause) {
    throw new IoError(`cannot open a temporary file in ${tmpdir()}: ${(cause as Error).message}`, {
      cause,
      hint: 'set TMPDIR to a folder that can be written',
    });
  }
}
