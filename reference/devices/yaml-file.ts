/** Reads YAML and remembers where everything stands, so that every error can name line and column. */
import {
  type Document,
  isCollection,
  isMap,
  isNode,
  isScalar,
  LineCounter,
  type Node,
  parseDocument,
} from 'yaml';
import { AppError, DataError, type DataPlace } from '../kernel/errors.ts';

export type YamlPath = readonly (string | number)[];

/** Changes what a file says before it is read. */
export interface YamlEdit {
  /** Plain data; undefined where there is nothing. */
  get(path: YamlPath): unknown;
  /** @param label what messages name in place of a line */
  set(path: YamlPath, value: unknown, label: string): void;
  remove(path: YamlPath): void;
  /** Whether `set` has put something there. */
  isSet(path: YamlPath): boolean;
}

export class YamlFile {
  /** As the person named it. */
  readonly file: string;
  /** Plain data. */
  readonly value: unknown;
  private readonly text: string;
  private readonly root: Node | null;
  private readonly lines: LineCounter;
  /** Labels of what was set, by path. */
  private readonly labels = new Map<string, string>();

  /**
   * @param file as messages name it
   * @param change made before anything is read
   * @throws DataError when the text is not one YAML document
   */
  constructor(text: string, file: string, change?: (edit: YamlEdit) => void) {
    this.text = text;
    this.file = file;
    this.lines = new LineCounter();
    try {
      const document = parseDocument(text, { lineCounter: this.lines, prettyErrors: false });
      const fault = document.errors[0] ?? document.warnings[0];
      if (fault !== undefined) {
        throw new DataError(`not valid YAML: ${fault.message}`, this.placeAt(fault.pos[0]));
      }
      // What is no mapping is refused as it is.
      if (change !== undefined && isMap(document.contents)) change(this.editOf(document));
      this.root = document.contents;
      this.value = document.toJS({ maxAliasCount: 100 });
    } catch (error) {
      if (error instanceof AppError) throw error;
      // Aliases without an anchor, too many of them, or nesting beyond the stack.
      throw new DataError(`not valid YAML: ${error instanceof Error ? error.message : error}`, { file });
    }
  }

  private editOf(document: Document): YamlEdit {
    return {
      get: (path) => {
        const node: unknown = document.getIn(path, true);
        return isNode(node) ? (node.toJS(document, { maxAliasCount: 100 }) as unknown) : node;
      },
      set: (path, value, label) => {
        document.setIn(path, document.createNode(value));
        this.labels.set(path.join('\0'), label);
      },
      remove: (path) => void document.deleteIn(path),
      isSet: (path) => this.labels.has(path.join('\0')),
    };
  }

  /** What was set at this path or above it, as the person wrote it. */
  private settingAt(path: YamlPath): DataPlace | undefined {
    for (let length = path.length; length > 0; length--) {
      const label = this.labels.get(path.slice(0, length).join('\0'));
      if (label !== undefined) return { file: label };
    }
    return undefined;
  }

  /** Where the value of this path stands; the nearest existing parent's where there is none. */
  place(path: YamlPath): DataPlace {
    return this.settingAt(path) ?? this.placeAt(this.nearest(path)?.range?.[0] ?? 0);
  }

  /** Where the key itself stands. */
  keyPlace(path: YamlPath, key: string): DataPlace {
    const setting = this.settingAt([...path, key]);
    if (setting !== undefined) return setting;
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
    if (node && !node.range) return isScalar(node) ? String(node.value) : undefined;
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
