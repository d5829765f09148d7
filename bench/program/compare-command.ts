/** What `fvp bench compare` does once its flags are parsed. */
import { UsageError } from '../../reference/kernel/errors.ts';
import {
  COMPARE_SCHEMA,
  type CompareChoice,
  type CompareDocument,
  compareTwo,
  type InputComparison,
} from '../../results/compare/compare.ts';
import { comparePage, OverlaidCurves } from '../../results/compare/compare-page.ts';
import { loadMeasured } from '../../results/compare/load-measured.ts';
import type { Measured } from '../../results/compare/measured.ts';
import { comparisonLines, comparisonMarkdown } from '../../results/compare/render-comparison.ts';
import { openOutputFile } from '../../results/run-dir/output-file.ts';
import { ProgressLine } from '../render/progress.ts';
import { terminalStyle } from '../render/terminal-style.ts';
import { COLUMNS_MAX, wrapText } from '../render/wrap-text.ts';

export interface CompareCommandOptions extends CompareChoice {
  readonly markdown: boolean;
  /** File for the page. */
  readonly html: string | undefined;
  readonly print: (text: string) => void;
}

/** @returns the document for `--json` */
export async function runCompareCommand(
  paths: readonly string[],
  options: CompareCommandOptions,
): Promise<CompareDocument> {
  const page = options.html === undefined ? undefined : await openOutputFile(options.html);
  const progress = new ProgressLine(process.stderr, () => performance.now());
  try {
    const curves = new OverlaidCurves(options.time);
    let base: Measured | undefined;
    const others: InputComparison[] = [];
    const notes: string[] = [];
    for (const [done, path] of paths.entries()) {
      progress.show({ text: 'comparing', done, total: paths.length });
      for (const measured of await loadMeasured(path)) {
        notes.push(...measured.notes);
        if (base === undefined) base = measured;
        else {
          const comparison = compareTwo(base, measured, options);
          if (page !== undefined) curves.add(base, measured, comparison);
          others.push(comparison);
        }
      }
    }
    if (base === undefined || others.length === 0) {
      throw new UsageError('one result alone cannot be compared', {
        hint: 'name two or more: fvp bench compare results/runs/A results/runs/B',
      });
    }
    const { name, source } = base;
    const document: CompareDocument = { schema: COMPARE_SCHEMA, base: { name, source }, others, notes };
    await page?.write(comparePage(document, curves));
    progress.clear();
    const style = terminalStyle(process.stdout, process.env);
    if (options.markdown) options.print(comparisonMarkdown(document).trimEnd());
    else {
      const columns = Math.min(style.width, COLUMNS_MAX);
      for (const line of comparisonLines(document, style.unicode)) {
        if (line.length <= columns) options.print(line);
        else for (const part of wrapText(line.trim(), columns - 2)) options.print(`  ${part}`);
      }
    }
    return document;
  } finally {
    progress.clear();
    await page?.discard();
  }
}
