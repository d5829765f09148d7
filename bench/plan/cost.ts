/** What a configuration costs: counts of parts, and with a price list, a price. */
import { readFile } from 'node:fs/promises';
import * as z from 'zod';
import { YamlFile } from '../../reference/devices/yaml-file.ts';
import { type ModeName, modeOf } from '../../reference/fvp/mode.ts';
import { DataError, NoInputError } from '../../reference/kernel/errors.ts';
import { didYouMean } from '../../reference/kernel/nearest-name.ts';
import { parseBytes } from '../../reference/kernel/units.ts';
import type { PlanCost, PlanParts } from '../../results/schema/plan-document.ts';

const price = z.number().nonnegative();
const byName = z.record(z.string(), price);

/** A price list; what it does not name costs nothing. */
const priceListSchema = z.strictObject({
  schema: z.literal('fvp.prices/1').optional(),
  currency: z.string().min(1).max(8).optional(),
  /** Each host. */
  host: price.optional(),
  /** Flash of a host that the mode uses: a price for each so many bytes, begun ones count whole. */
  flash: z.strictObject({ per: z.string(), price, card: price.optional() }).optional(),
  /** For each host whose flash is used: licences and the like, by mode. */
  modes: byName.optional(),
  /** Each host's link, by device preset. */
  links: byName.optional(),
  /** Each disk of the array. */
  spindle: price.optional(),
  /** The array, by device preset. */
  datastores: byName.optional(),
});

export interface PriceList {
  readonly currency: string;
  readonly host: number;
  readonly flash: { readonly perBytes: number; readonly price: number; readonly card: number };
  readonly spindle: number;
  readonly modes: Readonly<Record<string, number>>;
  readonly links: Readonly<Record<string, number>>;
  readonly datastores: Readonly<Record<string, number>>;
}

/** @throws NoInputError, DataError with file:line:column */
export async function readPriceList(file: string): Promise<PriceList> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    throw new NoInputError(`cannot read the price list ${file}`, { cause });
  }
  const yaml = new YamlFile(text, file);
  const parsed = priceListSchema.safeParse(yaml.value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    const path = issue.path.map((key) => (typeof key === 'symbol' ? String(key) : key));
    if (issue.code === 'unrecognized_keys') {
      const key = issue.keys[0]!;
      throw new DataError(`unknown key "${key}" in a price list`, yaml.keyPlace(path, key), {
        hint:
          didYouMean(key, Object.keys(priceListSchema.shape)) ??
          `the keys are ${Object.keys(priceListSchema.shape).join(', ')}`,
      });
    }
    const found = yaml.source(path);
    throw new DataError(`"${path.join('.')}" of a price list: ${issue.message}`, yaml.place(path), {
      ...(found === undefined ? {} : { found }),
    });
  }
  const list = parsed.data;
  let perBytes = 1;
  if (list.flash !== undefined) {
    try {
      perBytes = parseBytes(list.flash.per);
    } catch (cause) {
      throw new DataError('"flash.per" is not a size', yaml.place(['flash', 'per']), {
        found: list.flash.per,
        expected: 'such as 100GB',
        cause,
      });
    }
    if (perBytes === 0)
      throw new DataError('"flash.per" is 0', yaml.place(['flash', 'per']), { expected: 'such as 100GB' });
  }
  return {
    currency: list.currency ?? '',
    host: list.host ?? 0,
    flash: { perBytes, price: list.flash?.price ?? 0, card: list.flash?.card ?? 0 },
    spindle: list.spindle ?? 0,
    modes: list.modes ?? {},
    links: list.links ?? {},
    datastores: list.datastores ?? {},
  };
}

interface WrittenDevice {
  readonly preset?: string;
  readonly capacity?: number | string;
  readonly spindles?: number | string;
}

/** @param scenario as resolved and written out in a run document */
export function costOf(
  scenario: Readonly<Record<string, unknown>>,
  mode: ModeName,
  prices: PriceList | undefined,
): PlanCost {
  const hosts = Object.values(
    scenario.hosts as Readonly<Record<string, { flash: WrittenDevice | null; link: WrittenDevice }>>,
  );
  const datastore = scenario.datastore as WrittenDevice;
  const { accelerated, replicas } = modeOf(mode);
  const flash = accelerated ? hosts.flatMap((host) => (host.flash === null ? [] : [host.flash])) : [];
  const capacities = flash.map(({ capacity }) =>
    typeof capacity === 'number' ? capacity : parseBytes(capacity ?? '0'),
  );
  const parts: PlanParts = {
    hosts: hosts.length,
    flashHosts: flash.length,
    flashBytes: capacities.reduce((sum, bytes) => sum + bytes, 0),
    replicas,
    spindles: datastore.spindles === undefined ? null : Number(datastore.spindles),
  };
  if (prices === undefined) return { parts, price: null, currency: null };
  const units = capacities.reduce((sum, bytes) => sum + Math.ceil(bytes / prices.flash.perBytes), 0);
  const sum =
    hosts.length * prices.host +
    hosts.reduce((total, { link }) => total + (prices.links[link.preset ?? ''] ?? 0), 0) +
    units * prices.flash.price +
    flash.length * (prices.flash.card + (prices.modes[mode] ?? 0)) +
    (parts.spindles ?? 0) * prices.spindle +
    (prices.datastores[datastore.preset ?? ''] ?? 0);
  return { parts, price: Math.round(sum * 100) / 100, currency: prices.currency };
}

/** Cheaper first: by price, else by hosts, spindles, flash and replicas, in this order. */
export function byCost(a: PlanCost, b: PlanCost): number {
  if (a.price !== null && b.price !== null && a.price !== b.price) return a.price - b.price;
  return (
    a.parts.hosts - b.parts.hosts ||
    (a.parts.spindles ?? 0) - (b.parts.spindles ?? 0) ||
    a.parts.flashBytes - b.parts.flashBytes ||
    a.parts.replicas - b.parts.replicas
  );
}
