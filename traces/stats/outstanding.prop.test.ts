import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Outstanding } from './outstanding.ts';

it('has the maximum and the overhang that counting every I/O by hand gives', () => {
  const io = fc.record({ gapNs: fc.nat({ max: 20 }), latencyNs: fc.nat({ max: 60 }) });
  fc.assert(
    fc.property(fc.array(io, { minLength: 30, maxLength: 80 }), (ios) => {
      const outstanding = new Outstanding();
      const spans: { from: number; to: number }[] = [];
      let now = 0;
      let max = 0;
      for (const { gapNs, latencyNs } of ios) {
        now += gapNs;
        outstanding.arrive(now, latencyNs);
        spans.push({ from: now, to: now + latencyNs });
        max = Math.max(max, 1 + spans.slice(0, -1).filter(({ to }) => to > now).length);
      }
      expect(outstanding.max).toBe(max);
      const overhang = spans.reduce((sum, { to }) => sum + Math.max(0, to - now), 0);
      expect(outstanding.overhangNs(now)).toBe(overhang);
    }),
  );
});

it('gives up following when more are outstanding than any device allows', () => {
  const outstanding = new Outstanding();
  for (let i = 0; i < 140_000; i++) outstanding.arrive(i, 1e9);
  expect(outstanding.max).toBeUndefined();
});
