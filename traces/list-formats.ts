/** What can be read and written, for people and programs. */
import { formatTable, mapperTable } from './format-table.ts';
import { writerTable } from './writer-table.ts';

export interface ListedFormat {
  /** As a person types it after `--format`. */
  readonly name: string;
  readonly description: string;
  readonly recognisedBy: string;
  readonly encoding: 'text' | 'binary';
  /** Forms of it that `fvp trace convert --to` writes; none where it is only read. */
  readonly writtenAs: readonly {
    readonly name: string;
    readonly suffixes: readonly string[];
    readonly lacks: string;
  }[];
}

/** Columns by which the mappers are asked what they are. */
const EXAMPLE_COLUMNS: Readonly<Record<string, string>> = {
  delimited: 'offset,length',
  struct: '<IQI,time,offset,length',
};

/** All formats, in the order of the table. */
export function listFormats(): ListedFormat[] {
  const mappers = Object.entries(mapperTable).map(([name, map]) => map(EXAMPLE_COLUMNS[name]!));
  return [...formatTable, ...mappers].map(({ name, description, recognisedBy, encoding }) => ({
    name,
    description,
    recognisedBy,
    encoding,
    writtenAs: writerTable
      .filter((writer) => writer.name.replace(/2$/, '') === name)
      .map(({ name: form, suffixes, lacks }) => ({ name: form, suffixes, lacks })),
  }));
}
