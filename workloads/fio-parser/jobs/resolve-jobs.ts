/**
 * What a job file comes to: every option by its own name, expanded and typed; every job with what it inherits; and what
 * fio would refuse, would not know, or would take otherwise than it reads.
 */
import { FioError, type FioErrorDetails, type FioPlace } from '../fio-error.ts';
import { expandOption, type JobEnvironment } from './expansion.ts';
import { nearestOption } from './nearest-option.ts';
import { ENGINE_OPTIONS, JOB_OPTIONS, type OptionSpec, PROFILE_OPTIONS } from './option-table.ts';
import { type OptionValue, parseValue, Refusal } from './option-value.ts';
import { type JobSettings, settingsOf } from './settings.ts';
import {
  type JobFile,
  type JobLine,
  type OptionLine,
  parseJobFile,
  type SectionLine,
  stripBlanks,
} from './syntax.ts';

/** An option as it counts. */
export interface ResolvedOption {
  /** fio's name for it; as written where fio has none. */
  readonly name: string;
  /** The value after expansion; undefined where there is none. */
  readonly text: string | undefined;
  /** Undefined where the option is unknown or fio refuses it. */
  readonly value: OptionValue | undefined;
  readonly place: FioPlace;
  /** Whether fio knows the option: for any engine, or only for some. */
  readonly known: 'job' | 'engine' | 'no';
}

/** A section by itself. */
export interface ResolvedSection {
  readonly name: string;
  readonly isGlobal: boolean;
  readonly place: FioPlace;
  /** In the order fio takes them, those of the engine last; an option given twice is there twice. */
  readonly options: readonly ResolvedOption[];
}

/** A job with all it inherits. */
export interface ResolvedJob {
  readonly name: string;
  readonly place: FioPlace;
  /** By name: the job's own, else that of the last [global] above it. */
  readonly options: ReadonlyMap<string, ResolvedOption>;
  /** What the load is made of, with fio's defaults. */
  readonly settings: JobSettings;
}

/**
 * - `refused`: fio would not run the file
 * - `unknown`: an option that no version of fio has; fio would refuse it too, and it is kept
 * - `warning`: fio takes it, but otherwise than it reads
 */
export type ProblemKind = 'refused' | 'unknown' | 'warning';

export interface JobProblem {
  readonly kind: ProblemKind;
  /** Place, text, fio's reason and hint; nothing throws it. */
  readonly error: FioError;
}

/** A job file, resolved. */
export interface JobDocument {
  readonly file: string;
  /** All sections in the order of the file. */
  readonly sections: readonly ResolvedSection[];
  readonly jobs: readonly ResolvedJob[];
  /** In the order of the file. */
  readonly problems: readonly JobProblem[];
  /** Environment variables that have no value, each once, with the first place; nothing stands in their place. */
  readonly unsetVariables: readonly { readonly name: string; readonly place: FioPlace }[];
}

export interface ResolveOptions extends Partial<JobEnvironment> {
  /**
   * Gives the text of an included file, or undefined where there is none. fio looks in the current folder, then in that
   * of the including file. Without it, every `include` is refused.
   */
  readonly include?: (
    path: string,
    fromFile: string,
  ) => { readonly file: string; readonly text: string } | undefined;
  /** True for options from a command line: they count in their order and are not expanded. */
  readonly asGiven?: boolean;
}

/** What `$pagesize`, `$mb_memory` and `$ncpus` are unless given; assumed: no machine is read. */
const MACHINE: Omit<JobEnvironment, 'variables'> = { pageSizeBytes: 4096, memoryMib: 16384, cpus: 4 };
const INCLUDE_DEPTH_MAX = 16;
const LINE_MAX = 8191;

const JOB_OPTION_BY_NAME = byName([...PROFILE_OPTIONS, ...JOB_OPTIONS]);

function byName(specs: readonly OptionSpec[]): ReadonlyMap<string, OptionSpec> {
  return new Map(
    specs.flatMap((spec) => [
      [spec.name, spec] as const,
      ...(spec.alias === undefined ? [] : [[spec.alias, spec] as const]),
    ]),
  );
}

/** The table's row of an option. @param engine narrows options of engines; without it any engine's will do. */
export function findOption(name: string, engine?: string): OptionSpec | undefined {
  const spec = JOB_OPTION_BY_NAME.get(name);
  if (spec !== undefined) return spec;
  return ENGINE_OPTIONS.find(
    (option) =>
      (option.name === name || option.alias === name) &&
      (engine === undefined || option.engines?.includes(engine) === true),
  );
}

/** Resolves a job file; problems are listed, never thrown. */
export function resolveJobs(jobFile: JobFile, options: ResolveOptions = {}): JobDocument {
  return new Resolver(options).resolve(jobFile);
}

interface PlacedOption {
  readonly line: OptionLine;
  readonly file: string;
}

interface ExpandedOption {
  /** Undefined for options of engines and unknown ones. */
  readonly spec: OptionSpec | undefined;
  readonly line: OptionLine;
  readonly place: FioPlace;
  /** `name=value` before expansion, without comment. */
  readonly written: string;
  readonly text: string | undefined;
  readonly unset: readonly string[];
  readonly badSum: string | undefined;
}

interface OpenSection {
  readonly line: SectionLine;
  readonly file: string;
  readonly options: PlacedOption[];
}

class Resolver {
  readonly #options: ResolveOptions;
  readonly #environment: JobEnvironment;
  readonly #problems: JobProblem[] = [];
  readonly #unset = new Map<string, FioPlace>();

  constructor(options: ResolveOptions) {
    this.#options = options;
    this.#environment = {
      variables: options.variables ?? {},
      pageSizeBytes: options.pageSizeBytes ?? MACHINE.pageSizeBytes,
      memoryMib: options.memoryMib ?? MACHINE.memoryMib,
      cpus: options.cpus ?? MACHINE.cpus,
    };
  }

  resolve(jobFile: JobFile): JobDocument {
    const open: OpenSection[] = [];
    for (const line of jobFile.lines) this.#addLine(line, jobFile.file, open, 0);
    const sections: ResolvedSection[] = [];
    const jobs: ResolvedJob[] = [];
    const inherited: ResolvedOption[] = [];
    for (const { line, file, options } of open) {
      const isGlobal = line.name.startsWith('global');
      const place = { file, line: line.line, column: line.column };
      const own = this.#resolveSection(options, inherited);
      sections.push({ name: line.name, isGlobal, place, options: own });
      if (isGlobal) {
        inherited.push(...own);
        continue;
      }
      const all = [...inherited, ...own];
      const settings = settingsOf(all);
      jobs.push({
        name: line.name,
        place,
        options: new Map(all.map((option) => [option.name, option])),
        settings,
      });
      this.#checkJob(settings, place, all);
    }
    return {
      file: jobFile.file,
      sections,
      jobs,
      problems: this.#problems,
      unsetVariables: [...this.#unset].map(([name, place]) => ({ name, place })),
    };
  }

  #report(kind: ProblemKind, what: string, place: FioPlace, details: FioErrorDetails = {}): void {
    this.#problems.push({ kind, error: new FioError(what, place, details) });
  }

  #addLine(line: JobLine, file: string, open: OpenSection[], depth: number): void {
    const section = open.at(-1);
    const place = { file, line: line.line, column: 'column' in line ? line.column : 1 };
    if (line.text.length > LINE_MAX) {
      this.#report('refused', 'the line is too long', place, {
        reason: `it takes ${LINE_MAX} characters as a line`,
      });
    }
    if (line.kind === 'section' && depth > 0) {
      this.#report('refused', 'a section in an included file', place, {
        found: stripBlanks(line.text),
        reason: 'No new sections in included files',
      });
    } else if (line.kind === 'section') {
      if (!stripBlanks(line.text.slice(0, line.text.length - line.comment.length)).endsWith(']')) {
        this.#report('warning', 'no "]" at the end', place, {
          found: stripBlanks(line.text),
          hint: `fio takes ${JSON.stringify(line.name)} as the name`,
        });
      }
      open.push({ line, file, options: [] });
    } else if (line.kind === 'stray') {
      this.#report('refused', 'an option before the first section', place, {
        found: line.content,
        expected: 'a section such as [global]',
        reason: `option <${line.content}> outside of [] job section`,
      });
    } else if (line.kind === 'option' && section !== undefined) {
      section.options.push({ line, file });
    } else if (line.kind === 'include') {
      this.#include(line.path, place, open, depth);
    }
  }

  #include(path: string, place: FioPlace, open: OpenSection[], depth: number): void {
    const found = depth < INCLUDE_DEPTH_MAX ? this.#options.include?.(path, place.file) : undefined;
    if (found === undefined) {
      this.#report(
        'refused',
        depth < INCLUDE_DEPTH_MAX ? 'no such file to include' : 'files include each other',
        place,
        {
          found: path,
          reason: `unable to open '${path}' job file`,
        },
      );
      return;
    }
    const included = parseJobFile(found.text, { file: found.file, included: true });
    for (const line of included.lines) this.#addLine(line, found.file, open, depth + 1);
  }

  /** Works through the options in the order of the file, so that problems come in it, and puts them into fio's. */
  #resolveSection(placed: readonly PlacedOption[], inherited: readonly ResolvedOption[]): ResolvedOption[] {
    const asGiven = this.#options.asGiven === true;
    const expanded = placed.map((option) => this.#expand(option));
    const last = (name: string, among: readonly ExpandedOption[]) =>
      among.findLast((option) => option.spec?.name === name)?.text ?? lastText(inherited, name);
    const engine = last('ioengine', expanded)?.split(':', 1)[0] ?? 'psync';
    const resolved = expanded.map((option, index) => {
      // fio takes kb_base before the other options of a section, wherever it stands, but not on the command line.
      const kbBase = last('kb_base', asGiven ? expanded.slice(0, index) : expanded) === '1000' ? 1000 : 1024;
      return {
        option: this.#resolveOption(option, engine, kbBase),
        priority: asGiven ? 0 : orderOf(option.spec),
      };
    });
    return resolved.sort((a, b) => b.priority - a.priority).map(({ option }) => option);
  }

  #expand({ line, file }: PlacedOption): ExpandedOption {
    const spec = JOB_OPTION_BY_NAME.get(line.name);
    const place = { file, line: line.line, column: line.column };
    const written = line.value === undefined ? line.name : `${line.name}=${line.value}`;
    if (this.#options.asGiven === true || line.value === undefined) {
      return { spec, line, place, written, text: line.value, unset: [], badSum: undefined };
    }
    const { text, unset, badSum } = expandOption(written, this.#environment);
    return { spec, line, place, written, text: text.slice(text.indexOf('=') + 1), unset, badSum };
  }

  #resolveOption(option: ExpandedOption, engine: string, kbBase: 1000 | 1024): ResolvedOption {
    const { line, place, written, text } = option;
    const valuePlace = { ...place, column: line.valueColumn };
    for (const name of option.unset) {
      if (this.#unset.has(name)) continue;
      this.#unset.set(name, place);
      this.#report('warning', `the environment has no ${name}`, valuePlace, {
        hint: 'nothing stands in its place',
      });
    }
    const spec = option.spec ?? findOption(line.name, engine) ?? findOption(line.name);
    const known = option.spec !== undefined ? 'job' : spec !== undefined ? 'engine' : 'no';
    const resolved = { name: spec?.name ?? line.name, text, place, known } as const;
    if (spec === undefined) {
      const nearest = nearestOption(line.name, [...JOB_OPTION_BY_NAME.keys()]);
      this.#report('unknown', 'no option of fio', place, {
        found: line.name,
        reason: `Bad option <${written}>`,
        hint: nearest === undefined ? undefined : `did you mean "${nearest}"?`,
      });
      return { ...resolved, value: undefined };
    }
    if (spec.engines?.includes(engine) === false) {
      this.#report('refused', `no option of the engine ${engine}`, place, {
        found: line.name,
        expected: `an engine that has it: ${spec.engines.join(', ')}`,
        reason: `Bad option <${written}>`,
      });
    }
    if (spec.profile !== undefined) {
      this.#report('warning', `${spec.name} does nothing in a job`, place, {
        hint: `it is of the profile ${spec.profile}`,
      });
    }
    if (option.badSum !== undefined) {
      this.#report('refused', 'not a sum of integers', valuePlace, {
        found: option.badSum,
        expected: 'numbers with + - * / % ^ and parentheses, as bc takes them',
        reason: `failed parsing ${written}`,
      });
      return { ...resolved, value: undefined };
    }
    const value = parseValue(spec, text, {
      kbBase,
      warn: (what) => this.#report('warning', `${spec.name}: ${what}`, valuePlace, { found: text }),
    });
    if (!(value instanceof Refusal)) return { ...resolved, value };
    let hint: string | undefined;
    if (option.unset.length > 0) hint = `set ${option.unset.join(' and ')} in the environment`;
    else if (text !== undefined && /^\s/.test(text)) hint = 'no blank may stand before the value';
    this.#report('refused', `${spec.name} cannot be so`, valuePlace, {
      found: text,
      expected: value.expected,
      reason: value.reason,
      hint,
    });
    return { ...resolved, value: undefined };
  }

  /** What fio checks when it has a job whole (init.c, fixup_options). */
  #checkJob(settings: JobSettings, place: FioPlace, options: readonly ResolvedOption[]): void {
    const placeOfOption = (name: string) =>
      options.findLast((option) => option.name === name)?.place ?? place;
    const refuse = (name: string, reason: string) => {
      this.#report('refused', 'the job cannot run', placeOfOption(name), { reason });
    };
    const { rateBytesPerSecond, rateIops, rateMinBytesPerSecond, rateMinIops, size, blocks, zoneMode } =
      settings;
    const any = (values: readonly number[]) => values.some((value) => value > 0);
    if ((any(rateBytesPerSecond) && any(rateIops)) || (any(rateMinBytesPerSecond) && any(rateMinIops))) {
      refuse('rate_iops', 'rate and rate_iops are mutually exclusive');
    }
    const tooSlow = ([0, 1, 2] as const).find(
      (ddir) =>
        (rateBytesPerSecond[ddir] > 0 && rateBytesPerSecond[ddir] < rateMinBytesPerSecond[ddir]) ||
        (rateIops[ddir] > 0 && rateIops[ddir] < rateMinIops[ddir]),
    );
    if (tooSlow !== undefined) {
      const name = rateBytesPerSecond[tooSlow] > 0 ? 'rate_min' : 'rate_iops_min';
      refuse(name, `minimum rate exceeds rate, ddir ${tooSlow}`);
    }
    const smallest = Math.min(...blocks.map(({ minBytes }) => minBytes));
    if (size?.kind === 'number' && size.value > 0 && size.value < smallest) {
      refuse('size', `size too small, must not be less than minimum block size: ${size.value} < ${smallest}`);
    }
    if (zoneMode === 'strided' && settings.zoneSizeBytes === 0) {
      refuse('zonemode', '--zonesize must be specified when using --zonemode=strided.');
    }
    if (zoneMode === 'none' && settings.zoneSizeBytes > 0) {
      refuse('zonesize', '--zonemode=none and --zonesize are not compatible.');
    }
    if (settings.timeBased && settings.runtimeNs === 0) {
      this.#report('warning', 'time_based without a runtime does nothing', placeOfOption('time_based'), {
        reason: 'time_based requires a runtime/timeout setting',
      });
    }
  }
}

/** Where an option comes in its section: by priority, those of engines after all others. */
function orderOf(spec: OptionSpec | undefined): number {
  return spec === undefined ? Number.NEGATIVE_INFINITY : (spec.priority ?? 0);
}

function lastText(options: readonly ResolvedOption[], name: string): string | undefined {
  return options.findLast((option) => option.name === name && option.value !== undefined)?.text;
}

/**
 * The options as the arguments of a command line that means the same, without `fio` itself. Options before the first
 * `--name` are those of [global]; a [global] after a job has no such form.
 */
export function commandLineOf(document: JobDocument): string[] {
  return document.sections.flatMap(({ name, isGlobal, options }) => [
    ...(isGlobal ? [] : [`--name=${name}`]),
    ...options.map((option) => `--${option.name}${option.text === undefined ? '' : `=${option.text}`}`),
  ]);
}

/**
 * The same as one line, as fio's `--showcmd` prints it: a description in quotes, nothing else; and before the options of
 * a further [global] those of the earlier ones again.
 */
export function showCommand(document: JobDocument): string {
  const words = ['fio'];
  const inherited: string[] = [];
  for (const { name, isGlobal, options } of document.sections) {
    const shown = options.map((option) => {
      if (option.text === undefined) return `--${option.name}`;
      return `--${option.name}=${option.name === 'description' ? `"${option.text}"` : option.text}`;
    });
    if (isGlobal) words.push(...inherited, ...shown);
    else words.push(`--name=${name}`, ...shown);
    if (isGlobal) inherited.push(...shown);
  }
  return words.join(' ');
}
