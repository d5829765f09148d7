/**
 * The page's style sheet. Colours are Okabe and Ito's set for colour-blind readers, lightened for the dark theme; lines
 * also differ by dash. @source Okabe and Ito, "Color Universal Design" (2008)
 */
const LIGHT = `
  color-scheme: light;
  --page: #f7f7f5; --card: #ffffff; --edge: #d9dde2; --text: #1a1f24; --muted: #56606b; --grid: #e6e9ed;
  --accent: #00558a; --good: #00694e; --bad: #a84300; --warn-page: #fff4dd; --warn-edge: #e0b252;
  --mode-0: #1a1f24; --mode-1: #0072b2; --mode-2: #d55e00; --mode-3: #009e73; --mode-4: #cc79a7;
  --mode-5: #b07d00; --mode-6: #56b4e9; --mode-7: #7a7f85;`;

const DARK = `
  color-scheme: dark;
  --page: #11151a; --card: #1a2027; --edge: #323b45; --text: #e7eaed; --muted: #a3adb8; --grid: #2a323b;
  --accent: #7cc4f0; --good: #4fd0a6; --bad: #ff9a57; --warn-page: #33290f; --warn-edge: #8a6d25;
  --mode-0: #e7eaed; --mode-1: #56b4e9; --mode-2: #f28530; --mode-3: #2fc79b; --mode-4: #e39bc4;
  --mode-5: #e6b422; --mode-6: #9ad4f5; --mode-7: #a3adb8;`;

/** How many pairs of one of eight colours and a dash there are; a run with more modes starts again from the first. */
export const MODE_STYLES = 12;

export const PAGE_STYLE = `
:root {${LIGHT}
}
@media (prefers-color-scheme: dark) { :root:not([data-theme="light"]) {${DARK}
} }
:root[data-theme="dark"] {${DARK}
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; scroll-padding-top: 1rem; }
body {
  margin: 0; background: var(--page); color: var(--text); overflow-wrap: anywhere;
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
}
.wrap { max-width: 118rem; margin: 0 auto; padding: 0 clamp(0.75rem, 2.5vw, 2.5rem) 3rem; }
h1, h2, h3, h4 { line-height: 1.25; margin: 0; text-wrap: balance; }
h1 { font-size: clamp(1.45rem, 1.1rem + 1.4vw, 2.1rem); letter-spacing: -0.01em; }
h2 { font-size: clamp(1.25rem, 1.05rem + 0.8vw, 1.6rem); margin: 2.75rem 0 0.9rem; }
h3 { font-size: 1.08rem; margin: 1.75rem 0 0.6rem; }
h4 { font-size: 1rem; }
p { margin: 0 0 0.6rem; max-width: 78ch; }
a { color: var(--accent); }
.muted { color: var(--muted); }
.skip { position: absolute; left: -999rem; }
.skip:focus { left: 0.5rem; top: 0.5rem; background: var(--card); padding: 0.5rem; z-index: 2; }
header.top { display: flex; gap: 1rem; align-items: flex-start; justify-content: space-between; padding: 1.5rem 0 0.25rem; }
header.top p { color: var(--muted); margin: 0.35rem 0 0; }
button {
  font: inherit; font-size: 0.9rem; color: var(--text); background: var(--card); border: 1px solid var(--edge);
  border-radius: 0.45rem; padding: 0.3rem 0.65rem; cursor: pointer;
}
button:hover { border-color: var(--muted); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.theme { white-space: nowrap; flex: none; }
nav ul { list-style: none; display: flex; flex-wrap: wrap; gap: 0.35rem 1.1rem; padding: 0; margin: 0.9rem 0 0; font-size: 0.95rem; }
.card { background: var(--card); border: 1px solid var(--edge); border-radius: 0.7rem; padding: clamp(0.8rem, 2vw, 1.35rem); }
.verdict { border-left: 0.3rem solid var(--accent); margin-top: 1rem; }
.verdict h3 { margin-top: 0; }
.verdict p { font-size: 1.04rem; }
.verdict p:last-child { margin-bottom: 0; }
.verdicts { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 34rem), 1fr)); }
.verdicts .verdict { margin-top: 0; }
.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 9.4rem), 1fr)); gap: 0.7rem 1rem; margin: 0; }
.facts div { min-width: 0; }
.facts dt { color: var(--muted); font-size: 0.85rem; }
.facts dd { margin: 0; font-variant-numeric: tabular-nums; }
.badges { margin: 0.9rem 0 0; padding: 0.7rem 0.9rem; background: var(--warn-page); border: 1px solid var(--warn-edge); border-radius: 0.5rem; }
.badges div + div { margin-top: 0.35rem; }
.badges dt { font-weight: 600; display: inline; }
.badges dd { display: inline; margin: 0 0 0 0.4rem; }
.scroll { overflow-x: auto; border: 1px solid var(--edge); border-radius: 0.7rem; background: var(--card); }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: 0.94rem; }
caption span { display: block; position: sticky; left: 0.9rem; width: fit-content; max-width: min(100%, calc(100vw - 4rem)); }
caption { text-align: left; color: var(--muted); font-size: 0.9rem; padding: 0.6rem 0.9rem; border-bottom: 1px solid var(--edge); }
th, td { padding: 0.38rem 0.9rem; text-align: right; white-space: nowrap; }
th { font-weight: 600; }
thead th { color: var(--muted); font-size: 0.86rem; border-bottom: 1px solid var(--edge); }
th:first-child { text-align: left; position: sticky; left: 0; background: var(--card); }
tbody th { font-weight: 500; }
tbody.kind > tr:first-child > th { font-weight: 700; padding-top: 0.85rem; }
tbody + tbody.kind { border-top: 1px solid var(--edge); }
tbody tr:last-child > * { padding-bottom: 0.6rem; }
.columns { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 30rem), 1fr)); margin-top: 0.6rem; align-items: start; }
.dense :is(th, td) { padding-inline: 0.55rem; }
:is(td, th).words { text-align: left; white-space: normal; min-width: 12rem; }
.good { color: var(--good); font-weight: 600; }
.bad { color: var(--bad); font-weight: 600; }
td.note { text-align: center; color: var(--bad); font-style: italic; }
.swatch { width: 2rem; height: 0.7rem; vertical-align: middle; margin-right: 0.45rem; }
.swatch line { stroke-width: 3; }
.charts { display: flex; flex-wrap: wrap; gap: 1rem; }
.charts > figure { flex: 1 1 min(100%, 32rem); }
.card + .card, .card + .scroll, .scroll + .scroll, p + .scroll { margin-top: 1rem; }
.charts > .card, .smalls > .card, .verdicts > .card { margin-top: 0; }
.scroll + p { margin-top: 0.7rem; }
figure { margin: 0; min-width: 0; }
figure > h3, figure > h4 { margin: 0; }
.events { max-height: 24rem; overflow: auto; }
.events :is(th, td) { text-align: left; white-space: normal; }
.events th:first-child { white-space: nowrap; }
figcaption { color: var(--muted); font-size: 0.9rem; margin: 0.5rem 0 0; max-width: 78ch; }
.plain { margin: 0; padding-left: 1.2rem; }
.smalls { display: grid; gap: 0.8rem; grid-template-columns: repeat(auto-fill, minmax(min(100%, 21rem), 1fr)); }
.data summary { font-weight: 400; color: var(--muted); font-size: 0.9rem; }
.data .scroll { max-height: 22rem; overflow: auto; }
.data thead th { position: sticky; top: 0; background: var(--card); z-index: 1; }
.downloads { display: flex; flex-wrap: wrap; gap: 0.35rem; margin: 0.6rem 0; }
.downloads button { padding: 0.15rem 0.5rem; font-size: 0.85rem; }
.legend { display: flex; flex-wrap: wrap; gap: 0.35rem; margin: 0.6rem 0; }
.legend button { padding: 0.15rem 0.5rem; font-size: 0.85rem; display: inline-flex; align-items: center; }
.legend button[aria-pressed="false"] { color: var(--muted); }
.legend button:not(.choice)[aria-pressed="false"] { text-decoration: line-through; }
.legend button[aria-pressed="false"] .swatch { opacity: 0.25; }
.legend button.choice[aria-pressed="true"] { border-color: var(--accent); box-shadow: inset 0 0 0 1px var(--accent); }
.legend .gap { width: 0.6rem; }
.plot { position: relative; height: clamp(17rem, 26vw, 25rem); }
.small .plot { height: 13rem; }
details { margin-top: 0.8rem; }
summary { cursor: pointer; font-weight: 600; }
details > .scroll { margin-top: 0.6rem; }
td.zero { color: var(--muted); }
pre { margin: 0.7rem 0 0; padding: 0.9rem; overflow: auto; max-height: 32rem; background: var(--card); border: 1px solid var(--edge); border-radius: 0.6rem; font-size: 0.85rem; line-height: 1.45; tab-size: 2; }
.provenance { display: grid; gap: 0.5rem 1.25rem; grid-template-columns: minmax(7rem, max-content) minmax(0, 1fr); margin: 0; }
.provenance dt { color: var(--muted); }
.provenance dd { margin: 0; max-height: 14rem; overflow-y: auto; }
.glossary { columns: 30rem auto; column-gap: 2.5rem; margin: 0; }
.glossary div { break-inside: avoid; margin-bottom: 0.7rem; }
.glossary dt { font-weight: 600; }
.glossary dd { margin: 0; }
@media (max-width: 34rem) {
  header.top { flex-direction: column; gap: 0.6rem; }
  th, td { padding: 0.34rem 0.6rem; }
  .provenance { grid-template-columns: minmax(0, 1fr); gap: 0; }
  .provenance dd { margin-bottom: 0.6rem; }
}
@media (min-width: 120rem) { html { font-size: 112.5%; } }
@media print {
  :root, :root:not([data-theme="light"]), :root[data-theme="dark"] {${LIGHT}
  }
  body { font-size: 10pt; background: #fff; }
  .theme, nav, .skip, .data { display: none; }
  .card, .scroll, pre { border-color: #bbb; }
  .scroll, pre { overflow: visible; max-height: none; }
  pre { white-space: pre-wrap; overflow-wrap: anywhere; }
  table, thead th, caption { font-size: 7.5pt; }
  th, td { padding: 0.15rem 0.3rem; }
  thead th { white-space: normal; }
  .swatch { width: 1.3rem; }
  .legend button { border: none; padding: 0 0.3rem 0 0; }
  .legend button[aria-pressed="false"] { display: none; }
  th:first-child { position: static; }
  .charts > figure { flex-basis: 40%; }
  .plot { height: 15rem; }
  /* Drawn for the screen: shrunk into its place, not cut off. */
  .plot canvas { width: 100% !important; height: 100% !important; object-fit: contain; object-position: left; }
  figure, tr, .glossary div { break-inside: avoid; }
  .small .plot { height: 10rem; }
  h2, h3 { break-after: avoid; }
}
`;
