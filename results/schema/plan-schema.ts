/** The plan document as a zod schema: the source of `fvp-plan-1.schema.json`. */
import * as z from 'zod';
import { PLAN_QUESTIONS, PLAN_SCHEMA, type PlanDocument } from './plan-document.ts';
import { modeResultSchema, type Plain } from './run-schema.ts';

const count = z.int().nonnegative();
const ns = z.number().nonnegative().meta({ description: 'nanoseconds of virtual time' });

const config = z
  .object({
    workloads: z.array(z.string()),
    scenario: z.string().meta({ description: 'a preset or a file' }),
    settings: z.array(z.string()).meta({ description: 'PATH=VALUE, in place of what the scenario says' }),
    mode: z.string(),
    speed: z.number().positive().meta({ description: 'times as fast as recorded' }),
    seeds: z.array(count),
    command: z.string().meta({ description: 'replays it with its first seed' }),
  })
  .meta({ id: 'config' });

const check = z
  .object({
    threshold: z.string(),
    workload: z.string(),
    valueNs: ns.nullable().meta({ description: 'the worst of all seeds; null without such I/Os' }),
    bestNs: ns.nullable(),
    limitNs: ns,
    met: z.boolean(),
    missedByShare: z.number().nonnegative().nullable(),
  })
  .meta({ id: 'check' });

const cost = z
  .object({
    parts: z.object({
      hosts: count,
      flashHosts: count,
      flashBytes: count.meta({ description: 'bytes' }),
      replicas: count,
      spindles: count.nullable(),
    }),
    price: z.number().nonnegative().nullable(),
    currency: z.string().nullable(),
  })
  .meta({ id: 'cost' });

const spread = z.object({
  workload: z.string(),
  figure: z.string(),
  least: z.number(),
  mean: z.number(),
  most: z.number(),
  meanErrorHalfWidth: z.number().nullable(),
});

const point = z
  .object({
    config,
    met: z.boolean().nullable(),
    cost,
    objectives: z.array(check),
    results: z.array(modeResultSchema),
    spread: z.array(spread),
    figures: z.record(z.string(), z.number().nullable()),
  })
  .meta({ id: 'point' });

export const planDocumentSchema: z.ZodType<Plain<PlanDocument>> = z
  .object({
    schema: z.literal(PLAN_SCHEMA),
    question: z.enum(PLAN_QUESTIONS),
    objectives: z.array(z.string()),
    answer: point.nullable(),
    runnerUp: point.nullable(),
    points: z.array(point),
    pareto: z.array(count),
    pruned: z.array(z.object({ config, why: z.string() })),
    notes: z.array(z.string()),
  })
  .meta({ title: 'fvp plan' });

/** The published JSON Schema: draft 2020-12, with what a reader of any version may rely on. */
export function planJsonSchema(): string {
  return `${JSON.stringify(z.toJSONSchema(planDocumentSchema, { io: 'input' }), null, 2)}\n`;
}
