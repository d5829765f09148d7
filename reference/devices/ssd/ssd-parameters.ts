/** What can be set of an SSD, with the sources of the defaults. */
import type { ParameterFault } from '../api.ts';
import {
  bandwidthParameter,
  bytesParameter,
  choiceParameter,
  countParameter,
  flagParameter,
  fractionParameter,
  type ParametersOf,
  serviceTimeParameter,
  timeParameter,
} from '../parameters.ts';

/** Unit of translation. */
export const SLOT_BYTES = 4096;
/** Blocks of a die that cleaning keeps free: one to clean into, one for the host. */
export const RESERVE_BLOCKS = 2;

const SHAPE = 'assumed: a data-centre NVMe drive of about 2 TB';
const BY_CELL = 'see CELL_TIMES';

interface CellTimes {
  /** By kind of page, taken in turn: lower and upper pages differ. ns */
  readonly read: readonly number[];
  readonly program: readonly number[];
  readonly erase: number;
}

/** Times of flash by cell type. */
export const CELL_TIMES: Readonly<Record<'slc' | 'mlc' | 'tlc' | 'qlc', CellTimes>> = {
  // Agrawal et al., "Design Tradeoffs for SSD Performance" (USENIX ATC 2008), table 1: 25 us, 200 us, 1.5 ms.
  slc: { read: [25e3], program: [200e3], erase: 15e5 },
  // Assumed: of the order that Grupp et al. measured, "Characterizing Flash Memory" (MICRO 2009): fast and slow pages.
  mlc: { read: [50e3, 50e3], program: [300e3, 1100e3], erase: 3e6 },
  // Assumed: 3D TLC of 2017 to 2020, all pages of a word line programmed at once.
  tlc: { read: [50e3, 60e3, 70e3], program: [700e3], erase: 5e6 },
  // Assumed: 3D QLC of 2018 to 2021.
  qlc: { read: [80e3, 100e3, 120e3, 140e3], program: [2000e3], erase: 10e6 },
};

export const ssdParameters = {
  channels: countParameter({
    description: 'Buses between controller and flash.',
    default: 8,
    min: 1,
    max: 64,
    source: SHAPE,
  }),
  diesPerChannel: countParameter({
    description: 'Dies on each channel; each does one operation at a time.',
    default: 8,
    min: 1,
    max: 64,
    source: SHAPE,
  }),
  cell: choiceParameter({
    description: 'Bits of a cell: decides the times of flash that are not given.',
    default: 'tlc',
    choices: ['slc', 'mlc', 'tlc', 'qlc'],
    source: SHAPE,
  }),
  read: serviceTimeParameter({
    description: 'Time of a die to read a page. 0: by cell type.',
    default: '0',
    source: BY_CELL,
  }),
  program: serviceTimeParameter({
    description: 'Time of a die to program one page on each plane. 0: by cell type.',
    default: '0',
    source: BY_CELL,
  }),
  erase: serviceTimeParameter({
    description: 'Time of a die to erase a block. 0: by cell type.',
    default: '0',
    source: BY_CELL,
  }),
  page: choiceParameter({
    description: 'Bytes that a plane reads or programs at once.',
    default: '16KiB',
    choices: ['4KiB', '8KiB', '16KiB'],
    source: 'assumed: pages of 3D NAND are 16 KiB',
  }),
  planes: countParameter({
    description: 'Planes of a die that are programmed together.',
    default: 2,
    min: 1,
    max: 8,
    source: 'MQSim (Tavakkol et al., FAST 2018), default configuration: 2',
  }),
  pagesPerBlock: countParameter({
    description: 'Pages of a block on each plane.',
    default: 32,
    min: 4,
    max: 4096,
    source:
      'assumed: a tenth of a real block, as blocksPerDie is: write amplification depends on their number little',
  }),
  blocksPerDie: countParameter({
    description: 'Blocks of a die that are modelled. Addresses beyond what they hold wrap around.',
    default: 64,
    min: 8,
    max: 65536,
    source: 'assumed: enough for write amplification to be that of a large drive within 5 %',
  }),
  overProvisioning: fractionParameter({
    description: 'Flash beyond the address space, as a share of the address space.',
    default: '28%',
    min: 0.05,
    max: 4,
    source: 'assumed: 1 TiB of flash sold as 800 GB with 7 % of binary spare is 37 %, as 960 GB 15 %',
  }),
  preconditioned: flagParameter({
    description: 'Starts full and overwritten at random, its long-run state. false: a fresh drive.',
    default: true,
    source: 'SNIA Solid State Storage Performance Test Specification: measure in steady state',
  }),
  channelBandwidth: bandwidthParameter({
    description: 'Rate at which one channel moves bytes.',
    default: '1200MB/s',
    source: 'ONFI 4.1: up to 1200 MT/s on 8 bits',
  }),
  overhead: timeParameter({
    description: 'Controller and host path of every request; overlaps with other requests.',
    default: '10us',
    max: '1s',
    source: 'assumed: controller, PCIe and driver',
  }),
  readBandwidth: bandwidthParameter({
    description: 'Rate at which the interface carries reads.',
    default: '3200MB/s',
    source: 'PCIe 3.0 x4: 3.94 GB/s less headers',
  }),
  writeBandwidth: bandwidthParameter({
    description: 'Rate at which the interface carries writes, apart from reads.',
    default: '3200MB/s',
    source: 'PCIe 3.0 x4: 3.94 GB/s less headers',
  }),
  writeBuffer: bytesParameter({
    description: 'Memory for writes not yet programmed; a write is answered once it is there.',
    default: '16MiB',
    min: '64KiB',
    max: '64GiB',
    source: 'assumed: what capacitors can save',
  }),
  queueDepth: countParameter({
    description:
      'Requests that the drive takes at once; further ones are refused until one is complete. 0: no limit.',
    default: 0,
    min: 0,
    max: 65536,
    source: 'assumed: NVMe queues are deeper than any load here; 32 for SATA',
  }),
  flush: timeParameter({
    description: 'Cost of a flush beyond what it waits for.',
    default: '10us',
    max: '1s',
    source: 'assumed: a command without data',
  }),
  discard: timeParameter({
    description: 'Cost of a discard; what it covers need not be moved any more.',
    default: '30us',
    max: '10s',
    source: 'assumed: a deallocate of a few ranges',
  }),
  volatileCache: flagParameter({
    description: 'The write buffer is lost with power: a flush then waits until it is programmed.',
    default: false,
    source: 'assumed: power-loss protection is part of the data-centre class',
  }),
};

export type SsdParameters = ParametersOf<typeof ssdParameters>;

export interface SsdShape {
  readonly dies: number;
  readonly pageSlots: number;
  readonly programSlots: number;
  readonly slotsPerBlock: number;
  readonly logicalSlots: number;
}

const PAGE_SLOTS: Readonly<Record<SsdParameters['page'], number>> = { '4KiB': 1, '8KiB': 2, '16KiB': 4 };

export function shapeOf(ssd: SsdParameters): SsdShape {
  const pageSlots = PAGE_SLOTS[ssd.page];
  const programSlots = pageSlots * ssd.planes;
  const slotsPerBlock = programSlots * ssd.pagesPerBlock;
  const physical = ssd.blocksPerDie * slotsPerBlock;
  const logicalPages = Math.floor(physical / (1 + ssd.overProvisioning) / pageSlots);
  return {
    dies: ssd.channels * ssd.diesPerChannel,
    pageSlots,
    programSlots,
    slotsPerBlock,
    logicalSlots: logicalPages * pageSlots,
  };
}

/** Most slots that are modelled: 2^26 are a gigabyte of tables. */
const SLOTS_MAX = 2 ** 26;

export function checkSsd(ssd: SsdParameters): ParameterFault | undefined {
  const { dies, slotsPerBlock, logicalSlots } = shapeOf(ssd);
  if (dies * ssd.blocksPerDie * slotsPerBlock > SLOTS_MAX) {
    return { parameter: 'blocksPerDie', problem: 'makes more than 256 GiB of modelled flash in all' };
  }
  // The open block and the reserve do not count as spare, and a victim must have something to give.
  if (logicalSlots > (ssd.blocksPerDie - RESERVE_BLOCKS - 2) * slotsPerBlock) {
    return {
      parameter: 'overProvisioning',
      problem: `leaves less than ${RESERVE_BLOCKS + 2} of ${ssd.blocksPerDie} blocks per die to spare`,
    };
  }
  return undefined;
}
