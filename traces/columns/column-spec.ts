/**
 * What a person writes behind `delimited:` and `struct:` to say which column holds what:
 *
 *     delimited:disk,op,offset,length,time:us
 *     delimited:time@Timestamp:s,op@IOType:R=read|W=write,offset@Offset,length@Size,sep=semicolon
 *     struct:<IQIq,time:s,offset:sectors,length,-,header=1024
 *
 * A column is a role, with `@NAME` for a column of that name in a header line, and `:UNIT`; `-` is a column of no use.
 */
import { UsageError } from '../../reference/kernel/errors.ts';
import { didYouMean } from '../../reference/kernel/nearest-name.ts';
import { NS_PER_MS, NS_PER_S, NS_PER_US, parseBytes, SECTOR_BYTES } from '../../reference/kernel/units.ts';
import { type Column, type OpWord, READ_WRITE, type TextLayout } from './column.ts';
import type { RecordField, RecordLayout } from './record-columns.ts';
import { parseStructFormat } from './struct-format.ts';

const TIME_UNITS: Readonly<Record<string, number>> = {
  s: NS_PER_S,
  ms: NS_PER_MS,
  us: NS_PER_US,
  ns: 1,
  filetime: 100,
};
const SEPARATORS: Readonly<Record<string, string>> = {
  comma: ',',
  semicolon: ';',
  tab: '\t',
  blank: ' ',
  pipe: '|',
  colon: ':',
};
const ROLES = ['time', 'disk', 'op', 'offset', 'length', 'latency', 'pid', 'count', '-'] as const;
const OP_WORDS: readonly OpWord[] = ['read', 'write', 'flush', 'discard', 'none'];

/** How the two are written, for messages. */
export const SPEC_HINT =
  'as in delimited:disk,op,offset:sectors,length,time:us or struct:<IQIq,time:s,offset:sectors,length,-';

/** @throws UsageError */
export function parseDelimitedSpec(spec: string): TextLayout {
  const columns: Column[] = [];
  let separator = ',';
  for (const item of spec.split(',')) {
    const option = /^sep=(.+)$/.exec(item.trim());
    if (option === null) {
      columns.push(parseColumn(item.trim()));
      continue;
    }
    const found = SEPARATORS[option[1]!];
    if (found === undefined) {
      const names = Object.keys(SEPARATORS);
      throw wrong(
        `no separator is called ${JSON.stringify(option[1])}`,
        didYouMean(option[1]!, names) ?? names.join(', '),
      );
    }
    separator = found;
  }
  check(columns);
  const named = columns.some(({ names }) => names !== undefined);
  const nameless = columns.find(({ names, role }) => names === undefined && role !== 'skip');
  if (named && nameless !== undefined) {
    throw wrong(`the column "${nameless.role}" has no name, others have`, 'name all of them with @, or none');
  }
  const timed = columns.some(({ role }) => role === 'time');
  return {
    separator,
    columns: named ? columns.filter(({ role }) => role !== 'skip') : columns,
    more: true,
    named,
    comment: '#',
    ...(timed ? {} : { stepNs: NS_PER_MS }),
  };
}

/** @throws UsageError */
export function parseStructSpec(spec: string): RecordLayout {
  const [formatText, ...items] = spec.split(',');
  const format = parseStructFormat(formatText!);
  if (format === undefined) {
    throw wrong(
      `not a struct format: ${JSON.stringify(formatText)}`,
      '< or > and letters B H I Q, b h i q, f d, x for a byte of no use',
    );
  }
  let headerBytes = 0;
  const columns: Column[] = [];
  for (const item of items) {
    const option = /^header=([0-9]{1,9})$/.exec(item.trim());
    if (option !== null) headerBytes = Number(option[1]);
    else columns.push(parseColumn(item.trim()));
  }
  if (columns.length !== format.places.length) {
    throw wrong(
      `the struct has ${format.places.length} fields, and ${columns.length} columns are named`,
      'name every field; - is one of no use',
    );
  }
  check(columns);
  if (!columns.some(({ role }) => role === 'time'))
    throw wrong('no column is the time', 'a struct needs one');
  for (const { names, role } of columns) {
    if (names !== undefined) throw wrong(`the column "${role}" has a name`, 'fields of a struct have none');
  }
  const fields: RecordField[] = columns.map((column, i) => ({
    ...column,
    ...format.places[i]!,
    // Bare numbers mean what the clouds and simulators do not agree on: they must be said.
    ...(column.role === 'op' ? { words: numbersOnly(column) } : {}),
  }));
  return { recordBytes: format.recordBytes, headerBytes, little: format.little, fields };
}

function numbersOnly(column: Column): Readonly<Record<string, OpWord>> {
  const words = Object.entries(column.words ?? {}).filter(([word]) => /^[0-9]+$/.test(word));
  if (words.length === 0) {
    throw wrong('the struct does not say which number is a read', 'write op:0=read|1=write');
  }
  return Object.fromEntries(words);
}

function check(columns: readonly Column[]): void {
  for (const role of ['offset', 'length'] as const) {
    if (!columns.some((column) => column.role === role)) throw wrong(`no column is the ${role}`, SPEC_HINT);
  }
  for (const column of columns) {
    if (column.role !== 'skip' && columns.find(({ role }) => role === column.role) !== column) {
      throw wrong(`two columns are "${column.role}"`, 'each may come once');
    }
  }
}

function parseColumn(text: string): Column {
  const match = /^(-|[a-z]+)(?:@([^:]+))?(?::(.+))?$/.exec(text);
  const role = match?.[1] as (typeof ROLES)[number] | undefined;
  if (role === undefined || !ROLES.includes(role)) {
    throw wrong(
      `not a column: ${JSON.stringify(text)}`,
      didYouMean(match?.[1] ?? text, ROLES) ?? `the columns are ${ROLES.join(' ')}`,
    );
  }
  if (role === '-') return { role: 'skip' };
  const names = match![2] === undefined ? {} : { names: [match![2]] };
  const unit = match![3];
  switch (role) {
    case 'time':
    case 'latency': {
      const found = TIME_UNITS[unit ?? 'ns'];
      if (found === undefined) {
        throw wrong(`no unit of time is called ${JSON.stringify(unit)}`, Object.keys(TIME_UNITS).join(', '));
      }
      return { role, unit: found, ...names };
    }
    case 'offset':
    case 'length':
      return { role, unit: bytesOf(unit ?? 'bytes'), ...names };
    case 'op':
      return { role, words: unit === undefined ? READ_WRITE : wordsOf(unit), ...names };
    default:
      if (unit !== undefined) throw wrong(`"${role}" has no unit`, SPEC_HINT);
      return { role, ...names };
  }
}

function bytesOf(text: string): number {
  if (text === 'bytes') return 1;
  if (text === 'sectors') return SECTOR_BYTES;
  try {
    return parseBytes(text);
  } catch {
    throw wrong(
      `no unit of length is called ${JSON.stringify(text)}`,
      'bytes, sectors, or a size such as 4KiB',
    );
  }
}

function wordsOf(text: string): Readonly<Record<string, OpWord>> {
  const words: Record<string, OpWord> = {};
  for (const pair of text.split('|')) {
    const at = pair.lastIndexOf('=');
    const op = pair.slice(at + 1) as OpWord;
    if (at < 0 || !OP_WORDS.includes(op)) {
      throw wrong(`not a word of an operation: ${JSON.stringify(pair)}`, 'write R=read|W=write');
    }
    words[pair.slice(0, at)] = op;
  }
  return words;
}

function wrong(what: string, hint: string): UsageError {
  return new UsageError(`--format: ${what}`, { hint });
}
