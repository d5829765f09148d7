/**
 * libCacheSim's oracleGeneral: records of 24 bytes, little-endian: u32 seconds, u64 object, u32 bytes, i64 number of
 * the object's next request (-1 or 2^63 - 1 for none).
 *
 * @source libCacheSim aa0fc40, traceReader/customizedReader/oracle/oracleGeneralBin.h
 *
 * There is no operation: rows are reads. In block traces the object is a sector number; ids that can be none are hashes,
 * which are placed by their lowest 32 bits. Good for cache studies. Stamps are whole seconds: rows are spread.
 */
import { NS_PER_S, SECTOR_BYTES } from '../../reference/kernel/units.ts';
import { RecordColumns, type RecordField, type RecordLayout } from '../columns/record-columns.ts';
import type { TraceFormat } from '../trace-format.ts';

const RECORD_BYTES = 24;
/** assumed: above any object of a cache trace. */
const OBJECT_BYTES_MAX = 2 ** 30;
const NONE_HIGH = 0x7fffffff;
const LITTLE = true;

/** What oracleGeneral and lcs have in common. */
export const OBJECT_FIELDS: readonly RecordField[] = [
  { role: 'time', type: 'I', at: 0, unit: NS_PER_S },
  { role: 'object', type: 'Q', at: 4, unit: SECTOR_BYTES },
  { role: 'length', type: 'I', at: 12 },
];

const LAYOUT: RecordLayout = {
  recordBytes: RECORD_BYTES,
  headerBytes: 0,
  little: LITTLE,
  fields: OBJECT_FIELDS,
};

/** Do the records hang together: time never falls, sizes are sane, the next request is later or none? */
function hangsTogether(head: Uint8Array, whole: boolean): boolean {
  if (head.length < 2 * RECORD_BYTES || (whole && head.length % RECORD_BYTES !== 0)) return false;
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  let before = 0;
  for (let at = 0, row = 0; at + RECORD_BYTES <= head.length; at += RECORD_BYTES, row++) {
    const seconds = view.getUint32(at, LITTLE);
    const high = view.getInt32(at + 20, LITTLE);
    const next = high * 2 ** 32 + view.getUint32(at + 16, LITTLE);
    const none = next === -1 || high === NONE_HIGH;
    if (seconds < before || view.getUint32(at + 12, LITTLE) > OBJECT_BYTES_MAX) return false;
    if (!none && (next <= row || next >= 2 ** 53)) return false;
    before = seconds;
  }
  return true;
}

export const oracleGeneral: TraceFormat = {
  name: 'oracle-general',
  description: 'libCacheSim oracleGeneral, binary: objects read, in seconds (no writes)',
  recognisedBy: 'records of 24 bytes whose times never fall and whose next requests lie ahead',
  encoding: 'binary',
  pairsCompletions: false,
  coarseClock: true,
  clockRestarts: false,
  recognise: hangsTogether,
  open: (context) => new RecordColumns(context, LAYOUT),
};
