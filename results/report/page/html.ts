/** Building HTML text. Everything that is not built here is escaped. */
import { plainText } from '../plain-text.ts';

/** Longest part of a name that is shown in headings and tables; the whole stands under provenance. */
const NAME_LENGTH = 60;

/** Text for an element or a quoted attribute. */
export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

/** A name from outside, shortened and isolated so that its direction does not turn what stands beside it. */
export function nameHtml(name: string): string {
  return `<bdi>${escapeHtml(shortName(name))}</bdi>`;
}

/** A name from outside as it is shown on charts. */
export function shortName(name: string): string {
  return plainText(name, NAME_LENGTH);
}

/** JSON for a script element: no `<` in it can end the element. */
export function inlineJson(value: unknown): string {
  return JSON.stringify(value).replaceAll('<', '\\u003c');
}

/** A sentence whose numbers stay on one line with their units. */
export function sentenceHtml(text: string): string {
  return escapeHtml(text).replace(/(?<=[0-9]) (?=(?:%|[nµm]?s|[KMGT]?i?B)(?![a-z]))/g, '\u00a0');
}
