/** The disks of a trace: names to small numbers, in order of appearance. */
import { DataError } from '../../reference/kernel/errors.ts';

/** The disk column of a row holds 16 bits. */
const DISKS_MAX = 65536;

export class DiskTable {
  readonly names: string[] = [];
  private readonly numbers = new Map<string, number>();

  find(name: string): number | undefined {
    return this.numbers.get(name);
  }

  /**
   * The number of this disk, a new one when it is new.
   * @throws DataError beyond 65,536 disks
   */
  intern(name: string, file: string): number {
    const known = this.numbers.get(name);
    if (known !== undefined) return known;
    if (this.names.length === DISKS_MAX) {
      throw new DataError(
        'too many disks',
        { file },
        { found: name, expected: `at most ${DISKS_MAX} of them` },
      );
    }
    const number = this.names.length;
    this.names.push(name);
    this.numbers.set(name, number);
    return number;
  }
}
