/**
 * `npm run docs:claims`: runs every command of docs/claims.md with `--json` and writes the figures between the page's
 * marks. A claim whose verdict the figures no longer carry is an error, and the page stays as it is.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { formatCount, formatNs, formatPercent } from '../../reference/kernel/units.ts';
import { downSpans } from '../../results/report/fault-windows.ts';
import type { PlanDocument } from '../../results/schema/plan-document.ts';
import type {
  LatencySummary,
  ModeResult,
  RunDocument,
  RunEvents,
} from '../../results/schema/run-document.ts';
import type { FuzzSummary } from '../fuzz/run-fuzz.ts';

const WORKLOADS = ['database', 'email'] as const;
type Workload = (typeof WORKLOADS)[number];
const ROOT = new URL('../../../', import.meta.url);
const FVP = fileURLToPath(new URL('bench/bin/fvp.js', ROOT));
const PAGE = new URL('docs/claims.md', ROOT);

/** Results, caches and run directories land here. */
const folder = mkdtempSync(join(tmpdir(), 'fvp-claims-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const documents = new Map<string, unknown>();

/** The document of `fvp COMMAND --json`; run once. */
function documentOf<T>(command: string): T {
  if (!documents.has(command)) {
    process.stderr.write(`fvp ${command}\n`);
    const { status, stdout, stderr } = spawnSync(process.execPath, [FVP, ...command.split(' '), '--json'], {
      cwd: folder,
      encoding: 'utf8',
      env: { ...process.env, XDG_CACHE_HOME: join(folder, 'cache') },
      maxBuffer: 2 ** 30,
    });
    if (status !== 0) throw new Error(`fvp ${command}: exit code ${status}\n${stderr}`);
    documents.set(command, JSON.parse(stdout));
  }
  return documents.get(command) as T;
}

function resultOf(command: string, workload: string, mode: string): ModeResult {
  const { results } = documentOf<RunDocument>(command);
  return results.find((result) => result.workload === workload && result.mode === mode)!;
}

function eventsOf(command: string, workload: string, mode: string): RunEvents {
  const { events } = documentOf<RunDocument>(command);
  return events!.find((run) => run.workload === workload && run.mode === mode)!;
}

interface Figure {
  readonly what: string;
  readonly of: (workload: Workload) => string;
}

type Kind = 'reads' | 'writes' | 'flushes';

function latencyNs(command: string, workload: Workload, mode: string, kind: Kind, of: keyof LatencySummary) {
  return resultOf(command, workload, mode)[kind].response![of];
}

const NAMES = { p50Ns: 'median', p99Ns: 'p99', maxNs: 'longest' } as const;

/** A latency without FVP and with it. */
function pair(command: string, kind: Kind, of: keyof typeof NAMES, mode = 'write-back+1'): Figure {
  const noun = { reads: 'read', writes: 'write', flushes: 'flush' }[kind];
  return {
    what: `${NAMES[of]} ${noun}, none → ${mode}`,
    of: (workload) =>
      ['none', mode].map((one) => formatNs(latencyNs(command, workload, one, kind, of))).join(' → '),
  };
}

/** How long the VM stood still in all, or that it is lost. */
function still(command: string, mode: string): Figure {
  return {
    what: `stands still in all, ${mode}`,
    of: (workload) => {
      const run = eventsOf(command, workload, mode);
      if (isLost(run)) return 'lost';
      return stillNs(run) === 0 ? 'not at all' : formatNs(stillNs(run));
    },
  };
}

function isLost({ history }: RunEvents): boolean {
  return history.some(({ event, detail }) => event === 'vm' && detail === 'lost');
}

function stillNs(run: RunEvents): number {
  return downSpans(run).reduce((all, { fromNs, untilNs }) => all + untilNs - fromNs, 0);
}

/** From the order to move until the VM runs there. */
function longestMoveNs({ history }: RunEvents): number {
  return history.reduce((most, { event, vm, atNs }, at) => {
    if (event !== 'migrate') return most;
    const runs = history
      .slice(at)
      .find((one) => one.event === 'vm' && one.vm === vm && one.detail === 'runs');
    return Math.max(most, runs!.atNs - atNs);
  }, 0);
}

function sanIos({ san }: ModeResult): number {
  return [san.reads, san.writes].reduce(
    (all, { guest, destage, record, heartbeat }) => all + guest + destage + record + heartbeat,
    0,
  );
}

/** How many disks `fvp plan san` says could be spared. */
function sparedDisks(workload: Workload): string {
  const { notes } = documentOf<PlanDocument>(`plan san ${workload} --mode write-back+1`);
  const said = notes.join('\n');
  const spared = /: (\d+) could be spared/.exec(said)?.[1] ?? (/spares none/.test(said) ? '0' : undefined);
  if (spared === undefined) throw new Error(`fvp plan san ${workload} does not say what it spares:\n${said}`);
  return `${spared} of 48`;
}

const BENCH = 'bench run';
const WARM = 'bench run --mode none,write-back+1 --preload all';
const TODAY = 'bench run --mode none,write-back,write-back+1 --scenario datacentre-today';
const SLOW = 'cluster run datastore-slow';
const OVERFLOW = 'bench run burst-overflows --mode none,write-back+1';
const CRASH = 'cluster run owner-crash';
const UPGRADE = 'cluster run rolling-upgrade';
const CASCADE = 'cluster run replayer-dies';
const TWO = 'cluster run owner-and-replica-crash --mode write-back+1,write-back+2';
const FLASH_LOST = 'cluster run flash-lost --mode write-back,write-back+1';
const RAM = 'cluster run power-loss-without-flash --mode write-back+2';
const FUZZ = 'cluster fuzz --seeds 100';

const repeated: Figure = {
  what: 'read bytes that were read or written before',
  of: (workload) =>
    formatPercent(
      documentOf<RunDocument>(BENCH).workloads.find(({ name }) => name === workload)!.readCeiling!,
    ),
};
const answered: Figure = {
  what: 'I/Os failed, write-back+1',
  of: (workload) => {
    const { failed, completed } = eventsOf(CRASH, workload, 'write-back+1');
    return `${formatCount(failed)} of ${formatCount(completed)}`;
  },
};
const longestMove: Figure = {
  what: 'longest of six moves, write-back+1',
  of: (workload) => formatNs(longestMoveNs(eventsOf(UPGRADE, workload, 'write-back+1'))),
};
const moreSanIos: Figure = {
  what: 'reads and writes at the SAN, none → write-back+1',
  of: (workload) =>
    ['none', 'write-back+1'].map((mode) => formatCount(sanIos(resultOf(BENCH, workload, mode)))).join(' → '),
};
const sanFlushes: Figure = {
  what: 'flushes at the SAN, none → write-back+1',
  of: (workload) =>
    ['none', 'write-back+1']
      .map((mode) => formatCount(resultOf(BENCH, workload, mode).san.flushes))
      .join(' → '),
};
const spared: Figure = { what: 'disks of the array spared', of: sparedDisks };

/** What a guest byte written costs in write-back with so many replicas. */
function costs(mode: string): readonly Figure[] {
  const perByte = (workload: Workload, bytes: number) => {
    const { writeBytes } = documentOf<RunDocument>(BENCH).workloads.find(({ name }) => name === workload)!;
    return (bytes / (writeBytes * resultOf(BENCH, workload, mode).vms.length)).toFixed(2);
  };
  return [
    {
      what: `bytes on the network for each byte written, ${mode}`,
      of: (workload) => perByte(workload, resultOf(BENCH, workload, mode).network.bytes),
    },
    {
      what: `bytes put on flash for each byte written, ${mode}`,
      of: (workload) => resultOf(BENCH, workload, mode).flash.writeAmplification!.toFixed(2),
    },
  ];
}

interface Claim {
  readonly name: string;
  readonly verdict: string;
  /** In the table at the top. */
  readonly label: string;
  readonly figure: Figure;
  readonly command: string;
  /** Whether the figures still carry the verdict. */
  readonly carried: (workload: Workload) => boolean;
  /** Of the claim's own section, by the command that gives them. */
  readonly measured: readonly { readonly command: string; readonly figures: readonly Figure[] }[];
}

const CLAIMS: Readonly<Record<string, Claim>> = {
  latency: {
    name: 'Flash latency',
    verdict: 'writes, not reads',
    label: 'write p50',
    figure: pair(BENCH, 'writes', 'p50Ns'),
    command: BENCH,
    carried: (workload) =>
      latencyNs(BENCH, workload, 'none', 'writes', 'p50Ns') >
        2 * latencyNs(BENCH, workload, 'write-back+1', 'writes', 'p50Ns') &&
      latencyNs(BENCH, workload, 'none', 'reads', 'p99Ns') <
        1.1 * latencyNs(BENCH, workload, 'write-back+1', 'reads', 'p99Ns') &&
      latencyNs(WARM, workload, 'none', 'reads', 'p50Ns') >
        10 * latencyNs(WARM, workload, 'write-back+1', 'reads', 'p50Ns') &&
      latencyNs(TODAY, workload, 'none', 'writes', 'p50Ns') <
        latencyNs(TODAY, workload, 'write-back+1', 'writes', 'p50Ns'),
    measured: [
      {
        command: BENCH,
        figures: [
          pair(BENCH, 'writes', 'p50Ns', 'write-back'),
          pair(BENCH, 'writes', 'p50Ns'),
          pair(BENCH, 'writes', 'p50Ns', 'write-back+2'),
          pair(BENCH, 'writes', 'p99Ns'),
          pair(BENCH, 'writes', 'p99Ns', 'write-back+2'),
          pair(BENCH, 'flushes', 'p50Ns'),
          pair(BENCH, 'reads', 'p50Ns'),
          pair(BENCH, 'reads', 'p99Ns'),
          repeated,
        ],
      },
      { command: WARM, figures: [pair(WARM, 'reads', 'p50Ns'), pair(WARM, 'reads', 'p99Ns')] },
      {
        command: TODAY,
        figures: [
          pair(TODAY, 'writes', 'p50Ns', 'write-back'),
          pair(TODAY, 'writes', 'p50Ns'),
          pair(TODAY, 'writes', 'p99Ns'),
        ],
      },
    ],
  },
  steady: {
    name: 'Steady writes',
    verdict: 'until full',
    label: 'write p99',
    figure: pair(SLOW, 'writes', 'p99Ns'),
    command: SLOW,
    carried: (workload) =>
      latencyNs(SLOW, workload, 'none', 'writes', 'p99Ns') >
      5 * latencyNs(SLOW, workload, 'write-back+1', 'writes', 'p99Ns'),
    measured: [
      {
        command: SLOW,
        figures: [
          pair(SLOW, 'writes', 'p50Ns'),
          pair(SLOW, 'writes', 'p99Ns'),
          pair(SLOW, 'writes', 'maxNs'),
          pair(SLOW, 'reads', 'p99Ns'),
        ],
      },
    ],
  },
  guests: {
    name: 'Same guests',
    verdict: 'in a replay',
    label: 'failed',
    figure: answered,
    command: CRASH,
    carried: (workload) => eventsOf(CRASH, workload, 'write-back+1').failed === 0,
    measured: [{ command: CRASH, figures: [answered, still(CRASH, 'none'), still(CRASH, 'write-back+1')] }],
  },
  mobility: {
    name: 'Mobility',
    verdict: 'yes, by a drain',
    label: 'move',
    figure: longestMove,
    command: UPGRADE,
    carried: (workload) => longestMoveNs(eventsOf(UPGRADE, workload, 'write-back+1')) < 1e9,
    measured: [
      {
        command: UPGRADE,
        figures: [
          longestMove,
          pair(UPGRADE, 'writes', 'p99Ns'),
          pair(UPGRADE, 'writes', 'maxNs'),
          pair(UPGRADE, 'writes', 'p99Ns', 'write-back+2'),
          pair(UPGRADE, 'reads', 'maxNs'),
        ],
      },
    ],
  },
  cascades: {
    name: 'Cascades',
    verdict: 'with two replicas',
    label: 'still, +2',
    figure: still(CASCADE, 'write-back+2'),
    command: CASCADE,
    carried: (workload) => {
      const run = eventsOf(CASCADE, workload, 'write-back+2');
      return !isLost(run) && run.failed === 0 && isLost(eventsOf(RAM, workload, 'write-back+2'));
    },
    measured: [
      {
        command: CASCADE,
        figures: ['none', 'write-back', 'write-back+1', 'write-back+2'].map((mode) => still(CASCADE, mode)),
      },
      { command: TWO, figures: [still(TWO, 'write-back+1'), still(TWO, 'write-back+2')] },
      { command: FLASH_LOST, figures: [still(FLASH_LOST, 'write-back'), still(FLASH_LOST, 'write-back+1')] },
      { command: RAM, figures: [still(RAM, 'write-back+2')] },
    ],
  },
  coordinator: {
    name: 'No coordinator',
    verdict: "by the SAN's lock",
    label: 'still, +1',
    figure: still(CRASH, 'write-back+1'),
    command: CRASH,
    carried: (workload) => !isLost(eventsOf(CRASH, workload, 'write-back+1')),
    measured: [
      {
        command: CRASH,
        figures: ['none', 'write-through', 'write-back', 'write-back+1', 'write-back+2'].map((mode) =>
          still(CRASH, mode),
        ),
      },
    ],
  },
  efficiency: {
    name: 'Efficiency',
    verdict: 'next to none here',
    label: 'spared',
    figure: spared,
    command: 'plan san database',
    carried: (workload) =>
      sanIos(resultOf(BENCH, workload, 'write-back+1')) >= 0.9 * sanIos(resultOf(BENCH, workload, 'none')),
    measured: [
      { command: 'plan san email --mode write-back+1', figures: [spared] },
      {
        command: BENCH,
        figures: [moreSanIos, sanFlushes, ...costs('write-back+1'), ...costs('write-back+2')],
      },
    ],
  },
};

/** Padded as biome wants it. */
function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((_, i) => Math.max(...[header, ...rows].map((cells) => cells[i]!.length)));
  const row = (cells: readonly string[]) =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i]!)).join(' | ')} |`;
  return [row(header), row(widths.map((width) => '-'.repeat(width))), ...rows.map(row)].join('\n');
}

function summaryTable(): string {
  return table(
    ['claim', 'verdict', 'figure', 'database', 'e-mail', 'command'],
    Object.values(CLAIMS).map(({ name, verdict, label, figure, command }) => [
      name,
      verdict,
      label,
      ...WORKLOADS.map((workload) => figure.of(workload).replace(/^(\S+) (\S+) → (\S+) \2$/, '$1 → $3 $2')),
      `\`fvp ${command}\``,
    ]),
  );
}

function sectionOf({ measured }: Claim): string {
  return measured
    .map(({ command, figures }) => {
      const rows = figures.map(({ what, of }) => [what, ...WORKLOADS.map(of)]);
      return `    fvp ${command}\n\n${table(['measured', 'database', 'e-mail'], rows)}`;
    })
    .join('\n\n');
}

/** A burst has no trace: one column. */
function overflow(): string {
  const figures = (['p50Ns', 'p99Ns', 'maxNs'] as const).map((of) => [
    `${NAMES[of]} write, none → write-back+1`,
    ['none', 'write-back+1']
      .map((mode) => formatNs(resultOf(OVERFLOW, 'burst-overflows', mode).writes.response![of]))
      .join(' → '),
  ]);
  return `    fvp ${OVERFLOW}\n\n${table(['measured', 'burst'], figures)}`;
}

function fuzz(): string {
  const { seeds, operations, faults, recoveries, migrations, declaredLost, failures } =
    documentOf<FuzzSummary>(FUZZ);
  const events = Object.values(faults).reduce((all, count) => all + count, 0);
  const rows: [string, number][] = [
    ['clusters', seeds],
    ['guest I/Os', operations],
    ['faults and operations', events],
    ['recoveries', recoveries],
    ['migrations', migrations],
    ['VMs declared lost', declaredLost],
    ['seeds in which a checker objects', failures.length],
  ];
  return `    fvp ${FUZZ}\n\n${table(
    ['measured', 'random clusters'],
    rows.map(([what, count]) => [what, formatCount(count)]),
  )}`;
}

for (const { name, verdict, carried } of Object.values(CLAIMS)) {
  for (const workload of WORKLOADS) {
    if (!carried(workload)) throw new Error(`${name}: the figures of ${workload} do not carry "${verdict}"`);
  }
}
const blocks: Record<string, string> = { table: summaryTable(), overflow: overflow(), fuzz: fuzz() };
for (const [key, claim] of Object.entries(CLAIMS)) blocks[key] = sectionOf(claim);
let page = readFileSync(PAGE, 'utf8');
for (const [key, block] of Object.entries(blocks)) {
  const marked = new RegExp(`(<!-- figures: ${key} -->\\n)[\\s\\S]*?(<!-- end -->)`);
  if (!marked.test(page)) throw new Error(`docs/claims.md has no place for the figures of ${key}`);
  page = page.replace(marked, (_, begin: string, end: string) => `${begin}\n${block}\n\n${end}`);
}
writeFileSync(PAGE, page);
