/** What I/Os waited for, by how long they took. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PARTS } from '../fvp/host-state.ts';
import { histogramIndex } from '../kernel/histogram.ts';
import { PartsByLatency } from './parts-by-latency.ts';

const waits = fc.array(fc.integer({ min: 0, max: 2 ** 40 }), { minLength: PARTS + 1, maxLength: PARTS + 1 });

test('from any threshold on, the parts add up to the response times of the I/Os that are counted', () => {
  fc.assert(
    fc.property(fc.array(waits, { maxLength: 40 }), fc.nat(2 ** 42), (ios, thresholdNs) => {
      const parts = new PartsByLatency(2);
      const responses = ios.map((each) => {
        const [queueNs, ...partNs] = each;
        const responseNs = each.reduce((sum, ns) => sum + ns, 0);
        const seen = partNs.reduce((bits, ns, part) => (ns === 0 ? bits : bits | (1 << part)), 0);
        // What is not among those seen is not looked at.
        const kept = partNs.map((ns) => (ns === 0 ? 7 : ns));
        parts.record(1, histogramIndex(responseNs), queueNs!, seen, Float64Array.from([7, ...kept]), 1);
        return responseNs;
      });
      const { fromNs, count, queueNs, partNs } = parts.from(1, thresholdNs);
      const within = responses.filter((ns) => ns >= fromNs);
      expect(fromNs).toBeLessThanOrEqual(thresholdNs);
      // Below 1,024 ns a bucket is a nanosecond, and a class 32 of them.
      expect(fromNs).toBeGreaterThan(thresholdNs - Math.max(32, thresholdNs / 31));
      expect(count).toBe(within.length);
      expect([queueNs, ...partNs].reduce((sum, ns) => sum + ns, 0)).toBe(
        within.reduce((sum, ns) => sum + ns, 0),
      );
      expect(parts.from(0, 0)).toEqual({ fromNs: 0, count: 0, queueNs: 0, partNs: [0, 0, 0, 0, 0] });
    }),
  );
});
