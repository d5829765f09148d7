/** The terminal's table: it fits, it is aligned, and what users name cannot drive the terminal. */
import { describe, expect, it } from 'vitest';
import { formatNs } from '../../../reference/kernel/units.ts';
import type { RunDocument } from '../../schema/run-document.ts';
import { sampleRecording } from '../../testing/sample-recording.ts';
import { renderTable } from './render-table.ts';

const WIDE = { width: 200, colour: false, unicode: true };
const small = { intervals: 6, iosPerVm: 600 };
const { document } = sampleRecording(small);
// biome-ignore lint/suspicious/noControlCharactersInRegex: colours are escape codes
const withoutCodes = (text: string): string => text.replace(/\u001b\[[0-9]+m/g, '');

describe('renderTable', () => {
  it('takes at most 100 columns on any terminal', () => {
    for (const width of [40, 60, 80, 100, 500]) {
      const lines = renderTable(document, 'database', { ...WIDE, width }).split('\n');
      expect(Math.max(...lines.map((line) => line.length)), `${width} columns`).toBeLessThanOrEqual(
        Math.min(width, 100),
      );
    }
  });

  it('shows every figure of the document at 100 columns', () => {
    const text = renderTable(document, 'database', { ...WIDE, width: 100 });
    for (const result of document.results.filter(({ workload }) => workload === 'database')) {
      for (const kind of ['reads', 'writes', 'flushes'] as const) {
        const { meanNs, p50Ns, p99Ns, 'p99.9Ns': p999Ns, maxNs } = result[kind].response!;
        const worst = Math.max(...result.vms.map((vm) => vm[kind].response!.p99Ns));
        const figures = [meanNs, p50Ns, p99Ns, p999Ns, maxNs].map(formatNs).join('\\s+');
        expect(text).toMatch(
          new RegExp(`^${result.mode.replace('+', '\\+')}\\s+${figures}\\s.*${formatNs(worst)}`, 'm'),
        );
      }
    }
  });

  it('keeps p50, p99 and the gain on the narrowest terminal', () => {
    const text = renderTable(document, 'database', { ...WIDE, width: 40 });
    expect(text).toMatch(/^writes +p50 +p99 +p50 gain$/m);
  });

  it('aligns right-hand edges of a column', () => {
    const lines = renderTable(document, 'database', WIDE).split('\n');
    const header = lines.findIndex((line) => line.startsWith('writes'));
    const edge = lines[header]!.indexOf(' p99.9') + ' p99.9'.length;
    for (const line of lines.slice(header, header + 6))
      expect(line.slice(edge - 2, edge + 1)).toMatch(/^\S\S( |$)/);
  });

  it('gives the factor as the quotient of the document', () => {
    const of = (mode: string) =>
      document.results.find((result) => result.workload === 'email' && result.mode === mode)!;
    const factor = of('none').writes.response!.p50Ns / of('write-back').writes.response!.p50Ns;
    expect(renderTable(document, 'email', WIDE)).toMatch(
      new RegExp(`^write-back .* ${factor.toFixed(1)}x`, 'm'),
    );
  });

  it('says "none saturates" instead of any factor', () => {
    const saturated = sampleRecording({
      ...small,
      verdicts: { none: [{ name: 'saturated', why: 'it grew' }] },
    });
    const text = renderTable(saturated.document, 'database', WIDE);
    expect(text.match(/none saturates/g)).toHaveLength(12);
    expect(text).not.toMatch(/[0-9]x\b/);
  });

  it('is the same text with colours as without', () => {
    const coloured = renderTable(document, 'database', { ...WIDE, colour: true });
    expect(coloured).toContain('\u001b[1m');
    expect(coloured).toContain('\u001b[32m');
    expect(withoutCodes(coloured)).toBe(renderTable(document, 'database', WIDE));
    expect(renderTable(document, 'database', WIDE)).not.toContain('\u001b');
  });

  it('is plain ASCII where the terminal knows no more', () => {
    const text = renderTable(document, 'database', { ...WIDE, unicode: false });
    expect(text).toMatch(/^[ -~\n]*$/);
    expect(text).toMatch(/[0-9] us/);
  });

  it('strips escape codes, controls and marks of direction from names, and cuts long ones', () => {
    const name = `\u001b[31mred\u001b]0;title\u0007\u202ebackwards\r\n${'x'.repeat(10_000)}`;
    const hostile = sampleRecording({ ...small, workloads: [name] });
    const text = renderTable(hostile.document, name, WIDE);
    expect(text.split('\n')[0]).toBe(`redbackwards${'x'.repeat(27)}…`);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: none may be left
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
  });

  it('ends with three lines: how to read it, the slowest I/Os by VM, I/Os outstanding', () => {
    const lines = (results: RunDocument['results']): string[] =>
      renderTable({ ...document, results }, 'database', { ...WIDE, width: 100 })
        .split('\n')
        .slice(-4);
    const [first, ...others] = document.results.filter(({ workload }) => workload === 'database');
    expect(lines([first!, ...others])).toEqual([
      '',
      'Response times; gain = latency of none / latency of the mode.',
      'Slowest 1 % of I/Os: at most 38 % on one of 3 VMs (vm2, none).',
      'I/Os outstanding, mean / most: recorded 1.8 / 40, replayed on 3 VMs 2.25 / 71.',
    ]);
    const busier = { ...others[0]!, outstanding: { mean: 7.5, max: 71 }, vms: [...first!.vms].reverse() };
    const worst = { ...busier, vms: [{ ...first!.vms[0]!, name: 'vm9', slowestShare: 0.9 }, first!.vms[1]!] };
    expect(lines([first!, busier, worst]).slice(2)).toEqual([
      'Slowest 1 % of I/Os: at most 90 % on one of 2 VMs (vm9, write-through).',
      'I/Os outstanding, mean / most: recorded 1.8 / 40, replayed on 3 VMs 2.25 to 7.5 / 71.',
    ]);
    const single = { ...first!, vms: [first!.vms[0]!] };
    expect(lines([single]).join('\n')).toMatch(/mode\.\nI\/Os .*, replayed 2\.25 \/ 71\.$/);
  });

  it('says of a job that it was run, with nothing recorded to hold it against', () => {
    const workloads = document.workloads.map((workload) => ({ ...workload, format: 'fio job' }));
    const text = renderTable({ ...document, workloads, replay: 'as the jobs say' }, 'database', WIDE);
    expect(text).toContain(', fio job, run as the jobs say');
    expect(text).toMatch(/^I\/Os outstanding, mean \/ most: [0-9].* on 3 VMs\.$/m);
    expect(text).not.toMatch(/replay|record/);
  });

  it('leaves out kinds that the load has not', () => {
    const results = document.results.map((result) => ({
      ...result,
      flushes: { count: 0, response: null, service: null },
    }));
    expect(renderTable({ ...document, results }, 'database', WIDE)).not.toMatch(/^flushes/m);
  });
});
