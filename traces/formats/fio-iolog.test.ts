import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openTrace } from '../open-trace.ts';
import { program, shell } from '../testing/independent-tools.ts';
import { briefly, errorOf, openFiles, rowsOf, testFolder } from '../testing/read-rows.ts';

const fixture = (name: string): string => new URL(`fixtures/${name}`, import.meta.url).pathname;
const V3 = 'fio version 3 iolog\n';
const V2 = 'fio version 2 iolog\n';
const OPENED = '1 a.dat add\n2 a.dat open\n';

async function brief(log: string): Promise<string[]> {
  return briefly(rowsOf(await openFiles({ log })));
}

describe('fio iolog, version 3', () => {
  it('reads what fio wrote, with counts and sums as awk has them', async () => {
    const trace = await openTrace([fixture('oltp-data.iolog3')]);
    const awk = shell(
      `awk '$3=="read"{r++; rb+=$5} $3=="write"{w++; wb+=$5} $3=="read"||$3=="write"{t=$1; if(!f)f=$1} END{print r, rb, w, wb, (t-f)*1000}' "$1"`,
      fixture('oltp-data.iolog3'),
    );
    const { reads, readBytes, writes, writeBytes, durationNs } = trace.summary;
    expect(`${reads} ${readBytes} ${writes} ${writeBytes} ${durationNs}\n`).toBe(awk);
    expect(trace.name).toBe('oltp-data');
    expect(trace.diskNames).toEqual(['data/oltp-data.0.0']);
    expect(trace.warnings).toEqual([]);
  });

  it('makes sync and datasync flushes and trim a discard', async () => {
    const log = `${V3}${OPENED}10 a.dat write 0 4096\n11 a.dat sync 0 0\n12 a.dat datasync 7 9\n13 a.dat trim 8192 512\n`;
    expect(await brief(log)).toEqual(['0 W 0 4096', '1000 F 0 0', '2000 F 0 0', '3000 D 8192 512']);
  });

  it('takes time stamps as they are, in microseconds, also behind a stamp of 0', async () => {
    const rows = rowsOf(await openTrace([fixture('v3zero.log')]));
    expect(briefly(rows)).toEqual(['0 R 0 4096', '500000000 R 4096 4096']);
  });

  it('sorts rows that are out of order and counts them', async () => {
    const trace = await openTrace([fixture('v3ooo.log')]);
    expect(briefly(rowsOf(trace))).toEqual(['0 R 4096 4096', '500000000 R 0 4096', '500001000 R 8192 4096']);
    expect(trace.summary.reorderedRows).toBe(1);
    expect(trace.warnings).toEqual(['rows out of time order, sorted into place: 1']);
  });

  it('lets time go on at a header in mid-file', async () => {
    const log = `${V3}${OPENED}1000 a.dat read 0 512\n3000 a.dat close\n${V3}${OPENED}500 a.dat read 512 512\n`;
    const trace = await openFiles({ log });
    expect(briefly(rowsOf(trace))).toEqual(['0 R 0 512', '2500000 R 512 512']);
    expect(trace.warnings).toEqual(['headers in mid-file (the log was appended to; time goes on there): 1']);
  });

  it('makes each file of a log a disk, and the same name in two logs the same disk', async () => {
    const one = `${V3}1 a add\n1 b add\n10 a read 0 512\n30 b write 512 512\n`;
    const two = `${V3}1 c add\n1 a add\n20 c read 1024 512\n30 a read 1536 512\n`;
    const trace = await openFiles({ 'one.log': one, 'two.log': two });
    expect(trace.diskNames).toEqual(['a', 'b', 'c']);
    expect(trace.name).toBe('one+two');
    const rows = rowsOf(trace);
    expect(briefly(rows)).toEqual(['0 R 0 512', '10000 R 1024 512', '20000 W 512 512', '20000 R 1536 512']);
    expect(rows.map((row) => row.disk)).toEqual([0, 2, 1, 0]);
  });

  it('reads CRLF, tabs, runs of blanks, blank lines and a last line without newline', async () => {
    const log = `fio version 3 iolog\r\n1 a add\r\n\r\n 2\ta  open\r\n3 a read 0 512\r\n4  a write 512   512 `;
    expect(await brief(log)).toEqual(['0 R 0 512', '1000 W 512 512']);
  });

  it('reads numbers of every length exactly', async () => {
    const stamps = ['5', '1234567890', '12345678901'];
    const offsets = ['999936', '123456789504', '1234567890124800', '4503599627370496'];
    for (const offset of offsets) {
      const log = `${V3}0 a add\n${stamps.map((stamp) => `${stamp} a read ${offset} 512\n`).join('')}`;
      expect(await brief(log)).toEqual(
        stamps.map((stamp) => `${(Number(stamp) - 5) * 1000} R ${offset} 512`),
      );
    }
  });

  it('rounds what is not whole sectors outward, leaves out what moves nothing, and counts both', async () => {
    const log = `${V3}0 a add\n1 a write 100 1000\n2 a read 512 0\n3 a read 1023 2\n`;
    const trace = await openFiles({ log });
    expect(briefly(rowsOf(trace))).toEqual(['0 W 0 1536', '2000 R 512 1024']);
    expect(trace.warnings).toEqual([
      'reads, writes and discards of no bytes, left out: 1',
      'rows not of whole 512-byte sectors, rounded outward: 2',
    ]);
  });

  it.each([
    [
      'a torn line',
      '7 a.dat read 4096\n',
      ':18: the line is torn; found "7 a.dat read 4096"; expected a length in bytes',
    ],
    ['a line torn in its action', '7 a.dat\n', ':8: the line is torn; found "7 a.dat"; expected an action'],
    [
      'two lines in one',
      '7 a.dat read 0 4096 8 a.dat\n',
      ':21: the line goes on; found "8"; expected nothing after the length',
    ],
    [
      'an operation that does not exist',
      '7 a.dat raed 0 512\n',
      ':9: no such action; found "raed"; expected read, write',
    ],
    ['a name that was never added', '7 b.dat read 0 512\n', ':3: this file was never added; found "b.dat"'],
    [
      'an offset that is no number',
      '7 a.dat read 0x0 512\n',
      ':14: not a number; found "0x0"; expected an offset in bytes',
    ],
    [
      'an offset beyond 2^53',
      '7 a.dat read 9007199254740992 512\n',
      ':14: the number is out of range; found "9007199254740992"',
    ],
    ['an end beyond 2^53', '7 a.dat read 9007199254740480 1024\n', ': the end of the I/O is out of range'],
    [
      'a read of more than 1 GiB',
      '7 a.dat read 0 1073741825\n',
      ': the I/O is too long; found "1073741825 bytes"',
    ],
    ['a negative stamp', '-7 a.dat read 0 512\n', ':1: not a number; found "-7"'],
    ['binary in the text', '7 a.dat \u0000\u0001 0 512\n', ':9: no such action; found "\\u0000\\u0001"'],
  ])('refuses %s, with its place', async (_what, line, message) => {
    expect(await errorOf(`${V3}${OPENED}${line}`)).toContain(`E_DATA input:4${message}`);
  });

  it('suggests the nearest action', async () => {
    expect(await errorOf(`${V3}${OPENED}7 a.dat wirte 0 512\n`)).toContain('(did you mean "write"?)');
  });

  it('refuses a version it does not know', async () => {
    expect(await errorOf('fio version 1 iolog\nrw, 0, 512\n')).toContain(
      'input:1:13: this version of the iolog is not known; found "1"',
    );
  });

  it('refuses a row further out of order than the window mends, with its line', async () => {
    const lines = Array.from({ length: 9000 }, (_, i) => `${1000 + i} a.dat read 0 512\n`).join('');
    expect(await errorOf(`${V3}${OPENED}${lines}5 a.dat read 0 512\n`)).toContain(
      'input:9004: time runs backwards',
    );
    const late = await openFiles({ log: `${V3}${OPENED}${lines}${9999 - 4000} a.dat read 512 512\n` });
    expect(late.summary.reorderedRows).toBe(1);
    expect(rowsOf(late)[9999 - 4000 - 1000 + 1]!.offset).toBe(512);
  });
});

describe('fio iolog, version 2', () => {
  it('waits until milliseconds since the start, as fio does', async () => {
    const rows = rowsOf(await openTrace([fixture('v2wait.log')]));
    expect(briefly(rows)).toEqual(['0 R 0 4096', '1000000000 R 4096 4096', '1500000000 R 8192 4096']);
  });

  it('does not wait for a moment that has passed', async () => {
    const log = `${V2}a add\na wait 100 0\na read 0 512\na wait 50 0\na read 512 512\na wait 101 0\na sync 0 0\n`;
    expect(await brief(log)).toEqual(['0 R 0 512', '0 R 512 512', '1000000 F 0 0']);
  });

  it('has no time without waits', async () => {
    const trace = await openFiles({ log: `${V2}a add\na open\na read 0 512\na write 512 512\na close\n` });
    expect(trace.summary.durationNs).toBe(0);
    expect(trace.summary.ios).toBe(2);
  });

  it('refuses a torn line', async () => {
    expect(await errorOf(`${V2}a add\na read 0\n`)).toContain(
      'input:3:9: the line is torn; found "a read 0"',
    );
  });
});

const fio = program('fio', 'fio');
describe.skipIf(fio.absent)(`beside fio itself${fio.note}`, () => {
  it('finds the I/Os that fio says it wrote to the log', async () => {
    const folder = testFolder();
    const job =
      'fio --name=j --ioengine=null --rw=randrw --bs=4k-64k --size=64m --number_ios=3000 --fsync=16 --trim_percentage=0 ' +
      '--write_iolog=out.log --output-format=json --randseed=7';
    const { jobs } = JSON.parse(shell(job, '', folder));
    const trace = await openTrace([join(folder, 'out.log')]);
    const { reads, readBytes, writes, writeBytes } = trace.summary;
    expect({ reads, readBytes, writes, writeBytes }).toEqual({
      reads: jobs[0].read.total_ios,
      readBytes: jobs[0].read.io_bytes,
      writes: jobs[0].write.total_ios,
      writeBytes: jobs[0].write.io_bytes,
    });
    expect(reads).toBeGreaterThan(500);
  });

  it.each(['oltp-data.iolog3', 'oltp-log.iolog3'])(
    'counts in %s what fio issues when it replays it',
    async (name) => {
      const folder = testFolder();
      mkdirSync(join(folder, 'data'));
      copyFileSync(fixture(name), join(folder, 'in.log'));
      for (const file of readFileSync(join(folder, 'in.log'), 'latin1').matchAll(/^\d+ (\S+) add$/gm)) {
        shell('truncate -s 1G "$1"', file[1]!, folder);
      }
      const { jobs } = JSON.parse(
        shell(
          'fio --name=r --ioengine=null --read_iolog=in.log --replay_no_stall=1 --output-format=json',
          '',
          folder,
        ),
      );
      const { summary } = await openTrace([join(folder, 'in.log')]);
      expect([summary.reads, summary.readBytes, summary.writes, summary.writeBytes]).toEqual([
        jobs[0].read.total_ios,
        jobs[0].read.io_bytes,
        jobs[0].write.total_ios,
        jobs[0].write.io_bytes,
      ]);
    },
  );
});
