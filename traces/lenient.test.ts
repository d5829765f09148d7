import { describe, expect, it } from 'vitest';
import { DataError } from '../reference/kernel/errors.ts';
import { briefly, errorOf, openFiles, rowsOf } from './testing/read-rows.ts';

const SPC = Array.from({ length: 40 }, (_, i) => `0,${i * 8},4096,W,${i}.0\n`);

describe('a lenient reading', () => {
  it('passes over lines that cannot be read, counts and lists them', async () => {
    const lines = [...SPC];
    lines[10] = 'what is this\n';
    lines[20] = '0,99999999999999999999,4096,W,20.0\n';
    lines[30] = '0,17592186044416,4096,W,30.0\n';
    const text = lines.join('');
    expect(await errorOf(text)).toMatch(/^E_DATA input:11:/);
    const trace = await openFiles({ input: text }, { lenient: true });
    expect(trace.summary.ios).toBe(37);
    expect(trace.warnings[0]).toBe('lines and rows skipped, as the reading is lenient: 3');
    const told = trace.warnings.slice(1).map((line) => line.replace(/^skipped: .*input:/, ''));
    expect(told).toEqual([
      expect.stringMatching(/^11:/),
      expect.stringContaining('21:3: the number is out of range'),
      expect.stringContaining('31: the end of the I/O is out of range'),
    ]);
  });

  it('goes on in every text format that has a torn line', async () => {
    const log = 'fio version 3 iolog\n1 f add\n1 f open\n5 f wri\n9 f write 0 4096\n';
    expect(briefly(rowsOf(await openFiles({ log }, { lenient: true })))).toEqual(['0 W 0 4096']);
    const parse = (line: string): string => `  8,0    0        1     1.000000000   12  D   W ${line}\n`;
    const text = parse('8 + 8 [a]') + parse('8 + x [a]') + parse('16 + 8 [a]');
    expect(rowsOf(await openFiles({ text }, { lenient: true }))).toHaveLength(2);
    const load =
      'start ; sector; length ; op ; replay_delay=0\n0.000000000 ; 8 ; 8 ; W ; 0.0 ; 0.0\n1.0 ; ? ; 8 ; W\n';
    expect(rowsOf(await openFiles({ load }, { lenient: true }))).toHaveLength(1);
  });

  it('leaves out rows too late, and a torn record at the end', async () => {
    const late = Array.from(
      { length: 20_000 },
      (_, i) => `0,${i * 8},4096,W,${i === 15_000 ? 1 : i + 100}.0\n`,
    );
    const trace = await openFiles({ x: late.join('') }, { lenient: true });
    expect(trace.summary.ios).toBe(19_999);
    expect(trace.warnings.join()).toContain('time runs backwards');
    const record = Buffer.alloc(32);
    record.writeUInt32LE(4096, 4);
    record.writeUInt32LE(0x0100_0028, 12);
    const torn = Buffer.concat([record, record, record.subarray(0, 9)]);
    expect((await openFiles({ torn }, { lenient: true, format: 'vscsi' })).summary.ios).toBe(2);
  });

  it('is refused where nothing is left', async () => {
    const refused = openFiles({ x: 'a\nb\nc\n' }, { lenient: true, format: 'spc' });
    await expect(refused).rejects.toThrow(DataError);
    await expect(refused).rejects.toThrow('the trace holds no I/O');
  });
});
