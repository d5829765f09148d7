/** The sentences say what the numbers say. */
import { describe, expect, it } from 'vitest';
import type { LatencyKind, ModeResult, RunDocument, VerdictName } from '../schema/run-document.ts';
import { sampleRecording } from '../testing/sample-recording.ts';
import { describeWorkload } from './describe.ts';

const sample = sampleRecording({ workloads: ['database'], intervals: 4, iosPerVm: 400 }).document;

type Times = readonly [p50Us: number, p99Us: number];
interface Case {
  readonly writes?: Readonly<Record<string, Times>>;
  readonly reads?: Readonly<Record<string, Times>>;
  readonly flushes?: Readonly<Record<string, Times>>;
  readonly verdicts?: Readonly<Record<string, VerdictName>>;
  readonly readCeiling?: number | null;
  readonly hitRatio?: number;
  readonly scenario?: Record<string, unknown>;
}

/** A document whose modes are those that are given times, with nothing else than these times. */
function documentOf(given: Case): RunDocument {
  const modes = [...new Set(Object.keys({ ...given.writes, ...given.reads, ...given.flushes }))];
  const template = sample.results[0]!;
  const results = modes.map((mode): ModeResult => {
    const latencies = (kind: LatencyKind) => {
      const times = given[kind]?.[mode];
      if (times === undefined) return { count: 0, response: null, service: null };
      const summary = { ...template.writes.response!, p50Ns: times[0] * 1000, p99Ns: times[1] * 1000 };
      return { count: 100, response: summary, service: summary };
    };
    const verdict = given.verdicts?.[mode];
    return {
      ...template,
      mode,
      reads: latencies('reads'),
      writes: latencies('writes'),
      flushes: latencies('flushes'),
      hitRatio: mode === 'none' ? 0 : (given.hitRatio ?? 0),
      verdicts: verdict === undefined ? [] : [{ name: verdict, why: 'Because of 42.' }],
    };
  });
  const readCeiling = given.readCeiling === undefined ? 0.272 : given.readCeiling;
  return {
    ...sample,
    scenario: given.scenario ?? sample.scenario,
    workloads: [{ ...sample.workloads[0]!, readCeiling }],
    results,
  };
}

const said = (given: Case): string[] => describeWorkload(documentOf(given), 'database');

describe('describeWorkload', () => {
  it('gives median, tail and the cost of replicas where write-back gains', () => {
    expect(
      said({
        writes: {
          none: [1020, 8000],
          'write-back': [62, 1000],
          'write-back+1': [109, 1100],
          'write-back+2': [152, 1200],
        },
      }),
    ).toEqual([
      'Writes: write-back answers the median write in 62 µs where the array alone takes 1.02 ms (16x), and 99 % within 1 ms instead of 8 ms (8x). Each replica adds about 45 µs to the median write.',
    ]);
  });

  it('names both replicas where they do not cost the same', () => {
    expect(
      said({
        writes: {
          none: [900, 900],
          'write-back': [60, 60],
          'write-back+1': [160, 160],
          'write-back+2': [180, 180],
        },
      })[0],
    ).toContain('The first replica adds about 100 µs to the median write, the second about 20 µs.');
    expect(
      said({ writes: { none: [900, 900], 'write-back': [60, 60], 'write-back+1': [60, 70] } })[0],
    ).toContain('A replica adds next to nothing to the median write.');
  });

  it('says "gains little or nothing" within 10 percent either way', () => {
    for (const own of [91, 100, 109]) {
      expect(said({ writes: { none: [100, 1000], 'write-back': [own, 1000] } })[0]).toBe(
        `Writes: write-back gains little or nothing here: median ${own} µs against 100 µs with the array alone, 99 % within 1 ms against 1 ms.`,
      );
    }
    expect(said({ writes: { none: [100, 1000], 'write-back': [89, 1000] } })[0]).toContain(
      'answers the median write',
    );
    expect(said({ writes: { none: [100, 1000], 'write-back': [112, 1000] } })[0]).toContain(
      'write-back is slower here',
    );
  });

  it('tells a tail that does not follow the median', () => {
    expect(said({ writes: { none: [100, 1000], 'write-back': [100, 200] } })[0]).toContain(
      'gains little or nothing at the median (median 100 µs against 100 µs with the array alone), but 99 % are answered within 200 µs instead of 1 ms (5x).',
    );
    expect(said({ writes: { none: [100, 1000], 'write-back': [100, 2000] } })[0]).toContain(
      'its tail is slower',
    );
    expect(said({ writes: { none: [100, 1000], 'write-back': [20, 2000] } })[0]).toContain(
      'but 99 % within 2 ms, longer than with the array alone (1 ms).',
    );
    expect(said({ writes: { none: [100, 1000], 'write-back': [20, 950] } })[0]).toContain(
      'much as with the array alone',
    );
  });

  it('says where replicas make writes slower than the array alone', () => {
    expect(
      said({ writes: { none: [100, 100], 'write-back': [90, 90], 'write-back+1': [150, 150] } })[0],
    ).toContain('With replicas the median write takes longer than with the array alone (write-back+1).');
  });

  it('holds reads against the ceiling', () => {
    const reads = { none: [1000, 9000], 'write-back': [700, 8000] } as const;
    expect(said({ reads, hitRatio: 0.25 })).toEqual([
      'Reads: an endless cache that starts empty would serve 27.2 % of the read bytes (the read ceiling), this one served 25 %. Write-back answers the median read in 700 µs where the array alone takes 1 ms (1.4x), and 99 % within 8 ms instead of 9 ms (1.1x).',
    ]);
    expect(said({ reads, hitRatio: 0.6 })[0]).toContain(
      'this one served 60 %, since it did not start empty.',
    );
    expect(said({ reads, readCeiling: 0 })[0]).toMatch(/^Reads cannot gain from a cache here/);
    expect(said({ reads, readCeiling: 0, hitRatio: 0.4 })[0]).toMatch(
      /^Reads gain only from what flash held at the start: it served 40 %/,
    );
  });

  it('speaks of flushes where there are any', () => {
    expect(said({ flushes: { none: [500, 900], 'write-back': [50, 90] } })[0]).toMatch(
      /^Flushes: write-back answers the median flush in 50 µs/,
    );
  });

  it('gives no factor where none saturates, and says so first', () => {
    const [first, ...rest] = said({
      writes: { none: [1000, 9000], 'write-back': [60, 90] },
      verdicts: { none: 'saturated' },
    });
    expect(first).toBe(
      'none saturates: the backlog still grows at the end, so that these latencies tell how long the run was, not how fast the storage is (Because of 42). So no factor against none is given.',
    );
    expect(rest).toEqual(['Writes: write-back answers the median write in 60 µs and 99 % within 90 µs.']);
    expect(rest.join()).not.toMatch(/[0-9]x\b/);
  });

  it('puts every other verdict in words, with the modes and the numbers', () => {
    const writes = { none: [100, 100], 'write-back': [10, 10], 'write-back+1': [11, 11] } as const;
    const of = (name: VerdictName): string =>
      said({ writes, verdicts: { 'write-back': name, 'write-back+1': name } }).at(-1)!;
    expect(of('burst')).toBe(
      'The gain of write-back and write-back+1 is that of a burst: writes come in faster than they can be destaged in the long run, and the load ended before the limit was reached (write-back: Because of 42).',
    );
    expect(of('cold')).toMatch(/^The cache was still filling at the end \(write-back and write-back\+1\)/);
    expect(of('no-pressure')).toMatch(/^Nothing was evicted or throttled/);
    expect(of('overdriven')).toMatch(/^The replay drove write-back and write-back\+1 harder/);
  });

  it('says that null devices measure the harness, and nothing else', () => {
    const text = [
      'The devices answer at once (null): this run measures the harness, and says nothing about FVP.',
    ];
    const writes = { none: [0, 0], 'write-back': [0, 0] } as const;
    expect(said({ writes, scenario: { name: 'null' } })).toEqual(text);
    expect(said({ writes, scenario: { name: 'mine', datastore: { device: 'null' } } })).toEqual(text);
    expect(said({ writes, scenario: { name: 'mine', datastore: { device: 'array' } } })).not.toEqual(text);
  });

  it('passes on no escape code and no endless name', () => {
    const mode = `write-back\u001b[2J${'z'.repeat(5000)}`;
    const text = said({ writes: { none: [100, 100], [mode]: [10, 10] } });
    expect(text[0]!.startsWith('Writes: write-backzzz')).toBe(true);
    expect(text[0]!.length).toBe(1000);
  });

  it('divides by no zero', () => {
    const text = said({
      writes: { none: [1, 1], 'write-back': [0, 0] },
      reads: { none: [0, 0], 'write-back': [0, 0] },
    }).join(' ');
    expect(text).not.toMatch(/NaN|Infinity/);
  });

  it('does without none, without write-back and without either', () => {
    expect(said({ writes: { 'write-back': [60, 90] } })).toEqual([
      'Writes: write-back answers the median write in 60 µs and 99 % within 90 µs.',
      'Mode none was not run, so there is nothing to compare with.',
    ]);
    expect(said({ writes: { none: [100, 200], 'write-through': [101, 201] } })[0]).toMatch(
      /^Writes: write-through gains little or nothing here/,
    );
    expect(said({ writes: { none: [100, 200] } })).toEqual([
      'Writes: none answers the median write in 100 µs and 99 % within 200 µs.',
    ]);
  });
});
