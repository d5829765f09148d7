/** What a plan varies: `flash.capacity=50G..800G`, `mode=none,write-back+1`, as lists of values. */
import { checkSettingPath, SETTING_ROOTS } from '../../reference/cluster/scenario/settings.ts';
import { MODE_NAMES } from '../../reference/fvp/mode.ts';
import { AppError, UsageError } from '../../reference/kernel/errors.ts';
import { didYouMean } from '../../reference/kernel/nearest-name.ts';
import { parseSpeed } from '../../reference/kernel/units.ts';

/** One thing that is varied. */
export interface Axis {
  /** `mode`, `speed`, or a setting's path. */
  readonly name: string;
  /** As a person would write them, in order. */
  readonly values: readonly string[];
}

/** A range: a number with a unit, from and to. */
export interface Range {
  readonly from: number;
  readonly to: number;
  /** `G`, `%`, `x` …; the same at both ends. */
  readonly unit: string;
}

/** Assumed: more points than a person waits for. */
const VALUES_MOST = 1000;
const NUMBER = /^([0-9]+(?:\.[0-9]+)?)\s*([a-zA-Zµ%/]*)$/;

/** @throws UsageError with the nearest name */
export function checkAxisName(name: string): void {
  if (name === 'mode' || name === 'speed') return;
  try {
    checkSettingPath(name);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new UsageError(error.message, {
      hint: didYouMean(name, ['mode', 'speed', 'flash.capacity', ...SETTING_ROOTS]) ?? error.hint,
    });
  }
}

/** `NAME=VALUES` of `--vary`. @throws UsageError naming the part that does not fit */
export function parseAxis(text: string): Axis {
  const at = text.indexOf('=');
  const name = text.slice(0, Math.max(0, at)).trim();
  if (at < 1 || text.slice(at + 1).trim() === '')
    throw new UsageError(`--vary ${JSON.stringify(text)}: not NAME=VALUES`, {
      hint: 'such as flash.capacity=50G..800G, mode=write-through,write-back+1 or speed=1x,2x',
    });
  checkAxisName(name);
  return { name, values: valuesOf(name, text.slice(at + 1)) };
}

/**
 * Values of an axis: a list, a range of doublings (`50G..800G`), or of steps (`50G..800G+50G`).
 * @throws UsageError naming the part that does not fit
 */
export function valuesOf(name: string, text: string): string[] {
  const refuse = (what: string, hint: string): never => {
    throw new UsageError(`${name}=${text}: ${what}`, { hint });
  };
  const values = splitList(text).flatMap((part) => (part.includes('..') ? rangeValues(name, part) : [part]));
  if (values.length === 0 || values.some((value) => value === ''))
    refuse('a value is missing', 'separate values by commas: 50G,100G,200G');
  if (values.length > VALUES_MOST)
    refuse(`${values.length} values`, `at most ${VALUES_MOST}; doublings are written 50G..800G`);
  for (const value of values) checkValue(name, value);
  return [...new Set(values)];
}

/** By commas that stand in no brackets. */
function splitList(text: string): string[] {
  const parts: string[] = [''];
  let depth = 0;
  for (const character of text) {
    if ('[{('.includes(character)) depth++;
    if (']})'.includes(character)) depth--;
    if (character === ',' && depth === 0) parts.push('');
    else parts[parts.length - 1] += character;
  }
  return parts.map((part) => part.trim());
}

function checkValue(name: string, value: string): void {
  if (name === 'mode' && !(MODE_NAMES as readonly string[]).includes(value))
    throw new UsageError(`mode=${value}: unknown mode ${JSON.stringify(value)}`, {
      hint: didYouMean(value, MODE_NAMES) ?? `the modes are ${MODE_NAMES.join(', ')}`,
    });
  if (name !== 'speed') return;
  try {
    parseSpeed(value);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    throw new UsageError(`speed=${value}: ${error.message}`, { hint: error.hint });
  }
}

/** @throws UsageError for ends with different units, or in the wrong order */
export function parseRange(name: string, text: string): Range {
  const [low = '', high = '', ...more] = text.split('..').map((end) => end.trim());
  const from = NUMBER.exec(low);
  const to = NUMBER.exec(high);
  const refuse = (what: string, hint: string): never => {
    throw new UsageError(`${name}=${text}: ${what}`, { hint });
  };
  if (more.length > 0 || from === null || to === null)
    return refuse('not a range', 'a range is two numbers with the same unit: 50G..800G');
  const unit = to[2]!;
  if (from[2] !== unit && from[2] !== '')
    return refuse(
      `the ends have different units, ${from[2]} and ${unit === '' ? 'none' : unit}`,
      `write both with the same unit`,
    );
  const range = { from: Number(from[1]), to: Number(to[1]), unit };
  if (range.from > range.to) return refuse('the range ends below its start', `did you mean ${high}..${low}?`);
  if (range.from <= 0) return refuse('the range starts at 0', 'start above 0');
  return range;
}

function rangeValues(name: string, text: string): string[] {
  if (name === 'mode')
    throw new UsageError(`mode=${text}: modes have no range`, {
      hint: `name them: ${MODE_NAMES.join(',')}`,
    });
  const [span = '', step] = text.split('+');
  const { from, to, unit } = parseRange(name, span);
  const values: number[] = [];
  if (step === undefined) {
    for (let value = from; value < to; value *= 2) values.push(value);
  } else {
    const match = NUMBER.exec(step.trim());
    const width = Number(match?.[1] ?? 0);
    if (!(width > 0) || (match![2] !== unit && match![2] !== ''))
      throw new UsageError(`${name}=${text}: no step ${JSON.stringify(step)}`, {
        hint: `write ${span}+${from}${unit}`,
      });
    if ((to - from) / width > VALUES_MOST)
      throw new UsageError(`${name}=${text}: more than ${VALUES_MOST} values`, {
        hint: 'take a larger step',
      });
    for (let index = 0; from + index * width < to; index++) values.push(shortNumber(from + index * width));
  }
  return [...values, to].map((value) => `${value}${unit}`);
}

/** Without the noise of binary fractions. */
export function shortNumber(value: number): number {
  return Number(value.toPrecision(12));
}

/** Every combination, the first axis slowest. @throws UsageError for too many, or an axis given twice */
export function gridOf(axes: readonly Axis[]): Readonly<Record<string, string>>[] {
  checkTwice(axes);
  let grid: Readonly<Record<string, string>>[] = [{}];
  for (const { name, values } of axes) {
    if (grid.length * values.length > GRID_MOST)
      throw new UsageError(`more than ${GRID_MOST} points`, {
        hint: 'vary less, or draw a sample: sample: 200 in a sweep',
      });
    grid = grid.flatMap((point) => values.map((value) => ({ ...point, [name]: value })));
  }
  return grid;
}

/** Assumed: more are no question that a person asks. */
const GRID_MOST = 10_000;

export function checkTwice(axes: readonly { readonly name: string }[]): void {
  const names = new Set<string>();
  for (const { name } of axes) {
    if (names.has(name)) throw new UsageError(`${name} is varied twice`, { hint: 'join its values: A,B,C' });
    names.add(name);
  }
}
