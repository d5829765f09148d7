/** fio's numbers: digits with a suffix of size, share or time, or a sum in parentheses. */
import { Arithmetic } from './expansion.ts';

/** What a number of an option may be. */
export type Amount =
  | { readonly kind: 'number'; readonly value: number }
  /** `50%`. */
  | { readonly kind: 'percent'; readonly value: number }
  /** `4z`: zones of a zoned device. */
  | { readonly kind: 'zones'; readonly value: number };

export interface QuantityRules {
  /** 1024 by default: `k` is that, and `kib` the other. */
  readonly kbBase: 1000 | 1024;
  /** For times: the unit of a bare number; the value is in nanoseconds. */
  readonly unit?: 's' | 'us' | undefined;
  readonly zones?: boolean | undefined;
}

/** A quantity, and what about it a person may not have meant. */
export interface Quantity {
  readonly amount: Amount;
  readonly warning: string | undefined;
}

const NS_PER_US = 1000;
const US_BY_SUFFIX: ReadonlyMap<string, number> = new Map([
  ['s', 1e6],
  ['m', 60e6],
  ['h', 3600e6],
  ['d', 86400e6],
]);
/** Not fio's: its manual has `sec`, and its code takes what it does not know as microseconds. */
const US_BY_WORD: ReadonlyMap<string, number> = new Map([
  ['sec', 1e6],
  ['min', 60e6],
]);
const POWERS = 'kmgtp';

/** @returns undefined where fio finds no number. */
export function parseQuantity(text: string, rules: QuantityRules): Quantity | undefined {
  if (text.startsWith('(')) return parseSum(text, rules);
  if (rules.zones === true && text.endsWith('z')) {
    const digits = /^\s*([0-9]+)z$/.exec(text)?.[1];
    if (digits === undefined) return undefined;
    return { amount: { kind: 'zones', value: Number(digits) }, warning: undefined };
  }
  const hex = /0x/i.test(text);
  const match = (hex ? /^\s*([-+]?)(?:0x)?([0-9a-f]+)/i : /^\s*([-+]?)([0-9]+)/).exec(text);
  if (match === null) return undefined;
  const digits = hex ? Number.parseInt(match[2]!, 16) : Number(match[2]);
  const signed = match[1] === '-' && digits !== 0 ? -digits : digits;
  const suffix = text.slice(match[0].length);
  if (rules.unit !== undefined) return withTime(signed, suffix.replace(/^[-+0-9]+/, ''), rules.unit);
  // fio looks for a suffix behind the decimal digits, and there is the x.
  return hex ? number(signed) : withSize(signed, suffix, rules.kbBase);
}

function number(value: number, warning?: string): Quantity {
  return { amount: { kind: 'number', value }, warning };
}

function withSize(value: number, suffix: string, kbBase: 1000 | 1024): Quantity {
  const letters = suffix.split(/[:\-,/]/, 1)[0]!.toLowerCase();
  if (letters.startsWith('%')) return { amount: { kind: 'percent', value }, warning: undefined };
  const power = POWERS.indexOf(letters.charAt(0)) + 1;
  if (letters === '' || power === 0) {
    if (letters === '' || letters === 'b' || !/^[a-z.]/.test(letters)) return number(value);
    const cut = letters.startsWith('.') ? 'decimal points are not read' : 'the suffix is not known';
    return number(value, `${cut}: fio takes ${value}`);
  }
  const other = letters.slice(1).startsWith('ib');
  const base = other ? (kbBase === 1024 ? 1000 : 1024) : kbBase;
  let scaled = value;
  for (let i = 0; i < power; i++) scaled *= base;
  const warning =
    other && kbBase === 1024
      ? `with kb_base=1024 "${letters}" is a power of 1000: fio takes ${scaled} bytes`
      : undefined;
  return number(scaled, warning);
}

function withTime(value: number, suffix: string, unit: 's' | 'us'): Quantity {
  const letters = suffix.toLowerCase();
  const bareUs = unit === 's' ? 1e6 : 1;
  if (!/^[a-z]/.test(letters)) {
    const warning = letters.startsWith('.') ? `decimal points are not read: fio takes ${value}` : undefined;
    return number(value * bareUs * NS_PER_US, warning);
  }
  if (letters.startsWith('us')) return number(value * NS_PER_US);
  if (letters.startsWith('ms')) return number(value * 1000 * NS_PER_US);
  const factor = US_BY_SUFFIX.get(letters);
  if (factor !== undefined) return number(value * factor * NS_PER_US);
  const word = US_BY_WORD.get(letters);
  if (word !== undefined) {
    return number(
      value * word * NS_PER_US,
      `fio takes "${letters}" as microseconds; here it is what it says`,
    );
  }
  return number(value * NS_PER_US, `"${letters}" is no unit: fio takes microseconds`);
}

/** @source fio's manual: suffixes of size or time, bare numbers of times in microseconds, inside parentheses. */
function parseSum(text: string, rules: QuantityRules): Quantity | undefined {
  const scale = rules.unit === undefined ? 1 : NS_PER_US;
  const inner: QuantityRules = { kbBase: rules.kbBase, unit: rules.unit === undefined ? undefined : 'us' };
  const value = new Arithmetic<number>(text, {
    number: (token) => {
      if (/^[0-9]+(?:\.[0-9]+)?$/.test(token)) return Number(token);
      const amount = parseQuantity(token, inner)?.amount;
      return amount?.kind === 'number' ? amount.value / scale : undefined;
    },
    binary: (operator, a, b) => {
      if (operator === '+') return a + b;
      if (operator === '-') return a - b;
      if (operator === '*') return a * b;
      if (operator === '^') return power(a, b);
      if (b === 0) return undefined;
      return operator === '/' ? a / b : a % b;
    },
    negate: (a) => -a,
  }).evaluate();
  if (value === undefined || !Number.isFinite(value)) return undefined;
  return number(
    Math.trunc(value) * scale,
    'fio takes sums only where it is built with arithmetic; Debian’s is not',
  );
}

function power(base: number, exponent: number): number | undefined {
  if (!Number.isInteger(exponent) || exponent < 0 || exponent > 64) return undefined;
  let value = 1;
  for (let i = 0; i < exponent; i++) value *= base;
  return value;
}

/** `1.5`, as sscanf's %lf reads it: what follows the number is passed over. */
export function parseDecimal(text: string): number | undefined {
  const match = /^\s*[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[-+]?[0-9]+)?/i.exec(text);
  return match === null ? undefined : Number(match[0]);
}
