/** A parser that is chosen by the first line of its input. */
import type { FormatParser } from '../trace-format.ts';

/** assumed: longer than any header line. */
const LINE_BYTES = 4096;

export class ByFirstLine implements FormatParser {
  private readonly choose: (line: string) => FormatParser;
  private parser: FormatParser | undefined;

  constructor(choose: (line: string) => FormatParser) {
    this.choose = choose;
  }

  get lineStart(): number {
    return this.parser?.lineStart ?? 0;
  }

  parse(bytes: Uint8Array, start: number, end: number): number {
    return this.chosen(bytes, start).parse(bytes, start, end);
  }

  end(bytes: Uint8Array, start: number, end: number): void {
    this.chosen(bytes, start).end(bytes, start, end);
  }

  private chosen(bytes: Uint8Array, start: number): FormatParser {
    if (this.parser === undefined) {
      const text = Buffer.from(bytes.subarray(start, start + LINE_BYTES)).toString('latin1');
      this.parser = this.choose(text.split('\n', 1)[0]!.trimEnd());
    }
    return this.parser;
  }
}
