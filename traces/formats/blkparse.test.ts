import { describe, expect, it } from 'vitest';
import { FLAG_AHEAD, FLAG_FUA, FLAG_META, FLAG_SYNC } from '../../reference/kernel/io.ts';
import { openTrace } from '../open-trace.ts';
import { briefly, errorOf, openFiles, rowsOf } from '../testing/read-rows.ts';

const fixture = (name: string): string => new URL(`fixtures/${name}`, import.meta.url).pathname;

/** A line as blkparse prints it: `%3d,%-3d %2d %8d %5d.%09lu %5u %2s %3s ...`. */
let sequence = 0;
function event(us: number, action: string, rwbs: string, rest: string, device = '  8,16 '): string {
  const seconds = String(Math.floor(us / 1e6)).padStart(5);
  const nanoseconds = String((us % 1e6) * 1000).padStart(9, '0');
  const number = String(++sequence).padStart(8);
  return `${device}  0 ${number} ${seconds}.${nanoseconds}  4242 ${action.padStart(2)} ${rwbs.padStart(3)} ${rest}\n`;
}

describe('blkparse text', () => {
  it('reads issued events with the latency to their completion, and ignores the summary', async () => {
    const trace = await openTrace([fixture('synth.blkparse.txt')]);
    const rows = rowsOf(trace);
    expect(briefly(rows)).toEqual(['0 R 1048576 8192', '990000 W 2097152 4096']);
    expect(rows.map((row) => row.latencyNs)).toEqual([130000, 490000]);
    expect(rows.map((row) => row.pid)).toEqual([4242, 4242]);
    expect(trace.diskNames).toEqual(['8,16']);
    expect(trace.warnings).toEqual([]);
  });

  it('reads queued events, where a flush with data is one write with FUA', async () => {
    const trace = await openTrace([fixture('synth.blkparse.txt')], { event: 'Q' });
    const rows = rowsOf(trace);
    expect(briefly(rows)).toEqual([
      '0 R 1048576 8192',
      '1000000 W 2097152 4096',
      '2000000 D 4194304 65536',
      '2500000 F 0 0',
      '3000000 W 4608000 4096',
    ]);
    expect(rows.map((row) => row.flags)).toEqual([0, FLAG_SYNC, 0, 0, FLAG_FUA | FLAG_SYNC | FLAG_META]);
    expect(rows.every((row) => row.latencyNs === undefined)).toBe(true);
  });

  it('counts writes that ask for a flush before them', async () => {
    const log = event(1, 'Q', 'FWFSM', '800 + 8 [jbd2/sda-8]') + event(2, 'Q', 'FWS', '[fsync]');
    const trace = await openFiles({ log }, { event: 'Q' });
    expect(rowsOf(trace).map((row) => `${row.op} ${row.flags}`)).toEqual([
      `W ${FLAG_FUA | FLAG_SYNC | FLAG_META}`,
      `F ${FLAG_SYNC}`,
    ]);
    expect(trace.warnings).toEqual(['writes that ask for a flush before them, which is not replayed: 1']);
  });

  it('counts a flush that the block layer split from its write, and completes each with its own', async () => {
    const log =
      event(10, 'Q', 'FWFSM', '8000 + 8 [jbd2/sda-8]') +
      event(11, 'D', 'FN', '[kworker/0:1H]') +
      event(31, 'C', 'FN', '0 [0]') +
      event(32, 'D', 'WSM', '8000 + 8 [jbd2/sda-8]') +
      event(72, 'C', 'WSM', '8000 + 8 [0]') +
      event(73, 'D', 'FN', '[kworker/0:1H]') +
      event(83, 'C', 'FN', '0 [0]') +
      event(84, 'C', 'WSM', '8000 [0]');
    const trace = await openFiles({ log });
    const rows = rowsOf(trace);
    expect(briefly(rows)).toEqual(['0 F 0 0', '21000 W 4096000 4096', '62000 F 0 0']);
    expect(rows.map((row) => row.latencyNs)).toEqual([20000, 40000, 10000]);
    expect(trace.warnings).toEqual([]);
  });

  it('completes I/Os of one place in the order of their issue, whatever else completes before them', async () => {
    const log =
      event(1, 'D', 'R', '64 + 8 [a]') +
      event(2, 'D', 'W', '64 + 8 [a]') +
      event(3, 'D', 'R', '64 + 8 [b]') +
      event(4, 'C', 'W', '64 + 8 [0]') +
      event(5, 'C', 'R', '64 + 8 [0]') +
      event(9, 'C', 'R', '64 + 8 [0]');
    const rows = rowsOf(await openFiles({ log }));
    expect(rows.map((row) => row.latencyNs)).toEqual([4000, 2000, 6000]);
  });

  it('takes a request that was requeued and issued again for one', async () => {
    const log =
      event(1, 'D', 'W', '64 + 8 [a]') +
      event(2, 'R', 'W', '64 + 8 [0]') +
      event(5, 'D', 'W', '64 + 8 [a]') +
      event(8, 'C', 'W', '64 + 8 [0]');
    const rows = rowsOf(await openFiles({ log }));
    expect(rows.map((row) => row.latencyNs)).toEqual([7000]);
  });

  it('counts completions without an issue and issues without a completion', async () => {
    const log = event(1, 'C', 'R', '8 + 8 [0]') + event(2, 'D', 'R', '64 + 8 [a]');
    const trace = await openFiles({ log });
    expect(trace.summary.recorded.latencies).toBe(0);
    expect(trace.warnings).toEqual([
      'completions of I/Os issued before the trace began, left out: 1',
      'I/Os without a recorded completion: 1',
    ]);
  });

  it('passes over other actions, messages, odd process names and packet commands', async () => {
    const log =
      event(1, 'G', 'R', '64 + 8 [a]') +
      event(2, 'P', 'N', '[a]') +
      event(3, 'UT', 'N', '[a] 1') +
      event(4, 'A', 'R', '64 + 8 <- (8,1) 2') +
      event(5, 'X', 'R', '64 / 72 [a]') +
      event(6, 'm', 'N', 'cfq1234 + 8 Q 9 [x]') +
      event(7, 'D', 'R', '96 + 8 [we ird: [name] + 3]') +
      event(8, 'D', 'R', '36 (12 00 00 00 24 00 ..) [udevd]');
    const trace = await openFiles({ log });
    expect(briefly(rowsOf(trace))).toEqual(['0 R 49152 4096']);
    expect(trace.warnings).toContain('requests that neither move data nor flush, left out: 1');
  });

  it('makes each device a disk, and keeps the completions of devices apart', async () => {
    const log =
      event(1, 'D', 'R', '64 + 8 [a]') +
      event(2, 'D', 'R', '64 + 8 [a]', '259,0   ') +
      event(5, 'C', 'R', '64 + 8 [0]', '259,0   ') +
      event(9, 'C', 'RA', '64 + 8 [0]');
    const trace = await openFiles({ log });
    const rows = rowsOf(trace);
    expect(trace.diskNames).toEqual(['8,16', '259,0']);
    expect(rows.map((row) => `${row.disk} ${row.latencyNs}`)).toEqual(['0 8000', '1 3000']);
  });

  it('reads read-ahead and metadata flags', async () => {
    const rows = rowsOf(await openFiles({ log: event(1, 'D', 'RAM', '64 + 8 [a]') }));
    expect(rows.map((row) => row.flags)).toEqual([FLAG_AHEAD | FLAG_META]);
  });

  it('lets time go on where blkparse, reading a pipe, set its clock back', async () => {
    sequence = 510;
    const before = event(20_000, 'D', 'R', '8 + 8 [a]') + event(20_100, 'C', 'R', '8 + 8 [0]');
    const after = event(3, 'D', 'R', '16 + 8 [a]') + event(103, 'C', 'R', '16 + 8 [0]');
    const trace = await openFiles({ log: before + after });
    expect(briefly(rowsOf(trace))).toEqual(['0 R 4096 4096', '103000 R 8192 4096']);
    expect(trace.warnings).toEqual(["times that blkparse's clock was set back to 0 (time goes on there): 1"]);
    expect(trace.summary.reorderedRows).toBe(0);
  });

  it('keeps nanoseconds exact where time counts from 1970', async () => {
    const line = (ns: number): string =>
      `  8,0    0        1 1700000000.12345678${ns}     7  D   R 8 + 8 [x]\n`;
    const rows = rowsOf(await openFiles({ log: line(1) + line(2) + line(9) }));
    expect(rows.map((row) => row.timeNs)).toEqual([0, 1, 8]);
  });

  it('sorts rows that are a little out of order', async () => {
    const log =
      event(20, 'D', 'R', '8 + 8 [a]') +
      event(15, 'D', 'W', '16 + 8 [a]') +
      event(30, 'D', 'R', '24 + 8 [a]');
    const trace = await openFiles({ log });
    expect(briefly(rowsOf(trace))).toEqual(['0 W 8192 4096', '5000 R 4096 4096', '15000 R 12288 4096']);
    expect(trace.summary.reorderedRows).toBe(1);
  });

  it('says how to read a trace that has only the other event', async () => {
    const log = event(1, 'Q', 'R', '64 + 8 [a]');
    expect(await errorOf(log)).toBe(
      'E_DATA input: the trace holds no I/O (input holds Q events and no D events: --event Q reads those)',
    );
  });

  it.each([
    ['a torn line', '  8,16   0        2     0.000020000  4242  D   R 2048 + \n', ':2:'],
    [
      'a line torn in the middle of the time',
      '  8,16   0        2     0.0000200\n',
      ':2:34: the line is torn',
    ],
    [
      'an operation that does not exist',
      event(2, 'D', 'XS', '64 + 8 [a]'),
      ':2:47: no such operation; found "XS"',
    ],
    ['an action that does not exist', event(2, 'D9', 'R', '64 + 8 [a]'), 'no such action; found "D9"'],
    [
      'a sector beyond 2^53 bytes',
      event(2, 'D', 'R', '17592186044416 + 8 [a]'),
      ':2: the end of the I/O is out of range',
    ],
    ['text that is none of blkparse', 'hello\n', ':2:1: not a line of blkparse; found "hello"'],
    [
      'bytes that are no text',
      '\u0000\u0001\u0002\n',
      ':2:1: not a line of blkparse; found "\\u0000\\u0001\\u0002"',
    ],
  ])('refuses %s, with its place', async (_what, line, message) => {
    const found = await errorOf(event(1, 'D', 'R', '8 + 8 [a]') + line);
    expect(found).toMatch(/^E_DATA input:2/);
    expect(found).toContain(message);
  });
});
