/** What `fvp bench report` does once its flags are parsed. */
import { execFile, spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { UnavailableError } from '../../reference/kernel/errors.ts';
import { joinRuns } from '../../results/report/join-runs.ts';
import { renderReport } from '../../results/report/render-report.ts';
import { renderPercentiles, renderTimelines } from '../../results/report/terminal/render-plots.ts';
import { openOutputFile } from '../../results/run-dir/output-file.ts';
import { readRun, type SavedRun } from '../../results/run-dir/read-run.ts';
import { terminalStyle } from '../render/terminal-style.ts';
import { visibleText } from '../render/visible-text.ts';

export interface ReportCommandOptions {
  readonly out: string;
  readonly open: boolean;
  /** Folder for a picture of each chart. */
  readonly png: string | undefined;
  /** Draws in the terminal too. */
  readonly plot: boolean;
  readonly print: (text: string) => void;
}

export interface ReportOutcome {
  readonly schema: 'fvp.report-written/1';
  readonly report: string;
  readonly pictures: readonly string[];
}

const BROWSERS = ['chromium', 'chromium-browser', 'google-chrome', 'chrome'];
/** What the page is given to draw itself, in milliseconds of its own clock. Assumed: far more than it takes. */
const DRAWING_MS = 20_000;
/** Largest page that comes back with its pictures. Assumed. */
const DOM_BYTES_MAX = 512 * 1024 * 1024;

async function findBrowser(): Promise<string> {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    for (const name of BROWSERS) {
      const path = join(folder, name);
      if (folder !== '' && (await stat(path).catch(() => undefined)) !== undefined) return path;
    }
  }
  throw new UnavailableError('--png needs Chromium, and none is on the PATH', {
    hint: 'apt-get install chromium; or save a chart with its PNG button in the report',
  });
}

/** Lets the page draw itself in a headless Chromium and gives its pictures back. */
async function writePictures(browser: string, html: string, dir: string): Promise<string[]> {
  await mkdir(dir, { recursive: true });
  const folder = await mkdtemp(join(tmpdir(), 'fvp-png-'));
  try {
    const page = join(folder, 'report.html');
    await writeFile(page, html);
    const { stdout } = await promisify(execFile)(
      browser,
      [
        '--headless',
        '--no-sandbox',
        '--disable-gpu',
        `--user-data-dir=${join(folder, 'profile')}`,
        '--window-size=1280,900',
        `--virtual-time-budget=${DRAWING_MS}`,
        '--dump-dom',
        `${pathToFileURL(page).href}#pictures`,
      ],
      { maxBuffer: DOM_BYTES_MAX },
    );
    const found = /<script type="text\/plain" id="pictures">([^<]*)</.exec(stdout);
    if (found === null) throw new UnavailableError(`${browser} has not drawn the report`);
    const pictures = JSON.parse(found[1]!) as { name: string; base64: string }[];
    const paths: string[] = [];
    for (const [i, { name, base64 }] of pictures.entries()) {
      const file = await openOutputFile(join(dir, `${String(i + 1).padStart(2, '0')}-${name}.png`));
      await file.write(Buffer.from(base64, 'base64'));
      paths.push(file.path);
    }
    return paths;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function openInBrowser(path: string): void {
  const [command, argv] =
    process.platform === 'darwin'
      ? ['open', [path]]
      : process.platform === 'win32'
        ? ['cmd', ['/c', 'start', '', path]]
        : ['xdg-open', [path]];
  const child = spawn(command as string, argv as string[], { detached: true, stdio: 'ignore' });
  child.on('error', () =>
    process.stderr.write(`fvp: cannot open a browser; the report is ${visibleText(path)}\n`),
  );
  child.unref();
}

/** @returns what was written, for `--json` */
export async function runReportCommand(
  dirs: readonly string[],
  options: ReportCommandOptions,
): Promise<ReportOutcome> {
  const file = await openOutputFile(options.out);
  try {
    const browser = options.png === undefined ? undefined : await findBrowser();
    const runs: (readonly [string, SavedRun])[] = [];
    for (const dir of dirs) runs.push([resolve(dir), await readRun(dir)]);
    const input = joinRuns(runs);
    const html = renderReport(input);
    await file.write(html);
    const pictures = browser === undefined ? [] : await writePictures(browser, html, options.png!);
    if (options.plot) {
      const style = terminalStyle(process.stdout, process.env);
      for (const { name } of input.document.workloads) {
        options.print(`${renderPercentiles(input, name, style)}\n`);
        options.print(renderTimelines(input, name, style));
      }
    }
    options.print(`Report: ${visibleText(options.out)}`);
    if (pictures.length > 0) options.print(`Pictures: ${pictures.length} in ${visibleText(options.png!)}`);
    if (options.open) openInBrowser(resolve(options.out));
    return { schema: 'fvp.report-written/1', report: options.out, pictures };
  } finally {
    await file.discard();
  }
}
