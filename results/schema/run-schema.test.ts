/** Documents, their zod schema and the published JSON Schema say the same. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { sampleRecording } from '../testing/sample-recording.ts';
import { runDocumentSchema, runJsonSchema, timelineFileSchema, timingFileSchema } from './run-schema.ts';

const recording = sampleRecording({ intervals: 4, iosPerVm: 400 });
const published = new URL('./fvp-run-1.schema.json', import.meta.url);

describe('fvp.run/1', () => {
  it('has every key of a document, and no other', () => {
    expect(runDocumentSchema.parse(recording.document)).toEqual(recording.document);
  });

  it('has every key of timeline and timing', () => {
    const timeline = { schema: 'fvp.timeline/1', timelines: recording.timelines };
    expect(timelineFileSchema.parse(timeline)).toEqual(timeline);
    const timing = { schema: 'fvp.timing/1', ...recording.timing };
    expect(timingFileSchema.parse(timing)).toEqual(timing);
  });

  it('is published as the JSON Schema beside it (npx vitest run -u writes it)', async () => {
    await expect(runJsonSchema()).toMatchFileSnapshot('./fvp-run-1.schema.json');
  });

  it('as JSON Schema takes documents, and refuses what is none', () => {
    const schema = z.fromJSONSchema(JSON.parse(readFileSync(published, 'utf8')));
    expect(schema.safeParse(recording.document).error).toBeUndefined();
    const [first, ...others] = recording.document.results;
    const wrong = [
      { ...recording.document, schema: 'fvp.run/2' },
      { ...recording.document, seed: 'one' },
      { ...recording.document, results: [{ ...first, hitRatio: 2 }, ...others] },
      { ...recording.document, results: [{ ...first, reads: { ...first!.reads, count: 1.5 } }, ...others] },
    ];
    for (const document of wrong) expect(schema.safeParse(document).success).toBe(false);
  });
});
