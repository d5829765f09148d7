/** What can be set of an array, with the sources of the defaults. */
import type { ParameterFault } from '../api.ts';
import {
  bandwidthParameter,
  bytesParameter,
  choiceParameter,
  countParameter,
  fractionParameter,
  type ParametersOf,
  serviceTimeParameter,
  timeParameter,
} from '../parameters.ts';

const MIDRANGE = 'assumed: a mid-range array of 2014';
const PS_SERIES = 'Dell TR1050, "Analyzing Dell PS Series Storage with SAN Headquarters", table 3';
const CHEETAH = 'Seagate Cheetah 15K.7 SAS product manual';

export const arrayParameters = {
  path: timeParameter({
    description: 'Round trip between host and array: adapters, cables, switches.',
    default: '50us',
    max: '1s',
    source: 'assumed: two FC switch hops and adapters',
  }),
  ports: countParameter({
    description: 'Ports of the array in use.',
    default: 4,
    min: 1,
    max: 256,
    source: MIDRANGE,
  }),
  portBandwidth: bandwidthParameter({
    description: 'Rate at which one port carries data.',
    default: '800MB/s',
    source: '8GFC: 800 MB/s each way (FC-PI-4)',
  }),
  frontEnd: serviceTimeParameter({
    description: "Time of the array's processor for one request.",
    default: '200us',
    source: MIDRANGE,
  }),
  frontEndServers: countParameter({
    description: 'Requests that the front end works on at once.',
    default: 16,
    min: 1,
    max: 4096,
    source: MIDRANGE,
  }),
  lunQueueDepth: countParameter({
    description: 'Requests under way per unit; more wait in order. 0: no limit.',
    default: 32,
    min: 0,
    max: 65536,
    source: 'default LUN queue depth of ESXi hosts with QLogic and Emulex adapters: 32 to 64',
  }),
  dram: timeParameter({
    description: 'Time to find and move data in the cache.',
    default: '20us',
    max: '1s',
    source: 'assumed',
  }),
  readCache: bytesParameter({
    description: 'Memory for reads. 0: reads are not cached.',
    default: '8GiB',
    max: '256GiB',
    source: MIDRANGE,
  }),
  writeCache: bytesParameter({
    description: 'Memory for writes not yet on the spindles. 0: writes go through.',
    default: '4GiB',
    max: '256GiB',
    source: MIDRANGE,
  }),
  cacheLine: choiceParameter({
    description: 'Unit in which the cache is handed out.',
    default: '16KiB',
    choices: ['4KiB', '8KiB', '16KiB', '32KiB', '64KiB', '128KiB'],
    source: 'assumed: EMC VNX pages are 2 to 16 KiB',
  }),
  prefetch: bytesParameter({
    description: 'How far sequential reads are read ahead. 0: not at all.',
    default: '1MiB',
    max: '64MiB',
    source: 'assumed',
  }),
  initialDirty: fractionParameter({
    description: 'Share of the write cache that is dirty at the start: its long-run level. 0: a fresh array.',
    default: '60%',
    source: 'assumed: the low water mark, at which a loaded cache settles',
  }),
  lowWater: fractionParameter({
    description: 'Destaging rests at or below this share of the write cache.',
    default: '60%',
    source: 'EMC CLARiiON/VNX default watermarks: 60 % and 80 %',
  }),
  highWater: fractionParameter({
    description: 'Above this share of the write cache destages get `destageShare` against guest reads.',
    default: '80%',
    source: 'EMC CLARiiON/VNX default watermarks: 60 % and 80 %',
  }),
  destageShare: fractionParameter({
    description:
      'Share of the operations of a spindle that destages get above the high mark while reads wait. 0: a destage under way is put aside as soon as a read comes, and reads notice nothing of it.',
    default: '50%',
    max: 0.9,
    source: 'assumed',
  }),
  spindles: countParameter({
    description: 'Disks, or parallel flash units, that hold the data; each does one operation at a time.',
    default: 24,
    min: 1,
    max: 4096,
    source: MIDRANGE,
  }),
  spindleRead: serviceTimeParameter({
    description: 'Positioning of a random read on a spindle: seek and rotation.',
    default: '5500us',
    source: `${CHEETAH}: average rotational latency 2.0 ms; about 180 operations per second in all`,
  }),
  spindleWrite: serviceTimeParameter({
    description: 'Positioning of a random write on a spindle: seek and rotation.',
    default: '5500us',
    source: `${CHEETAH}: average rotational latency 2.0 ms; about 180 operations per second in all`,
  }),
  spindleBandwidth: bandwidthParameter({
    description:
      'Rate at which a spindle transfers; where an operation follows on the last one there is no positioning.',
    default: '160MB/s',
    source: `${CHEETAH}: sustainable transfer rate 122 to 204 MB/s`,
  }),
  stripe: bytesParameter({
    description: 'Bytes that lie together on one spindle.',
    default: '64KiB',
    min: '4KiB',
    max: '1GiB',
    source: 'EMC VNX element size: 64 KiB',
  }),
  stripeWidth: countParameter({
    description: 'Data stripes that share parity: 4 for RAID 5 (4+1).',
    default: 4,
    min: 1,
    max: 64,
    source: 'assumed: RAID 5 (4+1)',
  }),
  writePenalty: choiceParameter({
    description:
      'Operations that a small write costs: 1 none or log-structured, 2 mirrored, 4 RAID 5, 6 RAID 6.',
    default: 4,
    choices: [1, 2, 4, 6],
    source: PS_SERIES,
  }),
  failedSpindles: countParameter({
    description:
      'Spindles that have failed: what they held is read from the others of their group, or from the mirror.',
    default: 0,
    min: 0,
    max: 1,
    source: 'assumed: a healthy array',
  }),
  rebuildRate: bytesParameter({
    description: 'Bytes per second at which a failed spindle is rebuilt on a spare. 0: not under way.',
    default: '0',
    max: '10GB',
    source: 'assumed: a healthy array',
  }),
  tenantIops: countParameter({
    description:
      'Operations per second that other users of the array cause on its spindles, all together, at random times and places.',
    default: 0,
    min: 0,
    max: 100_000_000,
    source: 'assumed: the array is not shared with others',
  }),
  tenantSize: bytesParameter({
    description: 'Bytes of each operation of other users.',
    default: '16KiB',
    max: '64MiB',
    source: 'assumed',
  }),
  flush: choiceParameter({
    description: 'What a flush does: roundtrip (battery-backed cache) or drain (waits for the spindles).',
    default: 'roundtrip',
    choices: ['roundtrip', 'drain'],
    source: 'assumed: arrays protect their write cache by battery',
  }),
};

export type ArrayParameters = ParametersOf<typeof arrayParameters>;

/** Bytes of a cache line, by its choice. */
export const LINE_BYTES: Readonly<Record<ArrayParameters['cacheLine'], number>> = {
  '4KiB': 4096,
  '8KiB': 8192,
  '16KiB': 16384,
  '32KiB': 32768,
  '64KiB': 65536,
  '128KiB': 131072,
};

/** Parameters that do not fit together. */
export function checkArray(array: ArrayParameters): ParameterFault | undefined {
  if (array.lowWater > array.highWater)
    return { parameter: 'lowWater', problem: 'must not be above highWater' };
  const lineBytes = LINE_BYTES[array.cacheLine];
  if (array.stripe % lineBytes !== 0) {
    return { parameter: 'stripe', problem: `must be a multiple of cacheLine, ${array.cacheLine}` };
  }
  if (array.failedSpindles > 0 && array.writePenalty === 1)
    return {
      parameter: 'failedSpindles',
      problem: 'must be 0 where there is no redundancy: writePenalty is 1',
    };
  if (array.failedSpindles > 0 && array.spindles <= array.stripeWidth)
    return {
      parameter: 'failedSpindles',
      problem: 'must be 0 where there are no more spindles than stripeWidth',
    };
  if (array.rebuildRate > 0 && array.failedSpindles === 0)
    return { parameter: 'rebuildRate', problem: 'must be 0 where no spindle has failed' };
  if (othersLoad(array) >= 1)
    return { parameter: 'tenantIops', problem: 'with rebuildRate is more than the spindles can do' };
  return undefined;
}

/** Share of its time that a spindle, of those near a failed one, works for others. */
function othersLoad(array: ArrayParameters): number {
  const seconds = (bytes: number): number => array.spindleRead.meanNs / 1e9 + bytes / array.spindleBandwidth;
  const tenants = (array.tenantIops / (array.spindles - array.failedSpindles)) * seconds(array.tenantSize);
  return tenants + (array.rebuildRate / array.stripe) * seconds(array.stripe);
}
