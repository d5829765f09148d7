/**
 * Powers and logarithms that are the same on every machine: tables of integers, filled once, and short series between
 * their entries. Near double precision.
 */

/** Entries between 1 and 2 of the logarithm, and between 0 and 1 of the exponent. */
const ENTRIES = 4096;
/** The tables hold multiples of 2^-50. */
const UNIT = 2 ** 50;
const LN2 = Math.LN2;
const LOG2E = Math.LOG2E;

const LOG2_TABLE = new Float64Array(ENTRIES + 1);
const EXP2_TABLE = new Float64Array(ENTRIES + 1);
for (let i = 0; i <= ENTRIES; i++) {
  LOG2_TABLE[i] = Math.round((Math.log(1 + i / ENTRIES) / Math.log(2)) * UNIT);
  EXP2_TABLE[i] = Math.round(Math.exp((i / ENTRIES) * Math.log(2)) * UNIT);
}

/** The tables, for the test that pins them. */
export const POWER_TABLES: readonly Float64Array[] = [LOG2_TABLE, EXP2_TABLE];

const bits = new DataView(new ArrayBuffer(8));

/** Logarithm to the base 2. @param value above 0, not subnormal */
export function log2(value: number): number {
  bits.setFloat64(0, value);
  const high = bits.getUint32(0);
  bits.setUint32(0, (high & 0x000fffff) | 0x3ff00000);
  const mantissa = bits.getFloat64(0);
  const entry = Math.floor((mantissa - 1) * ENTRIES);
  const from = 1 + entry / ENTRIES;
  const d = (mantissa - from) / from;
  const series = d * (1 - d * (0.5 - d * (1 / 3 - d * 0.25)));
  return (high >>> 20) - 1023 + LOG2_TABLE[entry]! / UNIT + series * LOG2E;
}

/** 2 to the power of `value`; 0 below 2^-1022. @param value below 1024 */
export function exp2(value: number): number {
  const whole = Math.floor(value);
  if (whole < -1022) return 0;
  const fraction = value - whole;
  const entry = Math.floor(fraction * ENTRIES);
  const d = (fraction - entry / ENTRIES) * LN2;
  const series = 1 + d * (1 + d * (0.5 + d * (1 / 6 + d * (1 / 24))));
  bits.setUint32(0, (whole + 1023) << 20);
  bits.setUint32(4, 0);
  return bits.getFloat64(0) * (EXP2_TABLE[entry]! / UNIT) * series;
}

/** `base` to the power of `exponent`. @param base 0 or more */
export function power(base: number, exponent: number): number {
  if (base === 0) return exponent === 0 ? 1 : 0;
  return exp2(exponent * log2(base));
}

/** -ln(value). @param value above 0 */
export function negativeLog(value: number): number {
  return -LN2 * log2(value);
}
