import { describe, expect, it } from 'vitest';
import { briefly, errorOf, openFiles, rowsOf } from '../testing/read-rows.ts';

const PREAMBLE = `Copyright (not really)

1. This is no row, though it begins with a number.
#################
start ; sector; length ; op ;  replay_delay=0 ; replay_duration=0
`;

describe('blkreplay loads', () => {
  it('are read past a preamble, also one in mid-file', async () => {
    const first =
      '      0.000000000 ;     37766853 ;   64 ; W ; 0.0 ; 0.0\n      0.449518165 ;            0 ;    1 ; R ; 0.0 ; 0.0\n';
    const second = '      1.000000001 ;          100 ;    8 ; RA ; 0.0 ; 0.0\n';
    const trace = await openFiles({ 'x.load': PREAMBLE + first + PREAMBLE + second });
    const rows = rowsOf(trace);
    expect(briefly(rows)).toEqual(['0 W 19336628736 32768', '449518165 R 0 512', '1000000001 R 51200 4096']);
    expect(rows.every((row) => row.latencyNs === undefined)).toBe(true);
    expect(trace.diskNames).toEqual(['x']);
    expect(trace.warnings).toEqual(['lines behind the first row that are no rows, passed over: 4']);
  });

  it('are known by their rows alone, with fewer digits, CRLF and no newline at the end', async () => {
    const trace = await openFiles({ load: '1.5;8;8;W;0.0;0.0\r\n 2.25 ; 16 ; 8 ; R' });
    expect(briefly(rowsOf(trace))).toEqual(['0 W 4096 4096', '750000000 R 8192 4096']);
  });

  it('have the recorded latency in replay output', async () => {
    const trace = await openFiles({
      load: '1.0 ; 8 ; 8 ; W ; 0.000012 ; 0.000345678\n2.0 ; 8 ; 8 ; R ; 0.0 ; 0.0\n',
    });
    expect(rowsOf(trace).map((row) => row.latencyNs)).toEqual([345678, undefined]);
  });

  it('may flush and discard', async () => {
    const trace = await openFiles({
      load: '1.0 ; 0 ; 0 ; FWS ; 0.0 ; 0.0\n1.0 ; 8 ; 8 ; D ; 0.0 ; 0.0\n1.0 ; 8 ; 0 ; N ; 0.0 ; 0.0\n',
    });
    expect(briefly(rowsOf(trace))).toEqual(['0 F 0 0', '0 D 4096 4096']);
    expect(trace.warnings).toEqual(['rows that neither move data nor flush, left out: 1']);
  });

  it.each([
    [
      'a torn line',
      '2.000000000 ; 17 ; 8\n',
      ':7:21: the line is torn; found "2.000000000 ; 17 ; 8"; expected an operation',
    ],
    ['a line torn in its first number', '2.0000\n', ':7:7: the line is torn'],
    [
      'an operation that does not exist',
      '2.0 ; 17 ; 8 ; X ; 0.0 ; 0.0\n',
      ':7:16: no such operation; found "X"',
    ],
    ['a sector that is no number', '2.0 ; -17 ; 8 ; W ; 0.0 ; 0.0\n', ':7:7: not a number; found "-17"'],
    ['too many fields', '2.0 ; 17 ; 8 ; W ; 0.0 ; 0.0 ; 9\n', ':7:32: the line goes on; found "9"'],
    ['bytes that are no text', 'a\u0000b\n', ':7:2: this is no text'],
  ])('refuse %s, with its place', async (_what, line, message) => {
    const found = await errorOf(`${PREAMBLE}1.000000000 ; 8 ; 8 ; W ; 0.0 ; 0.0\n${line}`);
    expect(found).toContain(`E_DATA input${message}`);
  });
});
