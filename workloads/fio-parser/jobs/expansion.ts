/** What fio puts in the place of `${VARIABLE}` and of its keywords before it looks at an option. */

/** The machine a job file is read for. */
export interface JobEnvironment {
  /** Environment variables. */
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** For `$pagesize`. */
  readonly pageSizeBytes: number;
  /** For `$mb_memory`: memory in MiB. */
  readonly memoryMib: number;
  /** For `$ncpus`. */
  readonly cpus: number;
}

export interface Expansion {
  readonly text: string;
  /** Variables without a value, in the order they occur: fio puts nothing in their place. */
  readonly unset: readonly string[];
  /** Set when keywords made a sum that cannot be worked out; fio asks bc and gets no answer. */
  readonly badSum: string | undefined;
}

/** bc gets no text longer than this; fio leaves longer options as they are. */
const SUM_TEXT_MAX = 100;
const SUM_OPTION_MAX = 127;

/** @param option the whole option, `name=value`. */
export function expandOption(option: string, environment: JobEnvironment): Expansion {
  const unset: string[] = [];
  let text = option.replace(/\$\{([^}]*)\}/g, (_, name: string) => {
    const value = Object.hasOwn(environment.variables, name) ? environment.variables[name] : undefined;
    if (value === undefined) unset.push(name);
    return value ?? '';
  });
  const keywords: readonly (readonly [string, number])[] = [
    ['$pagesize', environment.pageSizeBytes],
    ['$mb_memory', environment.memoryMib],
    ['$ncpus', environment.cpus],
  ];
  const before = text;
  for (const [keyword, value] of keywords) text = text.replaceAll(keyword, String(value));
  const equals = text.indexOf('=');
  const sum = text.slice(equals + 1);
  const isSum = text !== before && /[-+*/]/.test(text) && !text.includes("'") && equals !== -1;
  if (!isSum || text.length > SUM_OPTION_MAX || sum.length > SUM_TEXT_MAX)
    return { text, unset, badSum: undefined };
  const value = evaluateIntegers(sum);
  if (value === undefined) return { text, unset, badSum: sum };
  return { text: `${text.slice(0, equals + 1)}${value}`, unset, badSum: undefined };
}

/**
 * The value of a sum of integers with + - * / % ^ and parentheses, as bc works it out without a scale: quotients are cut
 * toward zero.
 *
 * @returns undefined where it is no such sum, or has no value.
 */
function evaluateIntegers(sum: string): bigint | undefined {
  return new Arithmetic<bigint>(sum, {
    number: (text) => (/^[0-9]+$/.test(text) ? BigInt(text) : undefined),
    binary: (operator, a, b) => {
      if (operator === '+') return a + b;
      if (operator === '-') return a - b;
      if (operator === '*') return a * b;
      if (operator === '^') return b < 0n || b > 64n ? undefined : a ** b;
      if (b === 0n) return undefined;
      return operator === '/' ? a / b : a % b;
    },
    negate: (a) => -a,
  }).evaluate();
}

export interface ArithmeticRules<T> {
  number(text: string): T | undefined;
  binary(operator: string, a: T, b: T): T | undefined;
  negate(a: T): T;
}

/** fio nests no deeper; assumed. */
const DEPTH_MAX = 32;

/** A sum with + - * / % ^, parentheses and signs, over any kind of number. */
export class Arithmetic<T> {
  readonly #tokens: readonly string[];
  readonly #rules: ArithmeticRules<T>;
  #at = 0;
  #depth = 0;

  constructor(text: string, rules: ArithmeticRules<T>) {
    this.#tokens = text.match(/[-+*/%^()]|[^-+*/%^()\s]+/g) ?? [];
    this.#rules = rules;
  }

  /** @returns undefined where the text is no sum, or a part has no value. */
  evaluate(): T | undefined {
    const value = this.#sum();
    return this.#at === this.#tokens.length ? value : undefined;
  }

  #operator(operators: string): string | undefined {
    const token = this.#tokens[this.#at];
    if (token === undefined || !operators.includes(token)) return undefined;
    this.#at++;
    return token;
  }

  #chain(operators: string, operand: () => T | undefined): T | undefined {
    let value = operand();
    for (;;) {
      if (value === undefined) return undefined;
      const operator = this.#operator(operators);
      if (operator === undefined) return value;
      const right = operand();
      if (right === undefined) return undefined;
      value = this.#rules.binary(operator, value, right);
    }
  }

  #sum(): T | undefined {
    return this.#chain('+-', () => this.#chain('*/%', () => this.#power()));
  }

  #power(): T | undefined {
    const base = this.#atom();
    if (base === undefined || this.#operator('^') === undefined) return base;
    // To the right first: 2^3^2 is 2^9.
    if (++this.#depth > DEPTH_MAX) return undefined;
    const exponent = this.#power();
    this.#depth--;
    return exponent === undefined ? undefined : this.#rules.binary('^', base, exponent);
  }

  #atom(): T | undefined {
    if (++this.#depth > DEPTH_MAX) return undefined;
    let value: T | undefined;
    if (this.#operator('-') !== undefined) {
      const atom = this.#atom();
      value = atom === undefined ? undefined : this.#rules.negate(atom);
    } else if (this.#operator('(') !== undefined) {
      value = this.#sum();
      if (this.#operator(')') === undefined) value = undefined;
    } else {
      const token = this.#tokens[this.#at++];
      value = token === undefined ? undefined : this.#rules.number(token);
    }
    this.#depth--;
    return value;
  }
}
