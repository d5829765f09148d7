/** The frame of every HTML page of ours: one file that needs nothing else, with theme button, skip link and charts. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { PageFigures } from './figures.ts';
import { escapeHtml, inlineJson } from './html.ts';
import { PAGE_SCRIPT } from './script.ts';
import { PAGE_STYLE } from './style.ts';

const require = createRequire(import.meta.url);
let chartLibrary: string | undefined;

/** Chart.js as one script; the package exports its module only, whose neighbour the UMD file is. */
function chartScript(): string {
  chartLibrary ??= readFileSync(join(dirname(require.resolve('chart.js')), 'chart.umd.min.js'), 'utf8')
    .replace(/\n\/\/# sourceMappingURL=.*\s*$/, '\n')
    .replace(/<\/script/gi, '<\\/script');
  return chartLibrary;
}

function scriptHash(script: string): string {
  return `'sha256-${createHash('sha256').update(script).digest('base64')}'`;
}

export interface PageParts {
  /** Plain text, for the browser's tab. */
  readonly title: string;
  /** HTML of the heading and of the line below it. */
  readonly headingHtml: string;
  readonly subtitleHtml: string;
  /** The page's sections: id of an element in `mainHtml`, and HTML of the link. */
  readonly links: readonly { readonly id: string; readonly html: string }[];
  readonly mainHtml: string;
  /** What `mainHtml` has of charts. */
  readonly figures: PageFigures;
  /** What only this page has. */
  readonly style?: string;
  readonly script?: string;
}

/** The whole page as text, UTF-8. Its content security policy lets it run its own scripts and load nothing. */
export function pageHtml(parts: PageParts): string {
  const { title, headingHtml, subtitleHtml, links, mainHtml, figures, style = '', script } = parts;
  const library = chartScript();
  const policy = `default-src 'none'; style-src 'unsafe-inline'; script-src ${scriptHash(library)} ${scriptHash(PAGE_SCRIPT)}${script === undefined ? '' : ` ${scriptHash(script)}`}; img-src data:; base-uri 'none'; form-action 'none'`;
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(title)}</title>
<link rel="icon" href="data:,">
<style>${PAGE_STYLE}${style}</style>
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
<div class="wrap">
<header class="top"><div><h1>${headingHtml}</h1>
<p>${subtitleHtml}</p></div>
<button type="button" class="theme" hidden>Dark theme</button></header>
<nav aria-label="Sections"><ul>${links.map(({ id, html }) => `<li><a href="#${id}">${html}</a></li>`).join('')}</ul></nav>
<main id="content" tabindex="-1">
${mainHtml}
</main>
</div>
<script>${library}</script>
<script type="application/json" id="figures">${inlineJson(figures.data)}</script>
<script>${PAGE_SCRIPT}</script>${script === undefined ? '' : `\n<script>${script}</script>`}
</body>
</html>
`;
}
