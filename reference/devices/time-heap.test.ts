import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TimeHeap } from './time-heap.ts';

describe('TimeHeap', () => {
  it('always has the earliest time first', () => {
    const action = fc.tuple(
      fc.constantFrom('push', 'push', 'pop', 'replace'),
      fc.integer({ min: 0, max: 50 }),
    );
    fc.assert(
      fc.property(fc.array(action, { maxLength: 200 }), (actions) => {
        const heap = new TimeHeap(2);
        let model: number[] = [];
        for (const [kind, timeNs] of actions) {
          if (kind === 'push') {
            heap.push(timeNs);
            model.push(timeNs);
          } else if (model.length > 0) {
            model = model.sort((a, b) => a - b).slice(1);
            if (kind === 'pop') heap.pop();
            else {
              heap.replaceMin(timeNs);
              model.push(timeNs);
            }
          }
          expect(heap.size).toBe(model.length);
          expect(heap.min).toBe(Math.min(...model));
        }
      }),
    );
  });
});
