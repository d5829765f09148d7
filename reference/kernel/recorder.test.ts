import { expect, it } from 'vitest';
import { mergeSparse } from './histogram.ts';
import { halve, Recorder } from './recorder.ts';

it('a recorder gives each interval, and totals of all of them', () => {
  const recorder = new Recorder();
  recorder.record(100, 100);
  recorder.record(900, 300);
  const first = recorder.fold();
  recorder.record(50, 50);
  const second = recorder.fold();
  expect([first.response.min, first.response.max, first.response.count]).toEqual([100, 900, 2]);
  expect([first.service.min, first.service.max]).toEqual([100, 300]);
  expect([second.response.count, second.response.max]).toEqual([1, 50]);
  expect([recorder.response.count, recorder.response.max, recorder.response.sum]).toEqual([3, 900, 1050n]);
  expect([recorder.service.count, recorder.service.sum]).toEqual([3, 450n]);
});

it('halving keeps every count, and an odd last interval', () => {
  const recorder = new Recorder();
  const intervals = [5, 6, 7, 8, 9].map((value) => {
    recorder.record(value, value);
    return recorder.fold().response;
  });
  halve(intervals, mergeSparse);
  expect(intervals.map(({ count, min, max }) => [count, min, max])).toEqual([
    [2, 5, 6],
    [2, 7, 8],
    [1, 9, 9],
  ]);
});
