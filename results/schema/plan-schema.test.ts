/** The plan document, its zod schema and the published JSON Schema say the same; real documents are held to it in bench/test. */
import { describe, expect, it } from 'vitest';
import { sampleRecording } from '../testing/sample-recording.ts';
import type { PlanDocument } from './plan-document.ts';
import { planDocumentSchema, planJsonSchema } from './plan-schema.ts';

const results = sampleRecording({ intervals: 4, iosPerVm: 400 }).document.results;
const config = {
  workloads: ['database'],
  scenario: 'datacentre-2014',
  settings: ['flash.capacity=200GB'],
  mode: 'write-back',
  speed: 1,
  seeds: [1],
  command: 'fvp bench run database',
};
const parts = { hosts: 3, flashHosts: 3, flashBytes: 6e11, replicas: 0, spindles: null };
const point = {
  config,
  met: true,
  cost: { parts, price: null, currency: null },
  objectives: [
    {
      threshold: 'writes.p99<1ms',
      workload: 'database',
      valueNs: 9e5,
      bestNs: 8e5,
      limitNs: 1e6,
      met: true,
      missedByShare: null,
    },
  ],
  results: results.slice(0, 1),
  spread: [
    {
      workload: 'database',
      figure: 'writes.response.p99Ns',
      least: 1,
      mean: 2,
      most: 3,
      meanErrorHalfWidth: 1,
    },
  ],
  figures: { hitRatio: 0.5, drainNs: null },
};
const document: PlanDocument = {
  schema: 'fvp.plan/1',
  question: 'size',
  objectives: ['writes.p99<1ms'],
  answer: point,
  runnerUp: null,
  points: [point],
  pareto: [],
  pruned: [{ config, why: 'It costs more.' }],
  notes: [],
};

describe('fvp.plan/1', () => {
  it('has every key of a document, and no other', () => {
    expect(planDocumentSchema.parse(document)).toEqual(document);
  });
  it('is published as the JSON Schema beside it (npx vitest run -u writes it)', async () => {
    await expect(planJsonSchema()).toMatchFileSnapshot('./fvp-plan-1.schema.json');
  });
  it('refuses what is none', () => {
    for (const wrong of [
      { ...document, schema: 'fvp.plan/2' },
      { ...document, question: 'why' },
      { ...document, points: [{ ...point, met: 'yes' }] },
      { ...document, answer: undefined },
    ])
      expect(planDocumentSchema.safeParse(wrong).success).toBe(false);
  });
});
