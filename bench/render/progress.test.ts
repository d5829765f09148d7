import { describe, expect, test } from 'vitest';
import { ProgressLine, progressText } from './progress.ts';

/** A terminal that keeps what is written, and a clock that is set by hand. */
function terminal(isTTY: boolean, columns = 200) {
  const written: string[] = [];
  return { isTTY, columns, written, write: (text: string) => written.push(text) };
}

describe('the progress line', () => {
  test('shows share, time left and text', () => {
    const text = progressText({ text: 'email, write-back', done: 1, total: 4 }, 3000);
    expect(text).toBe('[======>                 ]  25 %  about 9 s left  email, write-back');
  });
  test('says nothing of the time left before anything is done', () => {
    expect(progressText({ text: 'reading', done: 0, total: 4 }, 3000)).toBe(
      '[>                       ]   0 %  reading',
    );
  });
  test('is full at the end', () => {
    expect(progressText({ text: 'writing', done: 4, total: 4 }, 3000)).toContain(
      '[========================] 100 %',
    );
  });
  test('counts minutes and hours where seconds would be many', () => {
    expect(progressText({ text: '', done: 1, total: 2 }, 120_000)).toContain('about 2 min left');
    expect(progressText({ text: '', done: 1, total: 2 }, 3 * 3600_000)).toContain('about 3 h left');
  });
  test('stays in its bounds when a phase overshoots or has no total', () => {
    expect(progressText({ text: '', done: 9, total: 4 }, 1)).toContain('100 %');
    expect(progressText({ text: '', done: 0, total: 0 }, 1)).toContain('  0 %');
  });
});

describe('drawing', () => {
  const phase = { text: 'email', done: 1, total: 2 };

  test('starts after two seconds and keeps a tenth of a second between lines', () => {
    let nowMs = 0;
    const screen = terminal(true);
    const line = new ProgressLine(screen, () => nowMs);
    for (nowMs = 0; nowMs < 2000; nowMs += 10) line.show(phase);
    expect(screen.written).toEqual([]);
    for (nowMs = 2000; nowMs < 3000; nowMs += 10) line.show(phase);
    expect(screen.written).toHaveLength(10);
  });
  test('does not happen where there is no terminal', () => {
    let nowMs = 0;
    const pipe = terminal(false);
    const line = new ProgressLine(pipe, () => nowMs);
    nowMs = 9000;
    line.show(phase);
    line.clear();
    expect(pipe.written).toEqual([]);
  });
  test('never fills the last column, where a terminal would wrap', () => {
    let nowMs = 0;
    const screen = terminal(true, 30);
    const line = new ProgressLine(screen, () => nowMs);
    nowMs = 9000;
    line.show({ ...phase, text: 'x'.repeat(100) });
    expect(screen.written[0]?.replace('\r\u001b[2K', '')).toHaveLength(29);
  });
  test('leaves a clean line, and only if it drew one', () => {
    let nowMs = 0;
    const screen = terminal(true);
    const line = new ProgressLine(screen, () => nowMs);
    line.clear();
    expect(screen.written).toEqual([]);
    nowMs = 9000;
    line.show(phase);
    line.clear();
    line.clear();
    expect(screen.written).toHaveLength(2);
    expect(screen.written[1]).toBe('\r\u001b[2K');
  });
});
