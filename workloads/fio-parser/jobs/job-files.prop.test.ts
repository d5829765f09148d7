import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  commandLineOf,
  FioError,
  formatJobFile,
  JOB_OPTIONS,
  parseCommandLine,
  parseJobFile,
  printJobFile,
  resolveJobs,
  showCommand,
} from '../index.ts';

const runs = Number(process.env.FVP_FUZZ_RUNS ?? 500);

const value = fc.oneof(
  fc.constantFrom(
    '4k',
    '8k,32k,',
    ',8k',
    '50%',
    '4z',
    '1k-4k,8k-16k',
    '10s',
    '2m',
    'randrw:8',
    '4k/50:8k/50',
    `\${HOME}x`,
  ),
  fc.constantFrom(
    'zipf:1.2',
    'zoned:50/10:50/',
    '$ncpus*2',
    '(2*3k)',
    '0x10',
    '-5',
    'iops:3%',
    '99:99.9',
    '1',
    '',
    ' 4k',
  ),
  fc.string({ maxLength: 12 }),
);
const option = fc
  .tuple(
    fc.oneof(
      fc.constantFrom(...JOB_OPTIONS.map(({ name }) => name)),
      fc.constantFrom('blocksize', 'userspace_reap', 'nonsense'),
    ),
    fc.option(value, { nil: undefined }),
  )
  .map(([name, text]) => (text === undefined ? name : `${name}=${text}`));
const line = fc
  .tuple(
    fc.constantFrom('', ' ', '\t'),
    fc.oneof(
      { weight: 6, arbitrary: option },
      {
        weight: 2,
        arbitrary: fc.constantFrom(
          '[global]',
          '[job]',
          '[a;b]',
          '[x',
          '[',
          '[]',
          'include other.fio',
          '; c',
          '# c',
          '',
        ),
      },
      { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 20 }) },
    ),
    fc.constantFrom('', ' ; note', ' # note', '\r', '  '),
  )
  .map((parts) => parts.join(''));
const jobText = fc
  .tuple(fc.constantFrom('', '[first]\n'), fc.array(line, { maxLength: 12 }), fc.constantFrom('', '\n'))
  .map(([start, lines, end]) => start + lines.join('\n') + end);
const include = () => ({ file: 'other.fio', text: 'bs=8k\n' });
const variables = { HOME: '/root;x' };

test('any text is kept character by character', () => {
  fc.assert(
    fc.property(fc.oneof(jobText, fc.string({ unit: 'binary' })), (text) => {
      expect(printJobFile(parseJobFile(text))).toBe(text);
    }),
    { numRuns: runs },
  );
});

test('any text resolves, with a place in it for every problem', () => {
  let problems = 0;
  fc.assert(
    fc.property(fc.oneof(jobText, fc.string({ unit: 'binary' })), (text) => {
      const document = resolveJobs(parseJobFile(text), { variables, include });
      for (const { error } of document.problems) {
        expect(error).toBeInstanceOf(FioError);
        expect(error.place.line).toBeLessThanOrEqual(text.split('\n').length);
        problems++;
      }
    }),
    { numRuns: runs },
  );
  expect(problems).toBeGreaterThan(0);
});

test('a formatted file resolves to the same, and formatting it again changes nothing', () => {
  fc.assert(
    fc.property(jobText, (text) => {
      const formatted = formatJobFile(parseJobFile(text));
      const of = (source: string) => {
        const { jobs, sections, problems } = resolveJobs(parseJobFile(source), { variables, include });
        return {
          jobs: jobs.map(({ name, settings }) => ({ name, settings })),
          options: sections.map(({ name, options }) => [name, options.map((o) => [o.name, o.text, o.value])]),
          problems: problems.map(({ kind, error }) => [kind, error.what, error.reason, error.hint]),
        };
      };
      expect(of(formatted)).toEqual(of(text));
      expect(formatJobFile(parseJobFile(formatted))).toBe(formatted);
    }),
    { numRuns: runs },
  );
});

test('what is printed as a command line reads back as the same jobs', () => {
  fc.assert(
    fc.property(fc.array(option, { maxLength: 6 }), fc.array(option, { maxLength: 6 }), (global, own) => {
      const clean = (list: readonly string[]) =>
        list.filter((text) => !/[;#\n$]/.test(text) && !text.startsWith('include'));
      const text = ['[global]', ...clean(global), '[job]', ...clean(own)].join('\n');
      const document = resolveJobs(parseJobFile(text));
      const again = parseCommandLine(commandLineOf(document)).document;
      // An option that lacks its value would take the next argument for it.
      if (document.problems.some(({ error }) => error.reason?.includes('requires an argument') === true))
        return;
      expect(showCommand(again)).toBe(showCommand(document));
    }),
    { numRuns: runs },
  );
});
