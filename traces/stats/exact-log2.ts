/** Binary logarithms that are the same on every machine, for slopes of fitted lines. */

const FRACTION_BITS = 40;

/** log2 of a number above 0, to about 2^-40: its exponent by halving, its fraction bit by bit by squaring. */
export function log2(value: number): number {
  let rest = value;
  let whole = 0;
  while (rest >= 2) {
    rest /= 2;
    whole++;
  }
  while (rest < 1) {
    rest *= 2;
    whole--;
  }
  let fraction = 0;
  let bit = 0.5;
  for (let i = 0; i < FRACTION_BITS; i++, bit /= 2) {
    rest *= rest;
    if (rest >= 2) {
      rest /= 2;
      fraction += bit;
    }
  }
  return whole + fraction;
}
