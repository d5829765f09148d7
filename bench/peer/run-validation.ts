/**
 * `npm run docs:validation`: the curves and figures of docs/validation.md, from the models and the formulae. The tests in
 * reference/devices/theory hold the same models to 0.5 % with many more requests.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { DEVICE_READ, DEVICE_SEND, DEVICE_WRITE } from '../../reference/devices/api.ts';
import { loadDevice, resolveParameters } from '../../reference/devices/registry.ts';
import { parseServiceTime, type ServiceTime } from '../../reference/devices/service-time.ts';
import { meanResponse } from '../../reference/devices/theory/batch-means.ts';
import { runClosedLoop, runOpenLoop } from '../../reference/devices/theory/device-loop.ts';
import { greedyWriteAmplification } from '../../reference/devices/theory/greedy-cleaning.ts';
import { mgk } from '../../reference/devices/theory/queueing.ts';

const UTILISATIONS = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9];
const COUNT = 2_000_000;
const UNLIMITED = {
  channelBandwidth: 'unlimited',
  readBandwidth: 'unlimited',
  writeBandwidth: 'unlimited',
};

interface Point {
  readonly x: number;
  readonly formula: number;
  readonly simulated: number;
  /** Half of the 95 % interval; 0 where there is none. */
  readonly halfWidth: number;
}

interface Curve {
  readonly name: string;
  readonly points: readonly Point[];
}

async function queueCurve(
  name: string,
  model: string,
  overrides: Record<string, unknown>,
  service: ServiceTime,
  servers: number,
): Promise<Curve> {
  const loaded = await loadDevice(model, '.');
  const { parameters } = resolveParameters(loaded, { overrides });
  const request =
    model === 'link'
      ? { operation: DEVICE_SEND, bytes: service.meanNs }
      : { operation: DEVICE_READ, bytes: 512 };
  const points = UTILISATIONS.map((x) => {
    const mean = `${Math.round(service.meanNs / x / servers)}ns`;
    const interval = parseServiceTime({ distribution: 'exponential', mean });
    const { batches } = runOpenLoop(
      { model: loaded.model, parameters, seed: 7, requests: [{ ...request, share: 1 }], count: COUNT },
      interval,
    );
    const { mean: simulated, halfWidth } = meanResponse(batches, interval.meanNs, service.meanNs);
    const formula = mgk(servers, 1 / interval.meanNs, service).meanResponseNs;
    return {
      x,
      formula: formula / service.meanNs,
      simulated: simulated / service.meanNs,
      halfWidth: halfWidth / service.meanNs,
    };
  });
  return { name, points };
}

async function cleaningCurve(): Promise<Curve> {
  const loaded = await loadDevice('ssd', '.');
  const [blocksPerDie, slots] = [512, 64];
  const points = [0.08, 0.12, 0.2, 0.28, 0.4, 0.6, 1].map((overProvisioning) => {
    const shape = { channels: 1, diesPerChannel: 1, page: '4KiB', planes: 1, pagesPerBlock: slots };
    const { parameters } = resolveParameters(loaded, {
      overrides: { ...shape, blocksPerDie, overProvisioning, writeBuffer: '64KiB' },
    });
    const { device } = runClosedLoop({
      model: loaded.model,
      parameters,
      seed: 1,
      requests: [{ operation: DEVICE_WRITE, bytes: 4096, spanBytes: 2 ** 36, share: 1 }],
      count: 300_000,
      customers: 16,
      think: parseServiceTime('1us'),
    });
    const { programmedBytes, movedBytes } = device.statistics();
    const logical = Math.floor((blocksPerDie * slots) / (1 + overProvisioning));
    return {
      x: overProvisioning,
      formula: greedyWriteAmplification(slots, ((blocksPerDie - 1.5) * slots) / logical),
      simulated: (programmedBytes! + movedBytes!) / programmedBytes!,
      halfWidth: 0,
    };
  });
  return { name: 'greedy cleaning', points };
}

const [WIDTH, HEIGHT, MARGIN] = [720, 400, 56];
const COLOURS = ['#2563eb', '#d97706', '#059669', '#db2777'];

function chart(title: string, xLabel: string, yLabel: string, curves: readonly Curve[]): string {
  const all = curves.flatMap(({ points }) => points);
  const xMax = Math.max(...all.map(({ x }) => x));
  const yMax = Math.ceil(Math.max(...all.map(({ formula, simulated }) => Math.max(formula, simulated))));
  const px = (x: number): string => (MARGIN + (x / xMax) * (WIDTH - 2 * MARGIN)).toFixed(1);
  const py = (y: number): string => (HEIGHT - MARGIN - (y / yMax) * (HEIGHT - 2 * MARGIN)).toFixed(1);
  const ticks = [0, 0.25, 0.5, 0.75, 1];
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${title}">`,
    '<style>text{font:13px system-ui,sans-serif;fill:#1f2937}.g{stroke:#9ca3af55}.p{fill:#ffffff}.b{fill:#ffffff}@media(prefers-color-scheme:dark){text{fill:#e5e7eb}.b,.p{fill:#111827}}</style>',
    `<rect class="b" width="${WIDTH}" height="${HEIGHT}"/>`,
    `<text x="${MARGIN}" y="24" font-weight="600">${title}</text>`,
    `<text x="${WIDTH / 2}" y="${HEIGHT - 12}" text-anchor="middle">${xLabel}</text>`,
    `<text x="${MARGIN}" y="44">${yLabel}</text>`,
  ];
  for (const tick of ticks) {
    const y = tick * yMax;
    parts.push(
      `<line class="g" x1="${MARGIN}" x2="${WIDTH - MARGIN}" y1="${py(y)}" y2="${py(y)}"/>`,
      `<text x="${MARGIN - 8}" y="${Number(py(y)) + 4}" text-anchor="end">${Number(y.toFixed(2))}</text>`,
      `<text x="${px(tick * xMax)}" y="${HEIGHT - MARGIN + 18}" text-anchor="middle">${Number((tick * xMax).toFixed(3))}</text>`,
    );
  }
  for (const [i, { name, points }] of curves.entries()) {
    const colour = COLOURS[i % COLOURS.length]!;
    parts.push(
      `<polyline fill="none" stroke="${colour}" stroke-width="2" points="${points.map(({ x, formula }) => `${px(x)},${py(formula)}`).join(' ')}"/>`,
      ...points.map(
        ({ x, simulated }) =>
          `<circle class="p" cx="${px(x)}" cy="${py(simulated)}" r="4" stroke="${colour}" stroke-width="2"/>`,
      ),
      `<text x="${MARGIN + 90}" y="${66 + 18 * i}">${name}</text>`,
      `<line x1="${MARGIN + 56}" x2="${MARGIN + 82}" y1="${62 + 18 * i}" y2="${62 + 18 * i}" stroke="${colour}" stroke-width="2"/>`,
    );
  }
  return `${parts.join('\n')}\n</svg>\n`;
}

function table(curve: Curve, xLabel: string): string {
  const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const percent = (share: number): string => `${share >= 0 ? '+' : ''}${(100 * share).toFixed(2)} %`;
  const header = [xLabel, 'formula', 'simulated', 'difference', '95 % interval'];
  const cells = [
    header,
    ...curve.points.map(({ x, formula, simulated, halfWidth }) => [
      String(x),
      formula.toFixed(4),
      simulated.toFixed(4),
      percent(simulated / formula - 1),
      halfWidth === 0 ? '–' : `± ${(100 * (halfWidth / formula)).toFixed(2)} %`,
    ]),
  ];
  const widths = header.map((_, i) => Math.max(...cells.map((line) => line[i]!.length)));
  const lines = cells.map((line) => row(line.map((cell, i) => cell.padEnd(widths[i]!))));
  lines.splice(1, 0, row(widths.map((width) => '-'.repeat(width))));
  return `### ${curve.name}\n\n${lines.join('\n')}\n`;
}

const exponential = { distribution: 'exponential', mean: '100us' };
const lognormal = { distribution: 'lognormal', median: '80us', p99: '300us' };
const bare = { overhead: 0, hold: 0, stripe: '64MiB', ...UNLIMITED };
const queues = [
  await queueCurve(
    'M/M/1 (flash, one channel)',
    'flash',
    { ...bare, channels: 1, read: exponential },
    parseServiceTime(exponential),
    1,
  ),
  await queueCurve(
    'M/D/1 (link)',
    'link',
    { latency: 0, bandwidth: '1GB/s', overhead: 0 },
    parseServiceTime('100us'),
    1,
  ),
  await queueCurve(
    'M/G/1 (flash, lognormal)',
    'flash',
    { ...bare, channels: 1, read: lognormal },
    parseServiceTime(lognormal),
    1,
  ),
  await queueCurve(
    'M/M/4 (flash, four channels)',
    'flash',
    { ...bare, channels: 4, read: exponential },
    parseServiceTime(exponential),
    4,
  ),
];
const cleaning = await cleaningCurve();

const docs = new URL('../../../docs/', import.meta.url);
writeFileSync(
  new URL('validation-queues.svg', docs),
  chart(
    'Mean response over mean service: lines are formulae, circles are models',
    'utilisation',
    'response / service',
    queues,
  ),
);
writeFileSync(
  new URL('validation-cleaning.svg', docs),
  chart(
    'Write amplification under uniform writes: the line is the formula',
    'over-provisioning',
    'write amplification',
    [cleaning],
  ),
);
const page = new URL('validation.md', docs);
const mark = '<!-- generated by npm run docs:validation -->\n';
const [text] = readFileSync(page, 'utf8').split(mark);
const tables = [...queues.map((curve) => table(curve, 'utilisation')), table(cleaning, 'over-provisioning')];
writeFileSync(page, `${text}${mark}\n${tables.join('\n')}`);
