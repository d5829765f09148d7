/** The typed value of an option, by the rules of fio's parser (parse.c) and of the options that have their own. */
import type { OptionSpec } from './option-table.ts';
import { type Amount, parseDecimal, parseQuantity, type QuantityRules } from './quantity.ts';

/** What an option says. Lists by direction are in the order read, write, trim; undefined leaves what was before. */
export type OptionValue =
  | { readonly kind: 'flag'; readonly value: boolean }
  /** Times in nanoseconds, everything else as it counts: bytes, percent, plain numbers. */
  | { readonly kind: 'amounts'; readonly values: readonly (Amount | undefined)[] }
  | { readonly kind: 'ranges'; readonly values: readonly (ByteRange | undefined)[] }
  | { readonly kind: 'numbers'; readonly values: readonly number[] }
  /** `rest` is what stands behind the `:`. */
  | { readonly kind: 'choice'; readonly choices: readonly string[]; readonly rest: string | undefined }
  | { readonly kind: 'text'; readonly value: string | undefined }
  | { readonly kind: 'split'; readonly values: readonly (readonly SplitPart[] | undefined)[] }
  | { readonly kind: 'distribution'; readonly values: readonly (RandomDistribution | undefined)[] }
  | { readonly kind: 'steady-state'; readonly value: SteadyStateCriterion };

export interface ByteRange {
  readonly minBytes: number;
  readonly maxBytes: number;
}

/** A part of `bssplit`. */
export interface SplitPart {
  readonly bytes: number;
  readonly percent: number;
}

/** `random_distribution`. `center` is a share of the file, where the most is accessed; undefined for a hashed place. */
export type RandomDistribution =
  | { readonly kind: 'random' }
  | { readonly kind: 'zipf'; readonly theta: number; readonly center: number | undefined }
  | { readonly kind: 'pareto'; readonly h: number; readonly center: number | undefined }
  | { readonly kind: 'normal'; readonly deviationPercent: number; readonly center: number | undefined }
  | { readonly kind: 'zoned'; readonly zones: readonly { accessPercent: number; sizePercent: number }[] }
  | { readonly kind: 'zoned_abs'; readonly zones: readonly { accessPercent: number; sizeBytes: number }[] }
  | { readonly kind: 'sequence'; readonly pattern: readonly number[] };

/** `steadystate`. */
export interface SteadyStateCriterion {
  readonly of: 'iops' | 'iops_slope' | 'bw' | 'bw_slope' | 'lat' | 'lat_slope';
  /** Percent of the mean, or I/Os per second, bytes per second or nanoseconds. */
  readonly limit: number;
  readonly isPercent: boolean;
}

export interface ValueContext {
  readonly kbBase: 1000 | 1024;
  /** Told what a person may not have meant. */
  readonly warn: (what: string) => void;
}

/** What fio says where it refuses a value. */
export class Refusal {
  readonly reason: string;
  readonly expected: string | undefined;

  constructor(reason: string, expected?: string) {
    this.reason = reason;
    this.expected = expected;
  }
}

/** @source fio options.c: BSSPLIT_MAX, ZONESPLIT_MAX; blanks share what is left. */
const BSSPLIT_PARTS_MAX = 64;
const ZONES_MAX = 256;
/** @source fio stat.h: FIO_DEF_ZIPF, FIO_DEF_PARETO. */
const ZIPF_THETA = 1.1;
const PARETO_H = 0.2;
const SEQUENCE_MAX = 1024;
const UINT_MAX = 4294967295;
const INT64_END = 2 ** 63;

/**
 * Reads a value as fio would.
 *
 * @param text all after `=`; undefined without one.
 * @returns a Refusal where fio would refuse it.
 */
export function parseValue(
  spec: OptionSpec,
  text: string | undefined,
  context: ValueContext,
): OptionValue | Refusal {
  if (spec.kind === 'removed') return new Refusal(`Option ${spec.name} is deprecated`);
  if (text === undefined) {
    if (spec.kind === 'flag') return { kind: 'flag', value: true };
    if (spec.mayBeBare === true) return { kind: 'text', value: undefined };
    const expected = spec.choices === undefined ? 'a value' : `one of ${spec.choices.join(', ')}`;
    return new Refusal(`Option ${spec.name} requires an argument`, expected);
  }
  switch (spec.kind) {
    case 'ignored':
      context.warn('the option is deprecated and does nothing');
      return { kind: 'text', value: text };
    case 'boolean':
    case 'flag':
      return parseFlag(spec, text, context);
    case 'integer':
      return parseAmounts(spec, text, context);
    case 'range':
      return parseRanges(spec, text, context);
    case 'numbers':
      return parseNumbers(spec, text);
    case 'choice':
      return parseChoice(spec, text, context);
    case 'text':
      return parseText(spec, text, context);
  }
}

function failedParsing(spec: OptionSpec, text: string, expected: string): Refusal {
  return new Refusal(`failed parsing ${spec.name}=${text}`, expected);
}

function parseFlag(spec: OptionSpec, text: string, context: ValueContext): OptionValue | Refusal {
  let refusal: Refusal | undefined;
  // fio takes it for a list, as any number, and keeps the first item if any is good.
  const items = cutList(text).map((item) => {
    const match = /^\s*([-+]?(?:0x[0-9a-f]+|[0-9]+))/i.exec(item);
    const value = match === null ? undefined : Number(match[1]);
    if (value === undefined) {
      refusal ??= failedParsing(spec, text, '0 or 1');
    } else if (spec.kind === 'boolean' && value > 1) {
      refusal ??= new Refusal(`max value out of range: ${value} (1 max)`, '0 or 1');
      return undefined;
    }
    return value;
  });
  const [first] = items;
  if (first !== undefined) return { kind: 'flag', value: spec.negated === true ? first === 0 : first !== 0 };
  if (items.every((item) => item === undefined)) return refusal!;
  context.warn('the first item is no number: fio takes the option and does nothing');
  return { kind: 'text', value: text };
}

/** What one place of a list holds, by fio's rules for lists; `undefined` where it leaves what was before. */
function fillList<T>(items: readonly (T | undefined)[], places: number): (T | undefined)[] {
  const filled: (T | undefined)[] = new Array(places).fill(undefined);
  items.forEach((item, index) => {
    if (item === undefined) return;
    const isLast = index === items.length - 1;
    for (let place = index; place < (isLast ? places : index + 1); place++) {
      if (place < places) filled[place] = item;
    }
  });
  return filled;
}

/** Cuts a list as fio does: at commas; without one at colons; without one at dashes that are no sign. */
function cutList(text: string): string[] {
  const items: string[] = [];
  let rest = text;
  for (;;) {
    let at = rest.indexOf(',');
    if (at === -1) at = rest.indexOf(':');
    if (at === -1) at = rest.indexOf('-', 1);
    if (at === -1) {
      items.push(rest);
      return items;
    }
    const comma = rest.indexOf(',');
    // fio reads an item with all that follows it up to a comma: "5-10s" is 5 s to 10 s.
    items.push(comma === -1 ? rest : rest.slice(0, comma));
    rest = rest.slice(at + 1);
  }
}

function parseAmounts(spec: OptionSpec, text: string, context: ValueContext): OptionValue | Refusal {
  const rules: QuantityRules = { kbBase: context.kbBase, unit: spec.unit, zones: spec.zones };
  let refusal: Refusal | undefined;
  const items = (text.startsWith('(') ? [text] : cutList(text)).map((item) => {
    if (item.endsWith('z') && spec.zones !== true) {
      refusal ??= new Refusal(`${spec.name}: 'z' suffix isn't applicable`, 'a number without z');
      return undefined;
    }
    const quantity = parseQuantity(item, rules);
    if (quantity === undefined) {
      refusal ??= failedParsing(
        spec,
        text,
        spec.unit === undefined ? 'a number' : 'a time such as 30s or 5ms',
      );
      return undefined;
    }
    const overflow = Math.abs(quantity.amount.value) >= INT64_END;
    const bad = overflow ? failedParsing(spec, text, 'a smaller number') : outOfBounds(spec, quantity.amount);
    if (bad !== undefined) {
      refusal ??= bad;
      return undefined;
    }
    if (quantity.warning !== undefined) context.warn(quantity.warning);
    return keptBits(spec, quantity.amount, context);
  });
  if (items.every((item) => item === undefined)) return refusal!;
  return { kind: 'amounts', values: fillList(items, spec.values ?? 1) };
}

/** fio keeps 32 bits of most numbers. */
function keptBits(spec: OptionSpec, amount: Amount, context: ValueContext): Amount {
  if (
    spec.max !== UINT_MAX ||
    amount.kind !== 'number' ||
    spec.unit !== undefined ||
    amount.value <= UINT_MAX
  ) {
    return amount;
  }
  const value = amount.value % (UINT_MAX + 1);
  context.warn(`fio keeps 32 bits of it: ${value}`);
  return { kind: 'number', value };
}

function outOfBounds(spec: OptionSpec, amount: Amount): Refusal | undefined {
  // fio has no percentages of plain numbers: there 50% is -51.
  if (amount.kind === 'percent' && spec.max !== undefined && (spec.min ?? 0) > 0) {
    const value = -1 - amount.value;
    return new Refusal(
      `${spec.name}: min value out of range: ${value} (${spec.min} min)`,
      'a number without %',
    );
  }
  if (amount.kind === 'percent' && spec.powerOf2 === true) {
    return new Refusal(`${spec.name}: must be a power-of-2`, 'a number without %');
  }
  if (amount.kind !== 'number') return undefined;
  // Bounds of times are in microseconds.
  const value = spec.unit === undefined ? amount.value : amount.value / 1000;
  const { name, min, max, choices } = spec;
  if (spec.powerOf2 === true && !isPowerOf2(value)) return new Refusal(`${name}: must be a power-of-2`);
  if (max !== undefined && max !== UINT_MAX && value > max) {
    return new Refusal(`${name}: max value out of range: ${value} (${max} max)`, `at most ${max}`);
  }
  if (min !== undefined && min !== 0 && value < min) {
    return new Refusal(`${name}: min value out of range: ${value} (${min} min)`, `at least ${min}`);
  }
  if (choices !== undefined && !choices.includes(String(value))) {
    return new Refusal(`value ${value} not allowed:`, `one of ${choices.join(', ')}`);
  }
  return undefined;
}

function isPowerOf2(value: number): boolean {
  return value > 0 && value <= UINT_MAX && (value & (value - 1)) === 0;
}

function parseRanges(spec: OptionSpec, text: string, context: ValueContext): OptionValue | Refusal {
  const rules: QuantityRules = { kbBase: context.kbBase };
  const items = text
    .replace(/,$/, ',')
    .split(',')
    .map((item): ByteRange | undefined => {
      const dash = item.indexOf('-');
      const at = dash === -1 ? item.indexOf(':') : dash;
      if (at === -1) return undefined;
      const [a, b] = [item.slice(0, at), item.slice(at + 1)].map(
        (side) => parseQuantity(side, rules)?.amount,
      );
      if (a?.kind !== 'number' || b?.kind !== 'number') return undefined;
      return { minBytes: Math.min(a.value, b.value), maxBytes: Math.max(a.value, b.value) };
    });
  if (items.every((item) => item === undefined)) return failedParsing(spec, text, 'a range such as 4k-16k');
  return { kind: 'ranges', values: fillList(items, 3) };
}

function parseNumbers(spec: OptionSpec, text: string): OptionValue | Refusal {
  const values: number[] = [];
  let refusal: Refusal | undefined;
  for (const [index, item] of text.split(':').entries()) {
    const value = parseDecimal(item);
    if (index >= (spec.length ?? Number.POSITIVE_INFINITY)) {
      refusal ??= new Refusal(
        `the list exceeding max length ${spec.length}`,
        `at most ${spec.length} numbers`,
      );
    } else if (value === undefined) {
      refusal ??= new Refusal(`not a floating point value: ${item}`, 'numbers separated by ":"');
    } else if (spec.max !== undefined && (value > spec.max || value < (spec.min ?? 0))) {
      refusal ??= new Refusal(`value out of range: ${value}`, `${spec.min ?? 0} to ${spec.max}`);
    } else {
      values.push(value);
    }
  }
  return values.length === 0 ? refusal! : { kind: 'numbers', values };
}

function parseChoice(spec: OptionSpec, text: string, context: ValueContext): OptionValue | Refusal {
  const colon = text.indexOf(':');
  const beforeColon = colon === -1 ? text : text.slice(0, colon);
  const head = spec.list === true ? beforeColon : beforeColon.split(',', 1)[0]!;
  const rest = colon === -1 ? undefined : text.slice(colon + 1);
  const items = spec.list === true ? head.split(',') : [head];
  const chosen = items.filter((choice) => spec.choices!.includes(choice));
  if (chosen.length < items.length && chosen.length > 0)
    context.warn('fio takes only what it knows of the list');
  if (chosen.length === 0) {
    return failedParsing(spec, text, `one of ${spec.choices!.join(', ')}`);
  }
  const value: OptionValue = { kind: 'choice', choices: chosen, rest };
  if (spec.name === 'rw') return parseRw(value, head, rest, context);
  if (spec.name === 'random_distribution') return parseDistribution(head, rest, context);
  if (spec.name === 'steadystate') return parseSteadyState(head, rest, context);
  return value;
}

function parseRw(value: OptionValue, head: string, rest: string | undefined, context: ValueContext) {
  if (rest === undefined) return value;
  const random = head.startsWith('rand');
  const amount = parseQuantity(rest.trim(), context)?.amount;
  if (amount?.kind !== 'number') {
    return new Refusal(`${random ? 'randrw' : 'rw'} postfix parsing failed`, `a number after "${head}:"`);
  }
  if (random && (amount.value <= 0 || amount.value > UINT_MAX)) {
    return new Refusal('randrw postfix parsing out of range', `1 to ${UINT_MAX}`);
  }
  return value;
}

interface RawPart {
  readonly first: number;
  readonly second: number | undefined;
}

/** `a/b:c/d`, the second numbers optional. */
function parseParts(
  text: string,
  isPercent: boolean,
  most: number,
  context: ValueContext,
): RawPart[] | Refusal {
  const parts: RawPart[] = [];
  for (const item of text.split(':')) {
    if (item === '') break;
    const [head = '', share] = item.split('/', 2);
    const first = parseQuantity(head, context)?.amount;
    if (first?.kind !== 'number') return new Refusal('split conversion failed', 'parts such as 4k/60:8k/40');
    let second: number | undefined;
    if (share !== undefined && isPercent) {
      const percent = Math.min(100, Math.trunc(parseDecimal(share) ?? 0));
      second = percent === 0 ? undefined : percent;
    } else if (share !== undefined) {
      const amount = parseQuantity(share, context)?.amount;
      if (amount?.kind !== 'number')
        return new Refusal('split conversion failed', 'parts such as 60/10g:40/20g');
      second = amount.value;
    }
    parts.push({ first: first.value, second });
    if (parts.length === most) break;
  }
  return parts;
}

/** Lets the parts without a share have what is left, as fio does in whole percents. */
function shareOut(parts: readonly RawPart[]): number[] {
  const missing = parts.filter(({ second }) => second === undefined).length;
  const given = parts.reduce((sum, { second }) => sum + (second ?? 0), 0);
  const rest = missing === 0 ? 0 : Math.max(0, Math.trunc((100 - given) / missing));
  return parts.map(({ second }) => second ?? rest);
}

function byDirection<T>(
  text: string,
  parse: (item: string) => T | undefined | Refusal,
): readonly (T | undefined)[] | Refusal {
  const items: (T | undefined)[] = [];
  for (const item of text.split(',').slice(0, 3)) {
    const parsed = parse(item);
    if (parsed instanceof Refusal) return parsed;
    items.push(parsed);
  }
  // What is not given is as the direction before it.
  while (items.length < 3) items.push(items.at(-1));
  return items;
}

function parseBsSplit(text: string, context: ValueContext): OptionValue | Refusal {
  const values = byDirection(text.trim(), (item): SplitPart[] | undefined | Refusal => {
    const parts = parseParts(item, true, BSSPLIT_PARTS_MAX, context);
    if (parts instanceof Refusal) return parts;
    if (parts.length === 0) return undefined;
    const given = parts.reduce((sum, { second }) => sum + (second ?? 0), 0);
    const missing = parts.filter(({ second }) => second === undefined).length;
    if (given > 100 && missing > 1) {
      return new Refusal('bssplit percentages add to more than 100%', 'at most 100 in all');
    }
    if (given > 100) context.warn(`the percentages add up to ${given}: fio goes by the first 100`);
    if (given < 100 && missing === 0) context.warn(`the percentages add up to ${given}, not to 100`);
    const shares = shareOut(parts);
    return parts.map(({ first }, index) => ({ bytes: first, percent: shares[index]! }));
  });
  return values instanceof Refusal ? values : { kind: 'split', values };
}

function parseDistribution(
  head: string,
  rest: string | undefined,
  context: ValueContext,
): OptionValue | Refusal {
  const all = (distribution: RandomDistribution): OptionValue => ({
    kind: 'distribution',
    values: [distribution, distribution, distribution],
  });
  switch (head) {
    case 'zipf':
    case 'pareto':
    case 'normal': {
      const [first = '', second] = (rest ?? '').trim().split(':', 2);
      const value = rest === undefined ? undefined : parseDecimal(first);
      const center = second === undefined ? undefined : parseDecimal(second);
      if (rest !== undefined && (value === undefined || (second !== undefined && center === undefined))) {
        return new Refusal('random postfix parsing failed', `a number after "${head}:"`);
      }
      if (center !== undefined && center !== -1 && !(center >= 0 && center <= 1)) {
        return new Refusal('distribution center out of range (0 <= center <= 1.0)');
      }
      if (head === 'zipf') {
        const theta = value ?? ZIPF_THETA;
        if (theta === 1) return new Refusal('zipf theta must different than 1.0');
        return all({ kind: 'zipf', theta, center });
      }
      if (head === 'pareto') {
        const h = value ?? PARETO_H;
        if (!(h > 0 && h < 1)) return new Refusal('pareto input out of range (0 < input < 1.0)');
        return all({ kind: 'pareto', h, center });
      }
      const deviationPercent = value ?? 0;
      if (!(deviationPercent >= 0 && deviationPercent < 100)) {
        return new Refusal('normal deviation out of range (0 <= input < 100.0)');
      }
      return all({ kind: 'normal', deviationPercent, center });
    }
    case 'zoned':
    case 'zoned_abs':
      return parseZones(head, rest, context);
    case 'sequence': {
      const pattern = (rest ?? '').split(',').map((item) => Number(item.trim()));
      if (rest === undefined || rest.trim() === '')
        return new Refusal('missing pattern in sequence distribution');
      const bad = pattern.findIndex((element) => !(Number.isInteger(element) && element >= 0));
      if (bad !== -1)
        return new Refusal('invalid or negative element in random_sequence', 'numbers separated by ","');
      if (pattern.length > SEQUENCE_MAX)
        return new Refusal(`sequence distribution supports up to ${SEQUENCE_MAX} elements`);
      return all({ kind: 'sequence', pattern });
    }
    default:
      return all({ kind: 'random' });
  }
}

function parseZones(
  head: 'zoned' | 'zoned_abs',
  rest: string | undefined,
  context: ValueContext,
): OptionValue | Refusal {
  if (rest === undefined)
    return new Refusal(`mismatch in zoned input <${head}>`, `zones such as "${head}:60/10:40/90"`);
  const values = byDirection(rest, (item): RandomDistribution | undefined | Refusal => {
    const parts = parseParts(item, head === 'zoned', ZONES_MAX, context);
    if (parts instanceof Refusal) return parts;
    if (parts.length === 0) return undefined;
    const access = parts.reduce((sum, { first }) => sum + first, 0);
    const size = parts.reduce((sum, { second }) => sum + (second ?? 0), 0);
    if (access > 100 || (head === 'zoned' && size > 100)) {
      return new Refusal('zone_split percentages add to more than 100%', 'accesses that add up to 100');
    }
    if (access < 100) {
      return new Refusal(
        `access percentage don't add up to 100 for zoned random distribution (got=${access})`,
        'accesses that add up to 100',
      );
    }
    if (head === 'zoned_abs') {
      return {
        kind: head,
        zones: parts.map(({ first, second }) => ({ accessPercent: first, sizeBytes: second ?? 0 })),
      };
    }
    const shares = shareOut(parts);
    return {
      kind: head,
      zones: parts.map(({ first }, i) => ({ accessPercent: first, sizePercent: shares[i]! })),
    };
  });
  return values instanceof Refusal ? values : { kind: 'distribution', values };
}

function parseSteadyState(
  head: string,
  rest: string | undefined,
  context: ValueContext,
): OptionValue | Refusal {
  const of = head as SteadyStateCriterion['of'];
  if (rest === undefined) {
    return new Refusal('steadystate threshold must be specified in addition to criterion', `"${head}:5%"`);
  }
  const isPercent = rest.includes('%');
  if (isPercent || of.startsWith('iops')) {
    const limit = parseDecimal(rest);
    if (limit !== undefined) return { kind: 'steady-state', value: { of, limit, isPercent } };
    return isPercent
      ? new Refusal('could not parse steadystate threshold percentage')
      : new Refusal('steadystate IOPS threshold postfix parsing failed');
  }
  const isTime = of.startsWith('lat');
  const amount = parseQuantity(rest.trim(), isTime ? { ...context, unit: 'us' } : context)?.amount;
  if (amount?.kind === 'number')
    return { kind: 'steady-state', value: { of, limit: amount.value, isPercent } };
  return new Refusal(
    isTime
      ? 'steadystate latency threshold parsing failed'
      : 'steadystate BW threshold postfix parsing failed',
  );
}

function parseText(spec: OptionSpec, text: string, context: ValueContext): OptionValue | Refusal {
  if (spec.name === 'bssplit') return parseBsSplit(text, context);
  if (text === '' && spec.mayBeBare !== true) return failedParsing(spec, text, 'a value');
  return { kind: 'text', value: text };
}
