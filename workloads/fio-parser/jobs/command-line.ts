/** fio's command line: jobs as `--name=x --option=value`, beside job files and options of the program itself. */
import { JOB_OPTIONS } from './option-table.ts';
import { type JobDocument, resolveJobs } from './resolve-jobs.ts';
import type { JobFile, JobLine } from './syntax.ts';

/** A command line, taken apart. */
export interface CommandLine {
  /** The jobs it describes, with no problem left out; empty where it only names job files. */
  readonly document: JobDocument;
  readonly jobFiles: readonly string[];
  /** Options of the program rather than of a job, such as `output-format`. */
  readonly programOptions: readonly { readonly name: string; readonly value: string | undefined }[];
}

/** @source fio 3.33 `--help`; those with `=` take a value. */
const PROGRAM_OPTIONS =
  'debug= parse-only merge-blktrace-only output= output-format= bandwidth-log minimal append-terse terse-version= version help cpuclock-test crctest cmdhelp enghelp showcmd eta= eta-newline= status-interval= readonly section= alloc-size= warnings-fatal max-jobs= server daemonize= client= remote-config= idle-prof= inflate-log= trigger-file= trigger-timeout= trigger= trigger-remote= aux-path= latency-log eta-interval= memcpytest'.split(
    ' ',
  );

/**
 * Takes a command line apart. As fio does, it lets options count in their order, puts nothing in the place of
 * variables, and takes options before the first `--name` as [global].
 *
 * @param argv the arguments after `fio`. A place in a message is the number of the argument, as the column.
 */
export function parseCommandLine(argv: readonly string[]): CommandLine {
  const lines: JobLine[] = [];
  const jobFiles: string[] = [];
  const programOptions: { name: string; value: string | undefined }[] = [];
  const base = (text: string) => ({ text, end: '', line: 1 });
  const open = (name: string, column: number) =>
    lines.push({ ...base(`[${name}]`), kind: 'section', name, column, comment: '' });
  for (let at = 0; at < argv.length; at++) {
    const argument = argv[at]!;
    const column = at + 1;
    if (!argument.startsWith('--')) {
      jobFiles.push(argument);
      continue;
    }
    const equals = argument.indexOf('=');
    const name = argument.slice(2, equals === -1 ? undefined : equals);
    let value = equals === -1 ? undefined : argument.slice(equals + 1);
    if (value === undefined && takesValue(name)) value = argv[++at];
    if (PROGRAM_OPTIONS.includes(name) || PROGRAM_OPTIONS.includes(`${name}=`)) {
      programOptions.push({ name, value });
    } else if (name === 'name') {
      open(value ?? '', column);
    } else {
      if (lines.length === 0) open('global', column);
      lines.push({
        ...base(argument.slice(2)),
        kind: 'option',
        name,
        value,
        column,
        valueColumn: column,
        comment: '',
      });
    }
  }
  const jobFile: JobFile = { file: 'command line', lines };
  return { document: resolveJobs(jobFile, { asGiven: true }), jobFiles, programOptions };
}

/** Whether the next argument is the value, where none stands behind a `=`. */
function takesValue(name: string): boolean {
  if (name === 'name' || PROGRAM_OPTIONS.includes(`${name}=`)) return true;
  const spec = JOB_OPTIONS.find((option) => option.name === name || option.alias === name);
  return spec !== undefined && !['flag', 'removed', 'ignored'].includes(spec.kind) && spec.mayBeBare !== true;
}
