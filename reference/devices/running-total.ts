/**
 * A sum that may pass 2^31, such as of bytes or ns. It is a double from the start: a field that holds an integer at
 * first and a double later makes V8 throw away all compiled code that knows the object, in the midst of a run.
 */
export class RunningTotal {
  private readonly cell = new Float64Array(1);

  get value(): number {
    return this.cell[0]!;
  }

  add(amount: number): void {
    this.cell[0]! += amount;
  }
}
