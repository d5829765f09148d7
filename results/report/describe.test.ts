/** The sentences say what the numbers say. */
import { describe, expect, it } from 'vitest';
import type { LatencyKind, ModeResult, RunDocument, VerdictName } from '../schema/run-document.ts';
import { sampleRecording } from '../testing/sample-recording.ts';
import { describeWorkload } from './describe.ts';

const sample = sampleRecording({ workloads: ['database'], intervals: 4, iosPerVm: 400 }).document;

/** The mean is the median where it is not given. */
type Times = readonly [p50Us: number, p99Us: number, meanUs?: number];
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
      const [p50Us, p99Us, meanUs = p50Us] = times;
      const summary = {
        ...template.writes.response!,
        p50Ns: p50Us * 1000,
        p99Ns: p99Us * 1000,
        meanNs: meanUs * 1000,
      };
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

const ARRAY = { name: 'mine', datastore: { device: 'array', flush: 'roundtrip' } };

describe('describeWorkload', () => {
  it('gives medians, tail and the cost of replicas in one sentence where write-back gains', () => {
    expect(
      said({
        writes: {
          none: [1020, 8000],
          'write-back': [62, 1000],
          'write-back+1': [109, 1100],
          'write-back+2': [152, 1200],
        },
        flushes: { none: [500, 900], 'write-back': [50, 90] },
        scenario: { name: 'mine', datastore: { device: 'fixed' } },
      }),
    ).toEqual([
      'Write-back answers the median write in 62 µs instead of 1.02 ms (16x; p99 8x); each replica adds about 45 µs; the median flush takes 50 µs instead of 500 µs (10x; p99 10x).',
    ]);
  });

  it('says at most two sentences and a line of verdicts', () => {
    const verdicts = { 'write-through': 'cold', 'write-back': 'cold', 'write-back+1': 'burst' } as const;
    const { document } = sampleRecording({ workloads: ['database'], intervals: 4, iosPerVm: 400 });
    const results = document.results.map((result) => {
      const name = (verdicts as Record<string, VerdictName>)[result.mode];
      return name === undefined ? result : { ...result, verdicts: [{ name, why: 'Because of 42.' }] };
    });
    const text = describeWorkload({ ...document, results }, 'database');
    expect(text).toHaveLength(3);
    for (const sentence of text) {
      expect(sentence.match(/\.(?: |$)/g)).toHaveLength(1);
      expect(sentence.length).toBeLessThan(320);
    }
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
    ).toContain('the first replica adds about 100 µs, the second about 20 µs.');
    const nothing = { none: [900, 900], 'write-back': [60, 60], 'write-back+1': [62, 70] } as const;
    expect(said({ writes: nothing })[0]).toContain('a replica adds next to nothing.');
    expect(said({ writes: { ...nothing, 'write-back+2': [63, 70] } })[0]).toContain(
      'replicas add next to nothing.',
    );
  });

  it('says "gains little or nothing" below 1.25x', () => {
    for (const own of [810, 1000, 1240]) {
      expect(said({ writes: { none: [1000, 3000], 'write-back': [own, 3000] } })[0]).toMatch(
        /^Write-back gains little or nothing: median write .* with the array alone\.$/,
      );
    }
    expect(said({ writes: { none: [1000, 3000], 'write-back': [800, 3000] } })[0]).toBe(
      'Write-back answers the median write in 800 µs instead of 1 ms (1.3x; p99 much the same).',
    );
    expect(said({ writes: { none: [1000, 3000], 'write-back': [1250, 3000] } })[0]).toBe(
      'Write-back is slower than the array alone: median write 1.25 ms against 1 ms.',
    );
  });

  it('says "gains little or nothing" below 20 µs, whatever the factor', () => {
    expect(said({ writes: { none: [29, 46], 'write-back': [10, 30] } })[0]).toBe(
      'Write-back gains little or nothing: median write 10 µs against 29 µs with the array alone.',
    );
    expect(said({ writes: { none: [30, 46], 'write-back': [10, 30] } })[0]).toMatch(/ \(3x; p99 much/);
    expect(said({ writes: { none: [10, 46], 'write-back': [29, 46] } })[0]).toMatch(/little or nothing/);
  });

  it('is not taken in by a median that jumps while the mean stays', () => {
    const jump = said({ reads: { none: [1560, 15_400, 3840], 'write-back': [847, 15_300, 3750] } })[0];
    expect(jump).toMatch(
      /^Reads gain little or nothing \(mean 3.75 ms against 3.84 ms, though the median falls from 1.56 ms to 847 µs\): /,
    );
    expect(said({ writes: { none: [1560, 15_400, 3840], 'write-back': [2000, 15_400, 3850] } })[0]).toBe(
      'Write-back gains little or nothing: writes, mean 3.85 ms against 3.84 ms, though the median rises from 1.56 ms to 2 ms.',
    );
    expect(said({ reads: { none: [1560, 15_400, 3840], 'write-back': [847, 15_300, 3000] } })[0]).toMatch(
      /^The median read takes 847 µs instead of 1.56 ms/,
    );
  });

  it('tells a tail that does not follow the median', () => {
    const tail = (own: Times): string => said({ writes: { none: [100, 1000], 'write-back': own } })[0]!;
    expect(tail([100, 200])).toBe(
      'Write-back gains little or nothing: median write 100 µs against 100 µs with the array alone, but p99 falls from 1 ms to 200 µs (5x).',
    );
    expect(tail([100, 2000])).toMatch(/little or nothing.*, and p99 rises from 1 ms to 2 ms\.$/);
    expect(tail([20, 2000])).toMatch(/\(5x\), but p99 rises from 1 ms to 2 ms\.$/);
    expect(tail([20, 950])).toMatch(/\(5x; p99 much the same\)\.$/);
  });

  it('says where replicas make writes slower than the array alone', () => {
    const writes = { none: [100, 100], 'write-back': [90, 90], 'write-back+1': [150, 150] } as const;
    expect(said({ writes })[0]).toContain('; with replicas it is slower than the array alone (150 µs).');
    expect(said({ writes: { ...writes, 'write-back+2': [200, 200] } })[0]).toContain(
      'with replicas it is slower than the array alone (150 µs and 200 µs).',
    );
    expect(
      said({ writes: { ...writes, 'write-back+1': [95, 95], 'write-back+2': [200, 200] } })[0],
    ).toContain('with two replicas it is slower than the array alone (200 µs).');
  });

  it('holds reads against the ceiling', () => {
    const reads = { none: [1000, 9000], 'write-back': [700, 7000] } as const;
    expect(said({ reads, hitRatio: 0.25 })).toEqual([
      'The median read takes 700 µs instead of 1 ms (1.4x; p99 1.3x): a cache that starts empty can serve at most 27.2 % of the read bytes (the read ceiling), this one served 25 %.',
    ]);
    expect(said({ reads, hitRatio: 0.272 })[0]).toMatch(/\(the read ceiling\), and this one did\.$/);
    // A replay orders I/Os a little otherwise than the trace.
    expect(said({ reads, hitRatio: 0.274 })[0]).toMatch(/\(the read ceiling\), and this one did\.$/);
    expect(said({ reads, hitRatio: 0.6 })[0]).toMatch(
      /flash served 60 % of the read bytes, more than the read ceiling of 27.2 %, since it did not start empty\.$/,
    );
    expect(said({ reads, readCeiling: 0, hitRatio: 0.4 })[0]).toMatch(
      /flash held data at the start and served 40 % of the read bytes/,
    );
  });

  it('says so where reads cannot gain', () => {
    const why =
      'Reads cannot gain from a cache, since next to nothing is read that was read or written before';
    const of = (own: Times): string =>
      said({ reads: { none: [1000, 9000], 'write-back': own }, readCeiling: 0.004 })[0]!;
    expect(of([990, 9000])).toBe(`${why} (median 990 µs against 1 ms).`);
    expect(of([700, 9000])).toBe(
      `${why}; the median read takes 700 µs instead of 1 ms (1.4x; p99 much the same).`,
    );
  });

  it("names the array's flush setting where flushes gain, and only there", () => {
    const gains = { none: [500, 900], 'write-back': [50, 90] } as const;
    expect(said({ flushes: gains, scenario: ARRAY })).toEqual([
      'Write-back answers the median flush in 50 µs instead of 500 µs (10x; array.flush: roundtrip, with drain the array would take longer).',
    ]);
    const drain = { name: 'mine', datastore: { device: 'array', flush: 'drain' } };
    expect(said({ flushes: gains, scenario: drain })[0]).toContain(
      'array.flush: drain, with roundtrip the array would take less',
    );
    const same = { none: [20, 30], 'write-back': [20, 20] } as const;
    expect(said({ flushes: same, scenario: ARRAY })[0]).not.toContain('array.flush');
    expect(said({ flushes: gains, scenario: { datastore: { device: 'fixed' } } })[0]).not.toContain('array');
  });

  it('gives no factor where none saturates, and says so first', () => {
    const [first, ...rest] = said({
      writes: { none: [1000, 9000], 'write-back': [60, 90], 'write-back+1': [70, 90] },
      verdicts: { none: 'saturated' },
    });
    expect(first).toBe(
      'none saturates, so no gain is given: write-back answers the median write in 60 µs and 99 % within 90 µs.',
    );
    expect(rest).toEqual([
      'Verdicts: saturated (the backlog still grew at the end, so the latencies tell how long the run was) in none.',
    ]);
  });

  it('gives no factor for a mode that saturates, and no cost of a replica that does', () => {
    const writes = { none: [1000, 9000], 'write-back': [60, 90], 'write-back+1': [700, 900] } as const;
    const [first] = said({ writes, verdicts: { 'write-back': 'saturated' } });
    expect(first).toMatch(/^Write-back saturates, so no gain is given: write-back answers/);
    expect(first).not.toMatch(/[0-9]x\b|replica/);
    expect(said({ writes, verdicts: { 'write-back+1': 'saturated' } })[0]).not.toContain('replica');
    expect(said({ writes })[0]).toContain('a replica adds about 640 µs');
  });

  it('names every verdict once, with the modes it holds for', () => {
    const writes = { none: [100, 100], 'write-back': [10, 10], 'write-back+1': [11, 11] } as const;
    const of = (verdicts: Readonly<Record<string, VerdictName>>): string =>
      said({ writes, verdicts }).at(-1)!;
    expect(of({ 'write-back': 'burst' })).toBe(
      'Verdicts: burst (writes came faster than they can be destaged for good, so the gain would not last) in write-back.',
    );
    expect(of({ 'write-back': 'cold', 'write-back+1': 'cold' })).toBe(
      'Verdicts: cold (the cache was still filling at the end) in every mode but none.',
    );
    expect(of({ none: 'overdriven', 'write-back': 'overdriven', 'write-back+1': 'overdriven' })).toBe(
      'Verdicts: overdriven (driven harder than the recorded system was) in every mode.',
    );
    expect(of({ 'write-back': 'no-pressure', 'write-back+1': 'burst' })).toBe(
      'Verdicts: burst (writes came faster than they can be destaged for good, so the gain would not last) in write-back+1; no-pressure (nothing was evicted or throttled) in write-back.',
    );
    expect(of({ none: 'overdriven', 'write-back': 'overdriven' })).toMatch(/ in none and write-back\.$/);
  });

  it('says of a null datastore that the harness is measured, and nothing else', () => {
    const text = [
      'The datastore answers at once (null): this run measures the harness, and says nothing about FVP.',
    ];
    const writes = { none: [0, 0], 'write-back': [0, 0] } as const;
    const flash = { device: 'flash' };
    expect(said({ writes, scenario: { name: 'null', datastore: { device: 'null' } } })).toEqual(text);
    expect(
      said({ writes, scenario: { name: 'mine', datastore: { device: 'null' }, hosts: { a: { flash } } } }),
    ).toEqual(text);
    // A name is only a name.
    expect(said({ writes, scenario: { name: 'null', datastore: { device: 'array' } } })).not.toEqual(text);
    expect(said({ writes, scenario: { name: 'mine', datastore: null } })).not.toEqual(text);
  });

  it('passes on no escape code and no endless name', () => {
    const mode = `write-back\u001b[2J${'z'.repeat(5000)}`;
    const text = said({ writes: { none: [100, 100], [mode]: [10, 10] } });
    expect(text[0]!.startsWith('Write-backzzz')).toBe(true);
    expect(text[0]!.length).toBe(1000);
  });

  it('divides by no zero', () => {
    const text = said({
      writes: { none: [100, 100], 'write-back': [0, 0] },
      reads: { none: [0, 0], 'write-back': [0, 0] },
    }).join(' ');
    expect(text).not.toMatch(/NaN|Infinity|undefined/);
    expect(text).toContain('0 ns instead of 100 µs.');
  });

  it('does without none, without write-back and without either', () => {
    expect(said({ writes: { 'write-back': [60, 90] }, flushes: { 'write-back': [10, 20] } })).toEqual([
      'Mode none was not run, so there is nothing to compare with: write-back answers the median write in 60 µs and 99 % within 90 µs; the median flush takes 10 µs.',
    ]);
    expect(said({ writes: { none: [100, 200], 'write-through': [101, 201] } })[0]).toMatch(
      /^Write-through gains little or nothing/,
    );
    expect(said({ writes: { none: [100, 200] } })).toEqual([
      'none answers the median write in 100 µs and 99 % within 200 µs.',
    ]);
  });
});
