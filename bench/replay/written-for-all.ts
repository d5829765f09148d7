/** One scenario as it was resolved for several workloads. */

type Written = Readonly<Record<string, unknown>>;

/**
 * The scenario with what is the same for all workloads as it is, and what differs by name of workload: a capacity of
 * 20 % becomes { database: 200MiB, email: 70MiB }.
 */
export function writtenForAll(byWorkload: readonly (readonly [string, Written])[]): Written {
  const names = byWorkload.map(([name]) => name);
  return joined(
    names,
    byWorkload.map(([, written]) => written),
  ) as Written;
}

function joined(names: readonly string[], values: readonly unknown[]): unknown {
  const texts = values.map((value) => JSON.stringify(value));
  if (new Set(texts).size === 1) return values[0];
  if (!values.every(isRecord)) return Object.fromEntries(names.map((name, index) => [name, values[index]]));
  const keys = [...new Set(values.flatMap((value) => Object.keys(value)))];
  return Object.fromEntries(
    keys.map((key) => [
      key,
      joined(
        names,
        values.map((value) => value[key]),
      ),
    ]),
  );
}

function isRecord(value: unknown): value is Written {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
