import { describe, expect, it } from 'vitest';
import { Host } from '../../fvp/host.ts';
import { DEFAULT_FVP_OPTIONS } from '../../fvp/options.ts';
import type { Ports } from '../../fvp/ports.ts';
import { COURSES, crashAt, pointsOf } from './crash-points.ts';

/** Steps that emit nothing and await nothing: there is no point to crash at. */
const SILENT_STEPS: readonly string[] = [
  'open/open',
  'open/flush datastore',
  'arm/flush datastore',
  'arm/acknowledge from flash',
  'drain/stop early acknowledgements',
  'drain/stop admission',
  'drain/flush datastore',
  // The cluster has let the VM finish before it closes the disk.
  'close/finish writes',
];
const reached = new Set<string>();

describe.each(COURSES)('a disk that $name', (course) => {
  const points = pointsOf(course, 1);
  it(`keeps its promises when a host crashes at any of ${points.length} points`, () => {
    for (const point of points) {
      reached.add(point.point.split('|')[0]!);
      const { crash, objections } = crashAt(course, 1, point);
      expect({ ...point, crash, objections }).toEqual({ ...point, crash: undefined, objections: [] });
    }
  }, 300_000);
});

it('every step of every transition has a crash point, or is known to have none', () => {
  const host = new Host({
    id: 0,
    ports: {} as Ports & { flash: null },
    options: DEFAULT_FVP_OPTIONS,
    flashCapacityBytes: 2 ** 30,
    volatileDatastore: false,
    peers: [],
    domain: 'default',
    seed: 1,
  });
  const steps = host.control.transitions.flatMap(({ name, steps }) =>
    steps.map((step) => `${name}/${step.name}`),
  );
  const without = steps.filter((step) => !reached.has(step) && !SILENT_STEPS.includes(step));
  expect(without).toEqual([]);
});
