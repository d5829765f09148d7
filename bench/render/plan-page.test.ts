/** The page of a plan as a browser shows it. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PlanDocument, PlanPoint } from '../../results/schema/plan-document.ts';
import { sampleRecording } from '../../results/testing/sample-recording.ts';
import { planPage } from './plan-page.ts';

const CHROMIUM = '/usr/bin/chromium';
const present = existsSync(CHROMIUM);
const HOSTILE = '<img src=x onerror="globalThis.alerted=1">';

function planOf(): PlanDocument {
  const { results } = sampleRecording({ intervals: 4, iosPerVm: 400 }).document;
  const points = results.flatMap((result): PlanPoint[] =>
    ['50G', '100G', HOSTILE].map((capacity) => ({
      config: {
        workloads: [HOSTILE],
        scenario: 'datacentre-2014',
        settings: [`flash.capacity=${capacity}`],
        mode: result.mode,
        speed: 1,
        seeds: [1],
        command: `fvp bench run '${HOSTILE}' --set 'flash.capacity=${capacity}'`,
      },
      met: capacity === '50G',
      cost: {
        parts: { hosts: 3, flashHosts: 3, flashBytes: 1e11, replicas: 0, spindles: 48 },
        price: null,
        currency: null,
      },
      objectives: [],
      results: [{ ...result, workload: HOSTILE }],
      spread: [],
      figures: {},
    })),
  );
  return {
    schema: 'fvp.plan/1',
    question: 'sweep',
    objectives: ['writes.p99<1ms'],
    answer: null,
    runnerUp: null,
    points,
    pareto: [0],
    pruned: [{ config: points[0]!.config, why: `because of ${HOSTILE}` }],
    notes: [`a note with ${HOSTILE}`],
  };
}

describe.skipIf(!present)(
  `a plan's page in Chromium${present ? '' : ' (not run: needs chromium: apt-get install chromium)'}`,
  () => {
    let browser: Browser;
    let folder: string;
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'fvp-plan-page-'));
      browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
      await writeFile(join(folder, 'plan.html'), planPage(planOf()));
    });
    afterAll(async () => {
      await browser?.close();
      await rm(folder, { recursive: true });
    });

    it.each([
      [360, 'light'],
      [1280, 'dark'],
      [2560, 'light'],
    ] as const)(
      '%i px, %s: fits, asks for nothing, and follows what is chosen',
      async (width, colorScheme) => {
        const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme });
        const page = await context.newPage();
        const complaints: string[] = [];
        const requests: string[] = [];
        page.on('console', (message) => complaints.push(message.text()));
        page.on('pageerror', (error) => complaints.push(String(error)));
        page.on('request', (request) => requests.push(request.url()));
        await page.goto(pathToFileURL(join(folder, 'plan.html')).href);
        expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
        const rows = page.locator('[data-plan=table] tbody tr');
        const points = planOf().points.length;
        expect(await rows.count()).toBe(points);
        expect(await page.locator('[data-plan=coordinates] .line').count()).toBe(points);
        await rows.first().click();
        expect(await page.locator('[data-plan=chosen]').textContent()).toContain('fvp bench run');
        const axis = await page.locator('[data-plan=coordinates] .hit').first().boundingBox();
        await page.mouse.move(axis!.x + 16, axis!.y + axis!.height - 4);
        await page.mouse.down();
        await page.mouse.move(axis!.x + 16, axis!.y + axis!.height * 0.9);
        await page.mouse.up();
        const kept = await rows.count();
        expect(kept).toBeGreaterThan(0);
        expect(kept).toBeLessThan(points);
        await page.getByRole('button', { name: 'Show all again' }).click();
        expect(await rows.count()).toBe(points);
        expect(await page.evaluate('globalThis.alerted')).toBeUndefined();
        expect([complaints, requests.slice(1)]).toEqual([[], []]);
        await context.close();
      },
    );
  },
);
