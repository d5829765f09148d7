/**
 * Builders for parameter declarations. Each gives the zod schema, the JSON Schema for editors and the words for error
 * messages from one description, so that they cannot drift apart. Plug-ins may use them or write their own schemas.
 */
import { z } from 'zod';
import { AppError } from '../kernel/errors.ts';
import { didYouMean } from '../kernel/nearest-name.ts';
import { parseBytes, parseBytesPerSecond, parseDurationNs, parsePercent } from '../kernel/units.ts';
import type { ParameterDeclaration, ParameterUnit } from './api.ts';
import { DISTRIBUTION_KEYS, parseServiceTime, type ServiceTime } from './service-time.ts';

/** A declaration that knows the type it gives to the factory. */
export interface TypedDeclaration<T> extends ParameterDeclaration {
  readonly schema: z.ZodType<T>;
  readonly expected: string;
}

/** The factory's parameters, as declared. */
export type ParametersOf<Declarations extends Readonly<Record<string, TypedDeclaration<unknown>>>> = {
  readonly [Key in keyof Declarations]: z.output<Declarations[Key]['schema']>;
};

interface Described<Default> {
  /** One sentence: what it is. */
  readonly description: string;
  /** As a person would write it. */
  readonly default: Default;
  /** Where the default comes from, or the word `assumed`. */
  readonly source: string;
}

/** Bounds as a person would write them, both included. */
interface Bounded<Bound> {
  readonly min?: Bound;
  readonly max?: Bound;
}

type Json = Readonly<Record<string, unknown>>;

/** Thrown by the readers below; becomes the schema's issue. */
class Refused extends Error {}

function declare<T>(
  described: Described<ParameterDeclaration['default']>,
  unit: ParameterUnit,
  expected: string,
  json: Json,
  read: (written: unknown) => T,
): TypedDeclaration<T> {
  const schema = z
    .unknown()
    .transform((written, context): T => {
      try {
        return read(written);
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        context.addIssue({ code: 'custom', message: error.message });
        return z.NEVER;
      }
    })
    .meta({
      ...json,
      description: `${described.description} Expected: ${expected}. Source of the default: ${described.source}.`,
    });
  return {
    unit,
    description: described.description,
    default: described.default,
    source: described.source,
    expected,
    schema,
  };
}

function range<Bound>(noun: string, bounds: Bounded<Bound>): string {
  const low = bounds.min === undefined ? '' : ` from ${bounds.min}`;
  const high = bounds.max === undefined ? '' : ` ${low === '' ? 'up ' : ''}to ${bounds.max}`;
  return `${noun}${low}${high}`;
}

function bounded(value: number, min: number, max: number): number {
  if (value < min || value > max) throw new Refused('is out of bounds');
  return value;
}

function readText(written: unknown, noun: string, parse: (text: string) => number): number {
  if (typeof written !== 'string') throw new Refused(`is not ${noun}`);
  try {
    return parse(written);
  } catch (error) {
    if (error instanceof AppError) throw new Refused(`is not ${noun}`);
    throw error;
  }
}

const NUMBER_PATTERN = '[0-9]+(\\.[0-9]+)?\\s*';

/** A time with a unit (`90us`; 0 needs none), given to the factory in nanoseconds. */
export function timeParameter(options: Described<string> & Bounded<string>): TypedDeclaration<number> {
  const min = parseDurationNs(options.min ?? '0');
  const max = parseDurationNs(options.max ?? '1h');
  const expected = `${range('a time', { min: options.min ?? '0', max: options.max ?? '1h' })}, such as 90us`;
  const json = {
    anyOf: [
      { const: 0 },
      { type: 'string', pattern: `^(0|${NUMBER_PATTERN}(ns|[uµμ]s|ms|s|sec|m|min|h|d))$` },
    ],
  };
  return declare(options, 'time', expected, json, (written) =>
    bounded(written === 0 ? 0 : readText(written, 'a time', parseDurationNs), min, max),
  );
}

/** A size (`8GiB`, or a number of bytes), given to the factory in bytes. */
export function bytesParameter(options: Described<string> & Bounded<string>): TypedDeclaration<number> {
  const min = parseBytes(options.min ?? '0');
  const max = parseBytes(options.max ?? '1024TiB');
  const expected = `${range('a size', { min: options.min ?? '0', max: options.max ?? '1024TiB' })}, such as 64KiB`;
  const json = {
    anyOf: [
      { type: 'integer', minimum: 0 },
      { type: 'string', pattern: `^${NUMBER_PATTERN}([kKmMgGtT]?(i?[bB])?)$` },
    ],
  };
  return declare(options, 'bytes', expected, json, (written) => {
    const value =
      typeof written === 'number' && Number.isSafeInteger(written)
        ? written
        : readText(written, 'a size', parseBytes);
    return bounded(value, min, max);
  });
}

/** A bandwidth (`10Gbit/s`, `550MB/s`) in bytes per second; `unlimited` is infinite. */
export function bandwidthParameter(options: Described<string> & Bounded<string>): TypedDeclaration<number> {
  const min = parseBytesPerSecond(options.min ?? '1kB/s');
  const max = parseBytesPerSecond(options.max ?? '100TB/s');
  const expected = `${range('a bandwidth', { min: options.min ?? '1kB/s', max: options.max ?? '100TB/s' })}, such as 10Gbit/s, or unlimited`;
  const json = { type: 'string', pattern: `^(unlimited|${NUMBER_PATTERN}[kKmMgGtT]?(bit|i?[bB])?/s)$` };
  return declare(options, 'bytes-per-second', expected, json, (written) =>
    written === 'unlimited'
      ? Number.POSITIVE_INFINITY
      : bounded(readText(written, 'a bandwidth', parseBytesPerSecond), min, max),
  );
}

/** A fraction from 0 to 1 (`20%` or 0.2). */
export function fractionParameter(
  options: Described<string | number> & Bounded<number>,
): TypedDeclaration<number> {
  const min = options.min ?? 0;
  const max = options.max ?? 1;
  const expected = `${range('a fraction', { min, max })}, such as 20% or 0.2`;
  const json = {
    anyOf: [
      { type: 'number', minimum: min, maximum: max },
      { type: 'string', pattern: `^${NUMBER_PATTERN}%$` },
    ],
  };
  return declare(options, 'fraction', expected, json, (written) =>
    bounded(
      typeof written === 'number' && Number.isFinite(written)
        ? written
        : readText(written, 'a fraction', parsePercent),
      min,
      max,
    ),
  );
}

/** A whole number. */
export function countParameter(
  options: Described<number> & Required<Bounded<number>>,
): TypedDeclaration<number> {
  const expected = range('a whole number', options);
  const json = { type: 'integer', minimum: options.min, maximum: options.max };
  return declare(options, 'count', expected, json, (written) => {
    if (typeof written !== 'number' || !Number.isInteger(written)) throw new Refused('is not a whole number');
    return bounded(written, options.min, options.max);
  });
}

/** true or false. */
export function flagParameter(options: Described<boolean>): TypedDeclaration<boolean> {
  return declare(options, 'flag', 'true or false', { type: 'boolean' }, (written) => {
    if (typeof written !== 'boolean') throw new Refused('is neither true nor false');
    return written;
  });
}

/** One of several words or numbers. */
export function choiceParameter<Choice extends string | number>(
  options: Described<Choice> & { readonly choices: readonly Choice[] },
): TypedDeclaration<Choice> {
  const expected = `one of ${options.choices.join(', ')}`;
  return declare(options, 'choice', expected, { enum: [...options.choices] }, (written) => {
    const choice = options.choices.find((candidate) => candidate === written);
    if (choice !== undefined) return choice;
    const meant = typeof written === 'string' ? didYouMean(written, options.choices.map(String)) : undefined;
    throw new Refused(meant === undefined ? 'is not a choice' : `is not a choice: ${meant}`);
  });
}

/** A service-time distribution, see service-time.ts. */
export function serviceTimeParameter(
  options: Described<string | Readonly<Record<string, string>>>,
): TypedDeclaration<ServiceTime> {
  const time = {
    anyOf: [{ const: 0 }, { type: 'string', pattern: `^(0|${NUMBER_PATTERN}(ns|[uµμ]s|ms|s|sec))$` }],
  };
  const json = {
    anyOf: [
      ...time.anyOf,
      ...Object.entries(DISTRIBUTION_KEYS).map(([distribution, keys]) => ({
        type: 'object',
        properties: {
          distribution: { const: distribution },
          ...Object.fromEntries(keys.map((key) => [key, time])),
        },
        required: ['distribution', ...keys],
        additionalProperties: false,
      })),
    ],
  };
  const expected =
    'a service time up to 4s, such as 90us or { distribution: lognormal, median: 90us, p99: 300us }';
  return declare(options, 'service-time', expected, json, (written) => {
    try {
      return parseServiceTime(written);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      const hint = error.hint === undefined ? '' : ` (${error.hint})`;
      const noun = 'is not a service time';
      throw new Refused(`${error.message === noun ? noun : `${noun}: ${error.message}`}${hint}`);
    }
  });
}
