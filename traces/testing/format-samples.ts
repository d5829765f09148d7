/** A small trace of every format, made by hand from its description: what the tests of all readers start from. */

export function oracleRecord(seconds: number, object: bigint, bytes: number, next = -1n): Buffer {
  const record = Buffer.alloc(24);
  record.writeUInt32LE(seconds, 0);
  record.writeBigUInt64LE(object, 4);
  record.writeUInt32LE(bytes, 12);
  record.writeBigInt64LE(next, 16);
  return record;
}

/** @param bunches time in ns and packets: sector, bytes, 1 for a read */
export function btrecordFile(
  bunches: readonly (readonly [bigint, readonly (readonly number[])[]])[],
): Buffer {
  const words = (values: readonly bigint[]): Buffer => Buffer.from(new BigUint64Array(values).buffer);
  const packets = bunches.reduce((sum, [, list]) => sum + list.length, 0);
  const parts = [words([0x010000n, 0n, BigInt(bunches.length), BigInt(packets)])];
  for (const [timeNs, list] of bunches) {
    parts.push(words([BigInt(list.length), timeNs]));
    for (const [sector, bytes, read] of list) {
      parts.push(words([BigInt(sector!), BigInt(bytes!), BigInt(read!)]));
    }
  }
  return Buffer.concat(parts);
}

/** @param version 1 to 3 */
export function lcsFile(version: number, rows: readonly (readonly number[])[]): Buffer {
  const header = Buffer.alloc(8192);
  header.writeBigUInt64LE(0x123456789abcdef0n, 0);
  header.writeBigUInt64LE(BigInt(version), 8);
  header.writeBigUInt64LE(0x123456789abcdef0n, 8184);
  const records = rows.map(([seconds, object, bytes, op]) => {
    const record = Buffer.alloc([0, 24, 28, 36][version]!);
    record.writeUInt32LE(seconds!, 0);
    record.writeBigUInt64LE(BigInt(object!), 4);
    if (version === 3) record.writeBigUInt64LE(BigInt(bytes!), 12);
    else record.writeUInt32LE(bytes!, 12);
    if (version > 1) record.writeUInt8(op!, version === 3 ? 20 : 16);
    record.writeBigInt64LE(-1n, record.length - 8);
    return record;
  });
  return Buffer.concat([header, ...records]);
}

const lines = (count: number, line: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => `${line(i)}\n`).join('');
const HEX = 'fedcba9876543210fedcba9876543210';

export const FORMAT_SAMPLES: Readonly<Record<string, Buffer>> = {
  spc: Buffer.from(
    lines(
      30,
      (i) => `${i % 3},${303567 + i * 8},${512 * (1 + (i % 8))},${'wRrW'[i % 4]},${i}.06518${i % 10}`,
    ),
  ),
  msr: Buffer.from(
    lines(
      30,
      (i) =>
        `1281663720030616${20 + i},hm,${i % 2},${i % 3 === 0 ? 'Read' : 'Write'},${i * 4096},${4096 * (1 + (i % 4))},${41286 + i}`,
    ),
  ),
  etw: Buffer.from(
    `BeginHeader\nDiskRead,  TimeStamp,     Process Name ( PID),   ThreadID,             IrpPtr,   ByteOffset,     IOSize, ElapsedTime,  DiskNum, IrpFlags, DiskSvcTime, I/O Pri,  VolSnap,         FileObject, FileName\nEndHeader\n${lines(
      30,
      (i) =>
        `               Disk${i % 3 === 0 ? 'Read' : 'Write'},     ${723291 + i * 100},  p${i % 2} (11008),      12260, 0xfffffade691b3${i % 10}10, 0x4e5ec2${i % 10}000, 0x00002000,        ${4388 - i * 90},        ${i % 3}, 0x000901,        4388,   0, Unknown, 0xfffffade6bd7d7a0, "Disk6"`,
    )}              DiskFlush,     727000,  sys (4),  12, 0xfffffade691b3010,  500,  1, 0x000000, 400, 0\n`,
  ),
  fiu: Buffer.from(
    lines(
      30,
      (i) =>
        `${89968195792462 + i * 1000} ${20782 + i} gzip ${283193184 + i * 8} 8 ${'RW'[i % 2]} 6 ${i % 2} ${HEX}`,
    ),
  ),
  systor: Buffer.from(
    `Timestamp,Response,IOType,LUN,Offset,Size\n${lines(30, (i) => `14558984${10 + i}.${100000 + i}000,${i % 7 === 0 ? '' : '0.000427000'},${['R', 'W', ''][i % 3]},${i % 2},${i * 4096},${4096}`)}`,
  ),
  alibaba: Buffer.from(
    lines(30, (i) => `${419 + (i % 3)},${'WR'[i % 2]},${i * 65536},${16384},${1577808000000000 + i * 126}`),
  ),
  tencent: Buffer.from(
    lines(30, (i) => `${1538323200 + (i >> 3)},${12910952 + i * 8},${128},${i % 2},${1063 + (i % 2)}`),
  ),
  k5: Buffer.from(lines(30, (i) => `vol${i % 2},${i}.00${1234 + i},${'RW'[i % 2]},${i * 4096},8192`)),
  cachelib: Buffer.from(
    `op_time,block_id,block_id_size,io_size,io_offset,user_name,user_namespace,op_name,op_count,host_name,rs_shard_id\n${lines(30, (i) => `${1702511878 + (i >> 2)},${i % 5}ce23eaa-9e05,40,${1024 * (1 + i)},${i * 512},42,34,${i % 3 === 0 ? 'putChunk.Permanent' : 'getChunkData.Permanent'},${1 + (i % 2)},51,4`)}`,
  ),
  vscsistats: Buffer.from(
    `#Vscsi Cmd Trace. (Trace Format Version 1)\n#Serial Number,IO Data Length,Num SG Entries,Command Type,LBN,Time Stamp (microseconds)\n${lines(30, (i) => `${2147483692 + i},4096,1,${i % 2 === 0 ? 'write' : 'read'},${24048792 + i * 8},${2756778716647 + i}`)}`,
  ),
  disksim: Buffer.from(lines(30, (i) => `${i}.${250 + i} ${i % 2} ${i * 16} 8 ${(i % 4).toString(16)}`)),
  mqsim: Buffer.from(lines(30, (i) => `${938513000 + i * 1000} ${i % 3} ${264719034 + i * 8} 16 ${i % 2}`)),
  hfplayer: Buffer.from(
    `#DUMP_OFFSET.I,SEQID.I,ELAPSED_USECS.D,CMD.S,LUN_SSID.I,LBA.I,NBLKS.I,LATENCY_USECS.D\n${lines(30, (i) => `${i},${i},${i * 10}.5,${i % 2 === 0 ? 'RD' : 'WR_IN'},${i % 2},${i * 8},8,${300 + i}.25`)}`,
  ),
  arc: Buffer.from(lines(30, (i) => `${i * 7} ${1 + (i % 3)} 0 ${i}`)),
  opencas: Buffer.from(
    `{"header":{"sid":"1","timestamp":"100"},"deviceDescription":{"id":"7","name":"/dev/sdb","size":9}}\n${lines(30, (i) => `{"header":{"sid":"${i + 2}","timestamp":"${5000 + i}"},"io":{"lba":"${i * 8}","len":8,"ioClass":1,"deviceId":"7"${i % 2 === 0 ? ',"operation":"Write"' : ''}${i % 9 === 0 ? ',"fua":true' : ''}}}`)}`,
  ),
  btreplay: btrecordFile([
    [
      1000n,
      [
        [8, 4096, 0],
        [16, 8192, 1],
      ],
    ],
    [9000n, [[24, 4096, 1]]],
  ]),
  'oracle-general': Buffer.concat(
    Array.from({ length: 30 }, (_, i) =>
      oracleRecord(5633898 + (i >> 2), BigInt(42932745 + i), 512 * (1 + (i % 3))),
    ),
  ),
  lcs: lcsFile(
    3,
    Array.from({ length: 30 }, (_, i) => [100 + (i >> 2), i * 8, 4096, i % 2 === 0 ? 12 : 13]),
  ),
};
