/**
 * A job file line by line, with nothing lost: the texts of the lines, put together, are the file. What the lines mean
 * follows fio's reader (init.c), quirks included, because a file has to mean here what it means there.
 */

/** A line of a job file. `text + end` is the line as it stands in the file. */
export type JobLine = BlankLine | CommentLine | SectionLine | OptionLine | IncludeLine | StrayLine;

interface LineBase {
  /** The line without its end. */
  readonly text: string;
  /** `\n`, or nothing at the end of the file. A carriage return counts as a blank at the end of `text`. */
  readonly end: string;
  /** 1-based. */
  readonly line: number;
}

export interface BlankLine extends LineBase {
  readonly kind: 'blank';
}

export interface CommentLine extends LineBase {
  readonly kind: 'comment';
}

export interface SectionLine extends LineBase {
  readonly kind: 'section';
  /** What fio takes as the name: all after `[`, at most 255 characters, without the last. */
  readonly name: string;
  readonly column: number;
  /** From its `;` or `#` on; empty where there is none. */
  readonly comment: string;
}

export interface OptionLine extends LineBase {
  readonly kind: 'option';
  /** As written; an alias stays one. */
  readonly name: string;
  /** All after the first `=`, also leading blanks; undefined without `=`. */
  readonly value: string | undefined;
  readonly column: number;
  readonly valueColumn: number;
  readonly comment: string;
}

export interface IncludeLine extends LineBase {
  readonly kind: 'include';
  readonly path: string;
  readonly column: number;
  readonly comment: string;
}

/** Something before the first section, which fio refuses. */
export interface StrayLine extends LineBase {
  readonly kind: 'stray';
  /** Without blanks around it and without a comment. */
  readonly content: string;
  readonly column: number;
}

/** A job file as written. */
export interface JobFile {
  /** The name for messages. */
  readonly file: string;
  readonly lines: readonly JobLine[];
}

const SECTION_NAME_MAX = 255;
const INCLUDE = 'include';

export interface ParseOptions {
  /** The name for messages; `-` by default. */
  readonly file?: string;
  /** True for a file that another includes: it has no sections, and its options stand by themselves. */
  readonly included?: boolean;
}

/**
 * Reads a job file; any text has a tree. What fio would refuse is found by `resolveJobs`.
 *
 * @param text the file; a string holds it as characters, and columns count those.
 */
export function parseJobFile(text: string, options: ParseOptions = {}): JobFile {
  const lines: JobLine[] = [];
  let inSection = options.included ?? false;
  let from = 0;
  while (from < text.length) {
    const newline = text.indexOf('\n', from);
    const end = newline === -1 ? '' : '\n';
    const line = parseLine(
      text.slice(from, newline === -1 ? text.length : newline),
      end,
      lines.length + 1,
      inSection,
    );
    if (line.kind === 'section') inSection = true;
    lines.push(line);
    if (newline === -1) break;
    from = newline + 1;
  }
  return { file: options.file ?? '-', lines };
}

/** The file as it was read, character by character. */
export function printJobFile({ lines }: JobFile): string {
  return lines.map(({ text, end }) => text + end).join('');
}

/** As isspace or iscntrl of C say. */
function isBlank(code: number): boolean {
  return code <= 0x20 || code === 0x7f;
}

function parseLine(text: string, end: string, line: number, inSection: boolean): JobLine {
  let start = 0;
  while (start < text.length && isBlank(text.charCodeAt(start))) start++;
  const base = { text, end, line };
  if (start === text.length) return { ...base, kind: 'blank' };
  const first = text.charAt(start);
  if (first === ';' || first === '#') return { ...base, kind: 'comment' };
  const commentAt = text.slice(start).search(/[;#]/);
  const contentEnd = commentAt === -1 ? text.length : start + commentAt;
  let stop = contentEnd;
  while (stop > start && isBlank(text.charCodeAt(stop - 1))) stop--;
  const content = text.slice(start, stop);
  const comment = text.slice(contentEnd);
  const column = start + 1;
  if (first === '[' && content.length > 1) {
    return {
      ...base,
      kind: 'section',
      name: content.slice(1, 1 + SECTION_NAME_MAX).slice(0, -1),
      column,
      comment,
    };
  }
  if (!inSection || first === '[') return { ...base, kind: 'stray', content, column };
  if (content.startsWith(INCLUDE)) {
    return { ...base, kind: 'include', path: content.slice(INCLUDE.length + 1), column, comment };
  }
  const equals = content.indexOf('=');
  if (equals === -1) {
    return { ...base, kind: 'option', name: content, value: undefined, column, valueColumn: column, comment };
  }
  return {
    ...base,
    kind: 'option',
    name: stripBlanks(content.slice(0, equals)),
    value: content.slice(equals + 1),
    column,
    valueColumn: column + equals + 1,
    comment,
  };
}

/**
 * The file in one style: a blank line before each section, none elsewhere but where a comment follows, no blanks around
 * `=` but those that belong to the value, comments kept. It means the same.
 */
export function formatJobFile({ lines }: JobFile): string {
  const printed: string[] = [];
  let blank = false;
  for (const line of lines) {
    if (line.kind === 'blank') {
      blank = true;
      continue;
    }
    const afterComment = printed.at(-1)?.startsWith(';') === true || printed.at(-1)?.startsWith('#') === true;
    const wantsBlank = line.kind === 'section' ? blank || !afterComment : line.kind === 'comment' && blank;
    if (printed.length > 0 && wantsBlank) printed.push('');
    blank = false;
    printed.push(formatLine(line));
  }
  return printed.length === 0 ? '' : `${printed.join('\n')}\n`;
}

function formatLine(line: JobLine): string {
  if (line.kind === 'blank') return '';
  if (line.kind === 'comment' || line.kind === 'stray') return stripBlanks(line.text);
  const comment = line.comment === '' ? '' : ` ${stripBlanks(line.comment)}`;
  if (line.kind === 'option') {
    return `${line.name}${line.value === undefined ? '' : `=${line.value}`}${comment}`;
  }
  return stripBlanks(line.text.slice(0, line.text.length - line.comment.length)) + comment;
}

/** Without what isspace or iscntrl of C say at both ends. */
export function stripBlanks(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}
