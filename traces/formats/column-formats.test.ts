/** What the formats of named columns and of records must get right: every quirk that their published sets show. */
import { describe, expect, it } from 'vitest';
import { formatTable, mapperTable } from '../format-table.ts';
import { openTrace } from '../open-trace.ts';
import { FORMAT_SAMPLES, lcsFile, oracleRecord } from '../testing/format-samples.ts';
import { sharedTrace, shell } from '../testing/independent-tools.ts';
import { briefly, errorOf, openFiles, rowsOf } from '../testing/read-rows.ts';

const text = (name: string): string => FORMAT_SAMPLES[name]!.toString('latin1');

describe('every format', () => {
  it('is there by the name a person types', () => {
    const names = [...formatTable.map(({ name }) => name), ...Object.keys(mapperTable)];
    expect(names.sort()).toEqual(
      'alibaba arc arrow blkparse blkreplay blktrace btreplay cachelib delimited disksim etw fio-iolog fiu hfplayer k5 lcs mqsim msr opencas oracle-general profile spc ssdsim struct systor tencent vscsi vscsistats'.split(
        ' ',
      ),
    );
  });

  it.each(Object.keys(FORMAT_SAMPLES))('is recognised by its content: %s', async (name) => {
    const trace = await openFiles({ 'some-file': FORMAT_SAMPLES[name]! });
    expect(trace.summary.format).toBe(name);
    expect(trace.summary.ios).toBeGreaterThan(2);
  });

  it.each(Object.keys(FORMAT_SAMPLES).filter((name) => !FORMAT_SAMPLES[name]!.includes(0)))(
    'has the same rows with CRLF, blank lines and no newline at the end: %s',
    async (name) => {
      const plain = await openFiles({ x: FORMAT_SAMPLES[name]! });
      const dos = await openFiles({ x: text(name).trimEnd().replaceAll('\n', '\r\n\r\n') });
      expect(rowsOf(dos)).toEqual(rowsOf(plain));
      expect(dos.diskNames).toEqual(plain.diskNames);
    },
  );

  it.each(Object.keys(FORMAT_SAMPLES).filter((name) => !FORMAT_SAMPLES[name]!.includes(0)))(
    'is refused with the line where a row is torn: %s',
    async (name) => {
      const lines = text(name).split('\n');
      const row = lines[20]!.trimStart();
      lines[20] = row.slice(0, row.search(/[,\s:][^,\s:]/) + 1);
      expect(await errorOf(lines.join('\n'), 'input', { format: name })).toMatch(/^E_DATA input:21(:\d+)?: /);
    },
  );
});

describe('spc', () => {
  it('takes blanks, both cases, extra fields, and rounds what is no whole sectors', async () => {
    const trace = await openFiles({
      x: '0,303567,3584,w,0.000000\n1, 10, 1000, R, 0.5, 7, more\n2,0,0,r,1.0\n',
    });
    expect(briefly(rowsOf(trace))).toEqual(['0 W 155426304 3584', '500000000 R 5120 1024']);
    expect(trace.warnings).toEqual([
      'reads, writes and discards of no bytes, left out: 1',
      'rows not of whole 512-byte sectors, rounded outward: 1',
    ]);
    expect(trace.diskNames).toEqual(['0', '1', '2']);
  });

  it('says where and what is wrong', async () => {
    const good = '0,1,512,w,0.0\n'.repeat(30);
    expect(await errorOf(`${good}0,1,512,x,0.0\n`)).toContain('input:31:9: no such operation; found "x"');
    expect(await errorOf(`${good}0,,512,w,0.0\n`)).toContain(
      'input:31:3: not a number; found ""; expected an offset',
    );
    expect(await errorOf(`${good}0,99999999999999999999,512,w,0.0\n`)).toContain(
      'input:31:3: the number is out of range',
    );
    expect(await errorOf(`${good}0,17592186044416,512,w,0.0\n`)).toContain(
      'input:31: the end of the I/O is out of range',
    );
  });
});

describe('msr', () => {
  const row = (ticks: string, rest = 'hm,0,Read,0,4096,100'): string => `${ticks},${rest}\n`;

  it('keeps stamps beyond 2^53 exact, in ticks of 100 ns', async () => {
    const trace = await openFiles({
      x: row('128166372003061629') + row('128166372003061630') + row('128166372013061629'),
    });
    expect(rowsOf(trace).map((r) => r.timeNs)).toEqual([0, 100, 1e9]);
    expect(rowsOf(trace)[0]!.latencyNs).toBe(10_000);
  });

  it('names a disk by host and number, sorts rows out of order, and merges files by time', async () => {
    const trace = await openFiles({
      'hm_0.csv': row('128166372003061629') + row('128166372003061829') + row('128166372003061729'),
      'usr_0.csv': row('128166372003061639', 'usr,0,Write,512,512,1'),
    });
    expect(trace.diskNames).toEqual(['hm_0', 'usr_0']);
    expect(rowsOf(trace).map((r) => `${r.timeNs} ${r.disk}`)).toEqual([
      '0 0',
      '1000 1',
      '10000 0',
      '20000 0',
    ]);
    expect(trace.summary.reorderedRows).toBe(1);
  });
});

describe('etw', () => {
  const event = (name: string, us: number, elapsed: number, offset = '0x1000', process = 'p0 (7)'): string =>
    ` ${name}, ${us}, ${process}, 12, 0xfffffade691b3010, ${offset}, 0x00002000, ${elapsed}, 4, 0x000901, 4388, 0, Unknown, 0xfa, "Disk6"\n`;

  it('sorts what is in order of completion into order of issue', async () => {
    const trace = await openFiles({
      x: event('DiskRead', 1000, 10) + event('DiskWrite', 1100, 900) + event('DiskRead', 1200, 50),
    });
    expect(briefly(rowsOf(trace))).toEqual(['0 W 4096 8192', '790000 R 4096 8192', '950000 R 4096 8192']);
    expect(rowsOf(trace).map((r) => r.latencyNs)).toEqual([900_000, 10_000, 50_000]);
    expect(trace.summary.reorderedRows).toBe(0);
    expect(trace.diskNames).toEqual(['disk4']);
  });

  it('takes commas in process names, and leaves other events alone', async () => {
    const trace = await openFiles({
      x: `${event('DiskRead', 1000, 10, '0x4e5ec22e00', 'a, b (x86), c (31)')}CSwitch, 1000, p\n${' DiskReadInit, 1000, p (1), 12, 0xff\n'}`,
    });
    expect(briefly(rowsOf(trace))).toEqual(['0 R 336597233152 8192']);
    expect(rowsOf(trace)[0]!.pid).toBe(31);
  });

  it('lays files behind one another, as the clock begins again in each', async () => {
    const file = event('DiskRead', 1000, 0) + event('DiskWrite', 3000, 0);
    const trace = await openFiles({ a: file, b: file, c: event('DiskRead', 900_000, 0) });
    expect(rowsOf(trace).map((r) => r.timeNs)).toEqual([0, 2e6, 2e6, 4e6, 899e6]);
    expect(trace.warnings).toContain('files whose clock begins again, laid behind the one before: 1');
  });

  it('keeps a row that took longer than 65,536 others need', async () => {
    const rows = Array.from({ length: 70_000 }, (_, i) => event('DiskRead', 100_000 + i, 5));
    const trace = await openFiles({ x: `${rows.join('')}${event('DiskWrite', 170_000, 60_000)}` });
    const all = rowsOf(trace);
    expect(all).toHaveLength(70_001);
    expect(all.find((r) => r.op === 'W')!.timeNs).toBe(10_005_000);
  });
});

describe('the clouds', () => {
  it('spread whole seconds in order, by the seed alike, and say so', async () => {
    const stamps = Array.from(
      { length: 400 },
      (_, i) => `${1538323200 + (i >> 7)},${i * 8},8,${i % 2},1\n`,
    ).join('');
    const trace = await openFiles({ x: stamps });
    const rows = rowsOf(trace);
    expect(rows.map((row) => row.offset)).toEqual(rows.map((_, i) => i * 4096));
    // Relative to the first row, which is somewhere in the first second.
    expect(new Set(rows.map((row) => row.timeNs)).size).toBeGreaterThan(390);
    expect(trace.warnings).toEqual([
      'rows stamped with whole seconds, spread over their second by seed 1: 400',
    ]);
    expect(rowsOf(await openFiles({ x: stamps }))).toEqual(rows);
    expect(rowsOf(await openFiles({ x: stamps }, { seed: 2 }))).not.toEqual(rows);
    const third = rows.slice(256, 384).map((row) => row.timeNs);
    expect(third.at(-1)! - third[0]!).toBeGreaterThan(8e8);
    expect(third.at(-1)! - third[0]!).toBeLessThan(1e9);
  });

  it('of SYSTOR leave out blank operations, and know an empty response', async () => {
    const trace = await openFiles({ x: text('systor') });
    expect(trace.warnings).toEqual(['rows with a blank operation, left out: 10']);
    expect(rowsOf(trace).filter((row) => row.latencyNs === undefined)).toHaveLength(4);
  });

  it('of SYSTOR and CacheLib take a header that comes again in mid-file', async () => {
    for (const name of ['systor', 'cachelib']) {
      const [header, ...rows] = text(name).trimEnd().split('\n');
      const twice = [header, ...rows.slice(0, 9), header, ...rows.slice(9)].join('\n');
      const trace = await openFiles({ x: twice });
      expect(rowsOf(trace)).toEqual(rowsOf(await openFiles({ x: text(name) })));
      expect(trace.warnings).toContain('header lines that came again, passed over: 1');
    }
  });

  it('of CacheLib repeat a request op_count times, in columns by name', async () => {
    const trace = await openFiles({
      x: 'op_name,op_count,block_id,io_offset,io_size,op_time\ngetChunkData.Permanent,3,aa,512,1024,7\nputChunk.Permanent,1,bb,0,512,7\n',
    });
    expect(rowsOf(trace).map((row) => `${row.op} ${row.offset} ${row.lengthBytes}`)).toEqual([
      'R 512 1024',
      'R 512 1024',
      'R 512 1024',
      'W 8388608 512',
    ]);
  });

  it('of Baleen have their columns named by a comment', async () => {
    const trace = await openFiles({
      x: '# block_id io_offset io_size op_time op_name user_namespace user_name rs_shard_id op_count host_name\n7 0 4096 100.25 2 1 1 3 2 9\n8 4096 4096 101.5 4 1 1 3 1 9\n9 0 1 102 100 1 1 1 1 1\n',
    });
    expect(briefly(rowsOf(trace))).toEqual(['0 R 0 4096', '0 R 0 4096', '1250000000 W 8392704 4096']);
    expect(trace.warnings).toEqual(['rows with operation "100", left out: 1']);
  });
});

describe('the simulators', () => {
  it('differ in time and flags', async () => {
    const disksim = await openFiles({ x: '0.5 0 8 8 3\n1.25 1 16 8 2\n' });
    expect(disksim.summary.format).toBe('disksim');
    expect(briefly(rowsOf(disksim))).toEqual(['0 R 4096 4096', '750000 W 8192 4096']);
    const mqsim = await openFiles({ x: '500 0 8 8 1\n1250 1 16 8 0\n' });
    expect(briefly(rowsOf(mqsim))).toEqual(['0 R 4096 4096', '750 W 8192 4096']);
    const ssdsim = await openFiles({ x: '500 0 8 8 1\n1250 1 16 8 0' }, { format: 'ssdsim' });
    expect(rowsOf(ssdsim)).toEqual(rowsOf(mqsim));
  });
});

describe('objects', () => {
  it('of oracleGeneral are sectors where they can be, and else placed by their id', async () => {
    const bytes = Buffer.concat([
      oracleRecord(5, 8n, 512),
      oracleRecord(5, 2n ** 63n + 3n, 1024),
      oracleRecord(6, 9n, 512),
    ]);
    const trace = await openFiles({ x: bytes });
    expect(rowsOf(trace).map((row) => row.offset)).toEqual([4096, 3 * 2 ** 21, 4608]);
    expect(trace.warnings[0]).toBe('objects whose id is no sector number, placed by their id modulo 2^32: 1');
  });

  it.each([1, 2, 3])('of lcs are read in version %d', async (version) => {
    const trace = await openFiles({
      x: lcsFile(version, [
        [5, 8, 4096, 12],
        [6, 16, 8192, 13],
      ]),
    });
    const ops = rowsOf(trace).map((row) => `${row.op} ${row.offset} ${row.lengthBytes}`);
    expect(ops).toEqual(['R 4096 4096', version === 1 ? 'R 8192 8192' : 'W 8192 8192']);
  });

  it('are refused where the file is torn', async () => {
    const sample = FORMAT_SAMPLES['oracle-general']!;
    expect(await errorOf(sample.subarray(0, 100), 'input', { format: 'oracle-general' })).toContain(
      'input: byte 96: the last record is torn; found "4 bytes"; expected records of 24 bytes',
    );
    expect(await errorOf(FORMAT_SAMPLES.lcs!.subarray(0, 500), 'input', { format: 'lcs' })).toContain(
      'not an lcs trace',
    );
    expect(await errorOf(FORMAT_SAMPLES.btreplay!.subarray(0, 90))).toContain('the file is torn');
  });
});

describe('columns that a person names', () => {
  it('are taken by place, with units, operations and separator', async () => {
    const format =
      'delimited:time:ms,-,op:rd=read|wr=write|fl=flush,offset:sectors,length:4k,latency:us,sep=semicolon';
    const trace = await openFiles(
      { x: 't;x;op;o;l;lat\n1.5;q;rd;8;2;100\n2;q;wr;0;1;7\n3;q;fl;0;0;0\n' },
      { format },
    );
    expect(briefly(rowsOf(trace))).toEqual(['0 R 4096 8192', '500000 W 0 4096', '1500000 F 0 0']);
    expect(rowsOf(trace)[0]!.latencyNs).toBe(100_000);
  });

  it('are taken by name, and from tabs with empty fields', async () => {
    const format = 'delimited:offset@Off,length@Len,op@What,time@When:s,disk@Lun,sep=tab';
    const trace = await openFiles(
      { x: 'Junk\tWhen\tLen\tOff\tWhat\tLun\n\t10.5\t512\t1024\tR\tA b\n\t11\t512\t0\tW\tC\n' },
      { format },
    );
    expect(briefly(rowsOf(trace))).toEqual(['0 R 1024 512', '500000000 W 0 512']);
    expect(trace.diskNames).toEqual(['A b', 'C']);
  });

  it('are taken from records of any struct', async () => {
    const record = Buffer.alloc(20);
    record.writeUInt32BE(7, 4);
    record.writeUInt16BE(1, 8);
    record.writeBigUInt64BE(16n, 10);
    record.writeUInt16BE(8, 18);
    const format = 'struct:>4xIHQH,time:s,op:0=read|1=write,offset:sectors,length:sectors,header=3';
    const trace = await openFiles({ x: Buffer.concat([Buffer.from('abc'), record, record]) }, { format });
    expect(rowsOf(trace).map((row) => `${row.op} ${row.offset} ${row.lengthBytes}`)).toEqual([
      'W 8192 4096',
      'W 8192 4096',
    ]);
  });

  it.each([
    ['delimited', 'needs columns'],
    ['delimited:offset,length,tme', 'did you mean "time"'],
    ['delimited:offset,time', 'no column is the length'],
    ['delimited:offset:furlongs,length', 'no unit of length'],
    ['delimited:offset,length,time:h', 'no unit of time'],
    ['delimited:offset,length,sep=coma', 'did you mean "comma"'],
    ['delimited:offset@A,length', 'has no name'],
    ['delimited:offset,length,op:R', 'not a word of an operation'],
    ['struct:IQ,time,offset', 'not a struct format'],
    ['struct:<IQI,time,offset', 'has 3 fields, and 2 columns'],
    ['struct:<IQIB,time,offset,length,op', 'does not say which number is a read'],
    ['delimted:offset,length', 'no trace format is called'],
  ])('are refused when they make no sense: %s', async (format, message) => {
    expect(await errorOf('1,2,3\n', 'input', { format })).toMatch(new RegExp(`^E_USAGE .*${message}`));
  });
});

const sums = (summary: { reads: number; readBytes: number; writes: number; writeBytes: number }): string =>
  `${summary.reads} ${summary.readBytes} ${summary.writes} ${summary.writeBytes}`;

/** Each shared trace beside what awk (or od) adds up. */
it('is of one disk where a header leaves out the column that names it', async () => {
  const log =
    '#DUMP_OFFSET.I,SEQID.I,ELAPSED_USECS.D,CMD.S,LBA.I,NBLKS.I,LATENCY_USECS.D\n0,0,0.5,RD,0,8,300.25\n1,1,9.5,WR_IN,8,8,301.25\n';
  const trace = await openFiles({ 'x.csv': log });
  expect(trace.diskNames).toHaveLength(1);
  expect(trace.cursor().next()!.disk[0]).toBe(0);
});

const SHARED = [
  [
    'mqsim/tpcc-small.trace',
    'mqsim',
    `awk '{if($5==1){r++;rb+=$4*512}else{w++;wb+=$4*512}} END{printf "%d %.0f %d %.0f",r,rb,w,wb}' "$1"`,
  ],
  [
    'ssdsim/example.ascii',
    'mqsim',
    `awk '{if($5==1){r++;rb+=$4*512}else{w++;wb+=$4*512}} END{printf "%d %.0f %d %.0f",r,rb,w,wb}' "$1"`,
  ],
  [
    'libcachesim-cloudphysics/cloudPhysicsIO.csv',
    'vscsistats',
    `awk -F, 'NR>1{if($3=="28"||$3=="88"){r++;rb+=$4}else{w++;wb+=$4}} END{printf "%d %.0f %d %.0f",r,rb,w,wb}' "$1"`,
  ],
  [
    'libcachesim-cloudphysics/cloudPhysicsIO.oracleGeneral.bin',
    'oracle-general',
    `od -A n -v -w24 -t u4 "$1" | awk '{r++;rb+=$4} END{printf "%d %.0f 0 0",r,rb}'`,
  ],
  ...[1, 2].map(
    (n) =>
      [
        `cachelib-block/block_traces_${n}.csv`,
        'cachelib',
        `awk -F, '$1+0>0{a=int($5/512)*512;e=int(($5+$4+511)/512)*512;if($8~/^get/){r+=$9;rb+=$9*(e-a)}else{w+=$9;wb+=$9*(e-a)}} END{printf "%d %.0f %d %.0f",r,rb,w,wb}' "$1"`,
      ] as const,
  ),
] as const;

describe.each(SHARED)('%s', (name, format, command) => {
  const trace = sharedTrace(name);
  it.skipIf(trace.absent)(`has the counts and bytes that awk adds up${trace.note}`, async () => {
    const { summary } = await openTrace([trace.path]);
    expect(summary.format).toBe(format);
    expect(sums(summary)).toBe(shell(command, trace.path));
  });
});
