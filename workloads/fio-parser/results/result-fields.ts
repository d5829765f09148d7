/** Reading typed fields out of parsed JSON, remembering the path so that a wrong one can be found in the file. */
import type { JsonPath } from './json-value.ts';

/** A field that is not what fio writes there; `readPiece` turns it into a FioError with the place. */
export class FieldMismatch extends Error {
  readonly path: JsonPath;
  readonly expected: string;
  readonly found: unknown;

  constructor(path: JsonPath, expected: string, found: unknown) {
    super(expected);
    this.path = path;
    this.expected = expected;
    this.found = found;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** One object of a document. Fields that are absent have a default, because versions of fio differ in what they write. */
export class Fields {
  readonly path: JsonPath;
  readonly #object: Readonly<Record<string, unknown>>;

  /** @throws FieldMismatch when the value is no object. */
  constructor(value: unknown, path: JsonPath = []) {
    if (!isObject(value)) throw new FieldMismatch(path, 'an object', value);
    this.#object = value;
    this.path = path;
  }

  has(name: string): boolean {
    return Object.hasOwn(this.#object, name);
  }
  names(): string[] {
    return Object.keys(this.#object);
  }
  /** All of it, for those who read many fields of a kind. */
  object(): Readonly<Record<string, unknown>> {
    return this.#object;
  }
  value(name: string): unknown {
    return this.has(name) ? this.#object[name] : undefined;
  }
  /** A number; null (fio's nan) is 0. */
  optionalNumber(name: string): number | undefined {
    const value = this.value(name);
    if (value === undefined) return undefined;
    if (value === null) return 0;
    if (typeof value !== 'number') throw new FieldMismatch([...this.path, name], 'a number', value);
    return value;
  }
  number(name: string): number {
    return this.optionalNumber(name) ?? 0;
  }
  optionalText(name: string): string | undefined {
    const value = this.value(name);
    if (value !== undefined && typeof value !== 'string') {
      throw new FieldMismatch([...this.path, name], 'a string', value);
    }
    return value;
  }
  requiredText(name: string): string {
    const value = this.optionalText(name);
    if (value === undefined)
      throw new FieldMismatch(this.path, `an object with ${JSON.stringify(name)}`, undefined);
    return value;
  }
  optionalFields(name: string): Fields | undefined {
    const value = this.value(name);
    return value === undefined ? undefined : new Fields(value, [...this.path, name]);
  }
  list(name: string): readonly unknown[] {
    const value = this.value(name);
    if (value === undefined) return [];
    if (!Array.isArray(value)) throw new FieldMismatch([...this.path, name], 'a list', value);
    return value;
  }
  fieldsList(name: string): Fields[] {
    return this.list(name).map((value, index) => new Fields(value, [...this.path, name, index]));
  }
  numberList(name: string): number[] {
    return this.list(name).map((value, index) => {
      if (typeof value !== 'number') throw new FieldMismatch([...this.path, name, index], 'a number', value);
      return value;
    });
  }
  /** Name and text of every field; numbers and booleans as fio would write them. */
  texts(): Record<string, string> {
    const texts: Record<string, string> = Object.create(null);
    for (const name of this.names()) {
      const value = this.#object[name];
      if (typeof value === 'object') throw new FieldMismatch([...this.path, name], 'a string', value);
      texts[name] = String(value);
    }
    return texts;
  }
}
