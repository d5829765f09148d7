import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EventQueue } from './event-queue.ts';

describe('the event queue', () => {
  it('gives events in order of time, and of push where times are equal', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.constant(-1), fc.integer({ min: 0, max: 50 })), { maxLength: 600 }),
        (steps) => {
          const queue = new EventQueue();
          const model: { time: number; token: number }[] = [];
          let now = 0;
          let token = 0;
          for (const step of steps) {
            if (step >= 0) {
              queue.push(now + step, step, token);
              model.push({ time: now + step, token: token++ });
              continue;
            }
            model.sort((a, b) => a.time - b.time || a.token - b.token);
            const next = model.shift();
            expect(queue.peekTimeNs()).toBe(next?.time ?? Number.POSITIVE_INFINITY);
            expect(queue.pop()).toBe(next !== undefined);
            if (next !== undefined) {
              expect([queue.timeNs, queue.token]).toEqual([next.time, next.token]);
              now = next.time;
            }
          }
          expect(queue.size).toBe(model.length);
        },
      ),
    );
  });

  it('keeps the order with thousands pending', () => {
    const queue = new EventQueue();
    for (let i = 0; i < 5000; i++) queue.push((i * 7919) % 1000, 1, i);
    let lastTime = -1;
    let lastToken = -1;
    let popped = 0;
    while (queue.pop()) {
      expect(queue.timeNs > lastTime || (queue.timeNs === lastTime && queue.token > lastToken)).toBe(true);
      lastTime = queue.timeNs;
      lastToken = queue.token;
      popped++;
    }
    expect(popped).toBe(5000);
  });
});
