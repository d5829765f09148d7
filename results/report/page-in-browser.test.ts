/** The page as a browser shows it. */
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import axe from 'axe-core';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readHlog } from '../hdr/hlog.ts';
import { type SampleOptions, sampleRecording } from '../testing/sample-recording.ts';
import { renderReport } from './render-report.ts';

const CHROMIUM = '/usr/bin/chromium';
const present = existsSync(CHROMIUM);
const WIDTHS = [360, 1280, 2560];

/** The Chart.js objects of the page, as far as they are asked about here. */
interface DrawnChart {
  readonly data: { readonly datasets: readonly { readonly label: string; readonly borderColor: string }[] };
  isDatasetVisible(index: number): boolean;
  getDatasetMeta(index: number): {
    readonly data: readonly { readonly options: { readonly backgroundColor: string } }[];
  };
  readonly scales: Readonly<Record<'x' | 'y', { readonly ticks: readonly { readonly label: string }[] }>>;
}
declare const Chart: { getChart(canvas: unknown): DrawnChart };
declare const document: {
  readonly documentElement: { readonly scrollWidth: number; readonly dataset: Record<string, string> };
  readonly body: unknown;
  querySelectorAll(
    selector: string,
  ): Iterable<{ scrollWidth: number; clientWidth: number; textContent: string }>;
};
declare const innerWidth: number;
declare const alerted: number | undefined;

describe.skipIf(!present)(
  `the report in Chromium${present ? '' : ' (not run: needs chromium: apt-get install chromium)'}`,
  () => {
    let browser: Browser;
    let folder: string;
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'fvp-report-'));
      browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
    });
    afterAll(async () => {
      await browser?.close();
      await rm(folder, { recursive: true });
    });

    async function opened(options: SampleOptions, width: number, colorScheme: 'light' | 'dark' = 'light') {
      const path = join(folder, 'report.html');
      await writeFile(path, renderReport(sampleRecording({ intervals: 12, iosPerVm: 600, ...options })));
      const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme });
      const page = await context.newPage();
      const complaints: string[] = [];
      const requests: string[] = [];
      page.on('console', (message) => complaints.push(message.text()));
      page.on('pageerror', (error) => complaints.push(String(error)));
      page.on('request', (request) => requests.push(request.url()));
      const url = pathToFileURL(path).href;
      await page.goto(url);
      return {
        page,
        complaints,
        requests: requests.filter((each) => each !== url),
        close: () => context.close(),
      };
    }

    const firstChart = (page: Page) =>
      page.evaluate(() => {
        const chart = Chart.getChart([...document.querySelectorAll('canvas')][0]);
        return {
          visible: chart.data.datasets.map((_, i) => chart.isDatasetVisible(i)),
          labels: chart.data.datasets.map(({ label }) => label),
          colours: chart.data.datasets.map(({ borderColor }) => borderColor),
          xTicks: chart.scales.x.ticks.map(({ label }) => label),
        };
      });

    const hostile: SampleOptions = {
      modes: ['none', 'write-back', '</script><b>mode</b>', '\u202emode'],
      workloads: ['</script><script>alerted = 1</script>', '\u202e😀'.repeat(5000), 'W'.repeat(10_000)],
      scenario: { name: '"><img src=x onerror="alerted=1">' },
      verdicts: { none: [{ name: 'saturated', why: 'x'.repeat(3000) }] },
    };

    for (const width of WIDTHS) {
      it(`has no error, no request and nothing wider than the page at ${width} px`, async () => {
        for (const options of [{}, hostile]) {
          const { page, complaints, requests, close } = await opened(options, width);
          expect(complaints).toEqual([]);
          expect(requests).toEqual([]);
          expect(
            await page.evaluate(() => document.documentElement.scrollWidth - innerWidth),
          ).toBeLessThanOrEqual(0);
          expect(await page.evaluate(() => typeof alerted)).toBe('undefined');
          // A chart has a size of its own and lies within its card.
          const canvases = page.locator('canvas');
          expect(await canvases.count()).toBeGreaterThanOrEqual(
            (options.workloads ?? ['database', 'email']).length * 7,
          );
          await page.locator('html[data-drawn=true]').waitFor();
          for (const box of [await canvases.first().boundingBox(), await canvases.last().boundingBox()]) {
            expect(box!.width).toBeGreaterThan(220);
            expect(box!.height).toBeGreaterThan(200);
            expect(box!.x + box!.width).toBeLessThanOrEqual(width);
          }
          await close();
        }
      });
    }

    it('hides and shows lines by its legend, with the keyboard too', async () => {
      const { page, complaints, close } = await opened({}, 1280);
      const before = await firstChart(page);
      expect(before.labels.slice(0, 2)).toEqual(['none, response time', 'none, service time']);
      expect(before.visible.slice(0, 4)).toEqual([true, false, true, false]);
      const legend = page.locator('figure').first().locator('.legend button');
      await legend.filter({ hasText: 'none' }).click();
      expect((await firstChart(page)).visible.slice(0, 4)).toEqual([false, false, true, false]);
      expect(await legend.filter({ hasText: 'none' }).getAttribute('aria-pressed')).toBe('false');
      await legend.filter({ hasText: 'service time' }).focus();
      await page.keyboard.press('Enter');
      expect((await firstChart(page)).visible.slice(0, 4)).toEqual([false, false, true, true]);
      await legend.filter({ hasText: 'none' }).press('Space');
      expect((await firstChart(page)).visible.slice(0, 4)).toEqual([true, true, true, true]);
      expect(complaints).toEqual([]);
      await close();
    });

    it('has nothing that axe finds serious, in both themes, with the tables of its charts open', async () => {
      for (const theme of ['light', 'dark'] as const) {
        const options = { workloads: ['database'], modes: ['none', 'write-back'] };
        const { page, complaints, close } = await opened(options, 1280, theme);
        for (const summary of (await page.locator('figure details.data summary').all()).slice(0, 2))
          await summary.click();
        await page.evaluate(axe.source);
        const { violations } = (await page.evaluate(
          "axe.run({ resultTypes: ['violations'] })",
        )) as axe.AxeResults;
        expect(
          violations
            .filter(({ impact }) => impact === 'serious' || impact === 'critical')
            .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).slice(0, 3)}`),
        ).toEqual([]);
        expect(complaints).toEqual([]);
        await close();
      }
    }, 120_000);

    it("gives a chart's figures as a table and as files", async () => {
      const { page, close } = await opened({ workloads: ['database'] }, 1280);
      const figure = page.locator('figure').first();
      await figure.locator('summary').click();
      expect(await figure.getByRole('columnheader').allInnerTexts()).toContain('write-back+1, response time');
      const rows = await figure.getByRole('row').count();
      expect(rows).toBeGreaterThan(40);
      const download = async (name: string): Promise<string> => {
        const waiting = page.waitForEvent('download');
        await figure.getByRole('button', { name, exact: false }).click();
        const path = join(folder, (await waiting).suggestedFilename());
        await (await waiting).saveAs(path);
        return path;
      };
      const csv = await readFile(await download('as CSV'), 'utf8');
      expect(csv.trimEnd().split('\r\n')).toHaveLength(rows);
      const json = JSON.parse(await readFile(await download('as JSON'), 'utf8')) as { lines: unknown[] };
      expect(json.lines).toHaveLength(10);
      const log = readHlog(await readFile(await download('hlog'), 'utf8'), 'x');
      expect(log.map(({ tag }) => tag)).toContain('write-back+1.response');
      const png = await readFile(await download('as PNG'));
      expect(png.subarray(1, 4).toString()).toBe('PNG');
      // The same histograms are offered where latencies are shown over time.
      const later = page.locator('figure').filter({ hasText: 'Read latency over time' });
      await later.locator('summary').click();
      const waiting = page.waitForEvent('download');
      await later.getByRole('button', { name: 'hlog', exact: false }).click();
      const again = join(folder, 'again.hlog');
      await (await waiting).saveAs(again);
      expect(readHlog(await readFile(again, 'utf8'), 'x')).toEqual(log);
      await close();
    });

    it('shades the windows it is given, and lets them be switched off', async () => {
      const path = join(folder, 'windows.html');
      const recording = sampleRecording({ intervals: 12, iosPerVm: 300, workloads: ['database'] });
      const fault = {
        workload: 'database',
        fromNs: 1e9,
        untilNs: 2e9,
        kind: 'fault' as const,
        label: 'esx2 </script> down',
      };
      await writeFile(path, renderReport({ ...recording, windows: [fault] }));
      const page = await browser.newPage();
      await page.goto(pathToFileURL(path).href);
      const figure = page.locator('figure').filter({ hasText: 'Write latency over time' });
      const button = figure.getByRole('button', { name: 'faults' });
      expect(await button.getAttribute('aria-pressed')).toBe('true');
      const pixels = () =>
        figure
          .locator('canvas')
          .evaluate((canvas) => (canvas as unknown as { toDataURL(): string }).toDataURL());
      const shaded = await pixels();
      await button.click();
      expect(await pixels()).not.toBe(shaded);
      await page.close();
    });

    it('draws bars in the colours of its legend', async () => {
      const { page, close } = await opened({ workloads: ['database'] }, 1280);
      await page.locator('html[data-drawn=true]').waitFor();
      const colours = await page
        .locator('figure')
        .filter({ hasText: 'Flash wear' })
        .locator('canvas')
        .evaluate((canvas) => {
          const chart = Chart.getChart(canvas);
          return chart.data.datasets.map(({ borderColor }, i) => [
            borderColor,
            chart.getDatasetMeta(i).data[0]!.options.backgroundColor,
          ]);
        });
      expect(colours[0]).toEqual(['#1a1f24', '#1a1f24']);
      for (const [legend, bar] of colours) expect(bar).toBe(legend);
      await close();
    });

    it('shows the layers of one mode at a time', async () => {
      const { page, close } = await opened({ workloads: ['database'] }, 1280);
      const figure = page.locator('figure').filter({ hasText: 'Bandwidth by layer' });
      const pressed = () => figure.locator('.legend button.choice[aria-pressed=true]').allInnerTexts();
      expect(await pressed()).toEqual(['write-back+1']);
      await figure.getByRole('button', { name: 'write-through' }).click();
      expect(await pressed()).toEqual(['write-through']);
      const shown = await figure.locator('canvas').evaluate((canvas) => {
        const chart = Chart.getChart(canvas);
        return chart.data.datasets.flatMap(({ label }, i) => (chart.isDatasetVisible(i) ? [label] : []));
      });
      expect(shown.every((label) => label.endsWith(', write-through'))).toBe(true);
      expect(shown).toContain('datastore, write-through');
      await close();
    });

    it('marks the nines of the percentile axis', async () => {
      const { page, close } = await opened({}, 1280);
      expect((await firstChart(page)).xTicks.slice(0, 3)).toEqual(['0', '90', '99']);
      await close();
    });

    it('follows the theme of the system and its own button', async () => {
      const { page, close } = await opened({}, 1280, 'dark');
      const background = () => page.evaluate('getComputedStyle(document.body).backgroundColor');
      expect(await background()).toBe('rgb(17, 21, 26)');
      expect((await firstChart(page)).colours[0]).toBe('#e7eaed');
      await page.getByRole('button', { name: 'Light theme' }).click();
      expect(await background()).toBe('rgb(247, 247, 245)');
      expect((await firstChart(page)).colours[0]).toBe('#1a1f24');
      await page.emulateMedia({ colorScheme: 'light' });
      await page.getByRole('button', { name: 'Dark theme' }).click();
      expect(await background()).toBe('rgb(17, 21, 26)');
      await close();
    });

    it('shows its tables without scripts', async () => {
      const path = join(folder, 'plain.html');
      await writeFile(path, renderReport(sampleRecording({ intervals: 6, iosPerVm: 300 })));
      const context = await browser.newContext({ javaScriptEnabled: false });
      const page = await context.newPage();
      await page.goto(pathToFileURL(path).href);
      expect(await page.getByRole('cell', { name: /x$/ }).first().isVisible()).toBe(true);
      await context.close();
    });
  },
);
