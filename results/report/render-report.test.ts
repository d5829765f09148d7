/** The page as text: whole, escaped, and the same every time. */
import { describe, expect, it } from 'vitest';
import { type SampleOptions, sampleRecording } from '../testing/sample-recording.ts';
import { renderReport } from './render-report.ts';

const SMALL: SampleOptions = { intervals: 6, iosPerVm: 300, modes: ['none', 'write-back'] };

describe('renderReport', () => {
  const html = renderReport(sampleRecording(SMALL));

  it('is the same text for the same recording', () => {
    expect(renderReport(sampleRecording(SMALL))).toBe(html);
  });

  it('refers to nothing outside itself', () => {
    const parts = html.replace(/<script>[\s\S]*?<\/script>/g, '');
    expect(
      parts
        .match(/(?:src|href|action|srcset)\s*=\s*"[^"]*"/g)!
        .filter((text) => !/="(?:#|data:,)/.test(text)),
    ).toEqual([]);
    expect(parts).not.toMatch(/url\(|@import|https?:/);
    expect(html).not.toMatch(/sourceMappingURL/);
    expect(html).toContain("default-src 'none'");
  });

  it('says "none saturates" where none does, and gives no factor', () => {
    const saturated = renderReport(
      sampleRecording({ ...SMALL, verdicts: { none: [{ name: 'saturated', why: 'it grew' }] } }),
    );
    expect(saturated.match(/<td class="note" colspan="2">none saturates<\/td>/g)).toHaveLength(6);
    expect(saturated).not.toMatch(/<td[^>]*>[0-9.]+x</);
    expect(html).toMatch(/<td[^>]*>[0-9.]+x</);
  });

  it('shows each verdict once, with the modes it holds for and the numbers of one', () => {
    const cold = (why: string) => ({ name: 'cold' as const, why });
    const page = renderReport(
      sampleRecording({
        ...SMALL,
        workloads: ['database'],
        modes: ['none', 'write-through', 'write-back'],
        verdicts: {
          'write-through': [cold('hits 33 %')],
          'write-back': [cold('hits 34 %'), { name: 'burst', why: 'it fell short' }],
        },
      }),
    );
    expect(/<dl class="badges">(.*?)<\/dl>/.exec(page)![1]).toBe(
      '<div><dt>burst in write-back.</dt><dd>it fell short.</dd></div>' +
        '<div><dt>cold in every mode but none.</dt><dd><bdi>write-back</bdi>: hits 34\u00a0%.</dd></div>',
    );
  });

  it("names the array's flush setting beside the scenario", () => {
    const withFlush = (flush: string, device = 'array'): string =>
      renderReport(sampleRecording({ ...SMALL, scenario: { name: 'x', datastore: { device, flush } } }));
    expect(withFlush('roundtrip')).toMatch(/<dt>Flushes at the array<\/dt><dd>array\.flush: roundtrip /);
    expect(withFlush('drain')).toMatch(/<dt>Flushes at the array<\/dt><dd>array\.flush: drain /);
    expect(withFlush('drain', 'fixed')).not.toContain('Flushes at the array');
    expect(withFlush('<b>')).not.toContain('Flushes at the array');
  });

  it('shows hostile names without running, turning or breaking on them', () => {
    const evil = '</script><script>alert(1)</script><img src=x onerror=alert(2)>&"\'';
    const names = [evil, '\u202egnp.exe', 'עברית', '😀'.repeat(100), `long ${'y'.repeat(10_000)}`];
    const recording = sampleRecording({
      ...SMALL,
      workloads: names,
      modes: ['none', evil],
      verdicts: { none: [{ name: 'cold', why: evil }] },
      scenario: { name: evil, '</pre>': { nested: '\u202e' } },
    });
    const page = renderReport(recording);
    expect(page.match(/<script/g)).toHaveLength(3);
    expect(page.match(/<\/script>/g)).toHaveLength(3);
    expect(page).not.toContain('<img');
    expect(page.match(/<pre /g)!.length).toBe(page.match(/<\/pre>/g)!.length);
    // The one raw mark of direction is isolated; in the scenario's text it is spelt out.
    expect(page).toContain('<bdi>\u202egnp.exe</bdi>');
    expect(page).toContain('\\u202e');
    expect(page).toContain(`<bdi>long ${'y'.repeat(10_000)}</bdi>`);
    expect(page.match(/y{200}/g)!.length).toBe(50);
  });

  it('stays under 3 MB for twelve modes over 24 hours', () => {
    const modes = ['none', 'write-through', ...Array.from({ length: 10 }, (_, i) => `write-back+${i}`)];
    const day = sampleRecording({ workloads: ['database'], modes, intervals: 255, iosPerVm: 20_000 });
    expect(Buffer.byteLength(renderReport(day))).toBeLessThan(3e6);
  }, 60_000);

  it('has a table row and a chart line for every mode', () => {
    const all = renderReport(sampleRecording({ intervals: 6, iosPerVm: 300, workloads: ['database'] }));
    for (const mode of ['none', 'write-through', 'write-back', 'write-back+1', 'write-back+2']) {
      expect(all.split(`<bdi>${mode}</bdi></th><td>`).length - 1, mode).toBeGreaterThanOrEqual(3);
    }
    const figures = JSON.parse(/id="figures">([^<]*)</.exec(all)![1]!) as {
      modes: unknown[];
      series: unknown[];
    }[];
    // Percentiles and time of three kinds, dirty data and time to destage, three charts of four layers, hits.
    expect(figures.map(({ modes }) => modes.length).slice(0, 12)).toEqual([
      5, 5, 5, 5, 5, 5, 3, 3, 4, 4, 4, 4,
    ]);
  });
});
