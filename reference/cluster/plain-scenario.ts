/** Small scenarios and loads for tests, benchmarks and the cluster tester, without YAML. */
import { z } from 'zod';
import type { DeviceModel } from '../devices/api.ts';
import fixed from '../devices/models/fixed.ts';
import link from '../devices/models/link.ts';
import { DEFAULT_FVP_OPTIONS, type FvpOptions } from '../fvp/options.ts';
import { type IoBatch, type IoSource, SOURCE_END, SOURCE_READY, type SourceAnswer } from '../kernel/io.ts';
import type { ResolvedDevice, ResolvedScenario } from './scenario/resolved.ts';

/** A device of a model, with the parameters given as a person would write them and defaults for the rest. */
export function deviceOf(
  model: DeviceModel<never>,
  written: Readonly<Record<string, unknown>> = {},
): ResolvedDevice {
  const parameters: Record<string, unknown> = {};
  for (const [name, declaration] of Object.entries(model.parameters)) {
    parameters[name] = z
      .unknown()
      .pipe(declaration.schema)
      .parse(written[name] ?? declaration.default);
  }
  return { model: model as unknown as DeviceModel<unknown>, parameters, written };
}

export interface PlainScenario {
  readonly hosts?: number;
  /** Host of each VM. @default one VM, on host 0 */
  readonly vms?: readonly number[];
  readonly datastore?: ResolvedDevice;
  readonly flash?: ResolvedDevice;
  readonly link?: ResolvedDevice;
  readonly flashCapacityBytes?: number;
  readonly fvp?: Partial<FvpOptions>;
}

export const FLASH_NS = 60_000;
export const SAN_NS = 800_000;
export const SAN_FLUSH_NS = 300_000;
export const FLASH_FLUSH_NS = 20_000;

export function plainScenario(plain: PlainScenario = {}): ResolvedScenario {
  const flash = plain.flash ?? deviceOf(fixed, { read: '60us', write: '60us', flush: '20us' });
  const egress = plain.link ?? deviceOf(link, { latency: '15us', bandwidth: '1GB/s', overhead: '0' });
  const vms = plain.vms ?? [0];
  return {
    name: 'plain',
    description: '',
    hosts: Array.from({ length: plain.hosts ?? 3 }, (_, host) => ({
      name: `esx${host + 1}`,
      flash: { ...flash, capacityBytes: plain.flashCapacityBytes ?? 64 * 2 ** 30 },
      link: egress,
      domain: 'default',
    })),
    datastore: plain.datastore ?? deviceOf(fixed, { read: '800us', write: '800us', flush: '300us' }),
    vms: vms.map((host, vm) => ({
      name: `vm${vm + 1}`,
      host,
      workload: 'input',
      startNs: 0,
      mode: undefined,
    })),
    fvp: { ...DEFAULT_FVP_OPTIONS, ...plain.fvp },
    events: [],
    written: {},
  };
}

export interface PlainIo {
  readonly atNs: number;
  readonly op: number;
  readonly offset?: number;
  readonly bytes?: number;
  readonly flags?: number;
}

/** Hands out a list of I/Os at their times, whatever has completed. */
export class ListSource implements IoSource {
  readonly disks = 1;
  readonly wantsCompletions = true;
  /** By number in the list: times each was reported complete, load time; NaN until then. */
  readonly completedNs: Float64Array;
  completions = 0;
  private readonly ios: readonly PlainIo[];
  private next_ = 0;

  constructor(ios: readonly PlainIo[]) {
    this.ios = ios;
    this.completedNs = new Float64Array(ios.length).fill(Number.NaN);
  }

  next(_nowNs: number, batch: IoBatch): SourceAnswer {
    let at = 0;
    while (at < batch.capacity && this.next_ < this.ios.length) {
      const io = this.ios[this.next_]!;
      batch.arrivalNs[at] = io.atNs;
      batch.op[at] = io.op;
      batch.offset[at] = io.offset ?? 0;
      batch.lengthBytes[at] = io.bytes ?? 0;
      batch.flags[at] = io.flags ?? 0;
      batch.disk[at] = 0;
      batch.tag[at] = this.next_++;
      at++;
    }
    batch.length = at;
    return at === 0 ? SOURCE_END : SOURCE_READY;
  }

  completed(tag: number, nowNs: number): void {
    if (!Number.isNaN(this.completedNs[tag]!)) throw new Error(`I/O ${tag} completed twice`);
    this.completedNs[tag] = nowNs;
    this.completions++;
  }
}
