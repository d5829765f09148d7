/** Latin hypercube samples: every axis is cut into as many parts as there are points, and each part is met once. */
import { RandomStream } from '../../reference/kernel/random.ts';
import { type Axis, checkTwice, type Range } from './vary.ts';

/** An axis with a range is drawn from within it; else its values are. */
export interface SampledAxis extends Axis {
  readonly range?: Range;
  /** @default log */
  readonly scale?: 'linear' | 'log';
}

/** Digits of a drawn value: the last bits of a logarithm differ from machine to machine. */
const DIGITS = 4;

/**
 * @source McKay, Beckman and Conover, "A Comparison of Three Methods for Selecting Values of Input Variables" (1979)
 * @returns `count` points, the same for the same seed
 */
export function latinHypercube(
  axes: readonly SampledAxis[],
  count: number,
  seed: number,
): Readonly<Record<string, string>>[] {
  checkTwice(axes);
  const columns = axes.map((axis) => {
    const random = new RandomStream(seed, `plan/${axis.name}`);
    const parts = Array.from({ length: count }, (_, index) => index);
    for (let index = count - 1; index > 0; index--) {
      const other = random.nextBelow(index + 1);
      [parts[index], parts[other]] = [parts[other]!, parts[index]!];
    }
    return parts.map((part) => drawn(axis, (part + random.nextFraction()) / count));
  });
  return Array.from({ length: count }, (_, index) =>
    Object.fromEntries(axes.map(({ name }, axis) => [name, columns[axis]![index]!])),
  );
}

/** @param at 0 to 1 */
function drawn({ values, range, scale = 'log' }: SampledAxis, at: number): string {
  if (range === undefined) return values[Math.floor(at * values.length)]!;
  const { from, to, unit } = range;
  const whole = unit === '' && Number.isInteger(from) && Number.isInteger(to);
  // Whole numbers: each has its own share of the range.
  const [low, high] = whole ? [from, to + 1] : [from, to];
  const value =
    scale === 'linear'
      ? low + (high - low) * at
      : Math.exp(Math.log(low) + (Math.log(high) - Math.log(low)) * at);
  return whole ? `${Math.min(to, Math.floor(value))}` : `${Number(value.toPrecision(DIGITS))}${unit}`;
}
