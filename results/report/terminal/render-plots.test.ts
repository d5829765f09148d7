/** What is drawn fits the terminal. */
import { expect, test } from 'vitest';
import { sampleRecording } from '../../testing/sample-recording.ts';
import { renderPercentiles, renderTimelines } from './render-plots.ts';

const modes = ['none', 'write-through', ...Array.from({ length: 10 }, (_, i) => `write-back+${i}`)];
const recording = sampleRecording({ workloads: ['database'], modes, intervals: 90, iosPerVm: 400 });

test.each([80, 100])('plots and timelines of twelve modes keep within %i columns', (width) => {
  for (const unicode of [true, false]) {
    const style = { width, unicode };
    const text = `${renderPercentiles(recording, 'database', style)}\n${renderTimelines(recording, 'database', style)}`;
    const lines = text.split('\n');
    expect(lines.filter((line) => line.length > width)).toEqual([]);
    expect(lines.some((line) => /^ +0 +90 +99 .* %$/.test(line))).toBe(true);
    for (const mode of modes) expect(text).toContain(` ${mode}`);
  }
});
