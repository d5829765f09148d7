/** Reads YAML and remembers where everything stands, so that every error can name line and column. */
import { isCollection, isMap, isScalar, LineCounter, type Node, parseDocument } from 'yaml';
import { DataError, type DataPlace } from '../kernel/errors.ts';

export type YamlPath = readonly (string | number)[];

export class YamlFile {
  /** As the person named it. */
  readonly file: string;
  /** Plain data. */
  readonly value: unknown;
  private readonly text: string;
  private readonly root: Node | null;
  private readonly lines: LineCounter;

  /**
   * @param file as messages name it
   * @throws DataError when the text is not one YAML document
   */
  constructor(text: string, file: string) {
    this.text = text;
    this.file = file;
    this.lines = new LineCounter();
    try {
      const document = parseDocument(text, { lineCounter: this.lines, prettyErrors: false });
      const fault = document.errors[0] ?? document.warnings[0];
      if (fault !== undefined) {
        throw new DataError(`not valid YAML: ${fault.message}`, this.placeAt(fault.pos[0]));
      }
      this.root = document.contents;
      this.value = document.toJS({ maxAliasCount: 100 });
    } catch (error) {
      if (error instanceof DataError) throw error;
      // Aliases without an anchor, too many of them, or nesting beyond the stack.
      throw new DataError(`not valid YAML: ${error instanceof Error ? error.message : error}`, { file });
    }
  }

  /** Where the value of this path stands; the nearest existing parent's where there is none. */
  place(path: YamlPath): DataPlace {
    return this.placeAt(this.nearest(path)?.range?.[0] ?? 0);
  }

  /** Where the key itself stands. */
  keyPlace(path: YamlPath, key: string): DataPlace {
    const parent = this.nearest(path);
    if (isMap(parent)) {
      for (const pair of parent.items) {
        if (isScalar(pair.key) && String(pair.key.value) === key && pair.key.range) {
          return this.placeAt(pair.key.range[0]);
        }
      }
    }
    return this.place(path);
  }

  /** The value's own text; undefined where there is none or it is longer than one line. */
  source(path: YamlPath): string | undefined {
    const node = this.nearest(path, true);
    if (!node?.range) return undefined;
    const text = this.text.slice(node.range[0], node.range[1]).trim();
    return text === '' || text.includes('\n') ? undefined : text;
  }

  private nearest(path: YamlPath, exact = false): Node | null {
    let node = this.root;
    for (const key of path) {
      const child: unknown = isCollection(node) ? node.get(key, true) : undefined;
      if (child === undefined || child === null) return exact ? null : node;
      node = child as Node;
    }
    return node;
  }

  private placeAt(offset: number): DataPlace {
    const { line, col } = this.lines.linePos(offset);
    return { file: this.file, line: Math.max(1, line), column: Math.max(1, col) };
  }
}
