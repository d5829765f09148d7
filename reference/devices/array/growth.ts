/** Typed arrays that grow by doubling. */

/** @returns a copy of at least `length`, its new part filled */
export function widened(
  column: Int32Array<ArrayBuffer>,
  length: number,
  fill: number,
): Int32Array<ArrayBuffer> {
  let size = column.length;
  while (size < length) size *= 2;
  const wide = new Int32Array(size).fill(fill);
  wide.set(column);
  return wide;
}
