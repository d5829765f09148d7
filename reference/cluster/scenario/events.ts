/** The `events` of a scenario file: from what a person writes to `ClusterEvent`, and back. One event is one mapping. */

import type { YamlFile, YamlPath } from '../../devices/yaml-file.ts';
import { MODE_NAMES, type ModeName } from '../../fvp/mode.ts';
import type { DataPlace } from '../../kernel/errors.ts';
import { AppError, DataError } from '../../kernel/errors.ts';
import { didYouMean } from '../../kernel/nearest-name.ts';
import { parseDurationNs } from '../../kernel/units.ts';
import type { ClusterEvent, ClusterEventKind, EventDevice } from '../faults/cluster-event.ts';
import { writtenNs } from './written.ts';

type Json = Readonly<Record<string, unknown>>;

const DATASTORE = 'datastore';
const ALL = 'all';
const FLASH_SUFFIX = '/flash';
/** Virtual time is exact to 2^53 ns, which is 104 days. */
const TIME_MAX_NS = 100 * 86_400e9;
/** Slower than that is a stall. Assumed. */
const FACTOR_MAX = 1e6;

const TIME_PATTERN = '^[0-9]+(\\.[0-9]+)?\\s*(ns|[uµμ]s|ms|s|sec|m|min|h|d)$|^0$';
const NAME_JSON: Json = { type: 'string' };

/** What can stand at a key. */
const VALUES = {
  time: {
    expected: 'a time up to 100d, such as 5s',
    json: { anyOf: [{ const: 0 }, { type: 'string', pattern: TIME_PATTERN }] },
  },
  host: { expected: 'the name of a host', json: NAME_JSON },
  hosts: {
    expected: 'the name of a host, or a list of them',
    json: { anyOf: [NAME_JSON, { type: 'array', items: NAME_JSON, minItems: 1 }] },
  },
  sides: {
    expected: 'hosts, datastore, a list of these, or all',
    json: { anyOf: [NAME_JSON, { type: 'array', items: NAME_JSON, minItems: 1 }] },
  },
  vm: { expected: 'the name of a VM', json: NAME_JSON },
  device: { expected: `${DATASTORE}, or the flash of a host, such as esx1${FLASH_SUFFIX}`, json: NAME_JSON },
  factor: {
    expected: `a number above 0, up to ${FACTOR_MAX}, such as 10`,
    json: { type: 'number', exclusiveMinimum: 0, maximum: FACTOR_MAX },
  },
  flag: { expected: 'true or false', json: { type: 'boolean' } },
  mode: { expected: `one of ${MODE_NAMES.join(', ')}`, json: { enum: [...MODE_NAMES] } },
  all: { expected: ALL, json: { const: ALL } },
} as const satisfies Readonly<Record<string, { readonly expected: string; readonly json: Json }>>;
type Value = keyof typeof VALUES;

interface Shape {
  readonly description: string;
  /** What stands at the key that names the event. */
  readonly subject: Value;
  readonly keys?: Readonly<Record<string, Value>>;
  readonly optional?: Readonly<Record<string, Value>>;
}

const SHAPES: Readonly<Record<ClusterEventKind['kind'], Shape>> = {
  crash: { subject: 'hosts', description: 'Hosts stop at once; their memory is gone, their flash is not.' },
  restart: {
    subject: 'hosts',
    optional: { emptyFlash: 'flag' },
    description: 'Hosts that are down start again, with what their flash holds or with an empty one.',
  },
  'lose-flash': { subject: 'host', description: 'The flash of a host fails for good; the host runs on.' },
  partition: {
    subject: 'hosts',
    keys: { from: 'sides' },
    description: 'Hosts can no longer reach other hosts, or the datastore, or either (all).',
  },
  heal: { subject: 'all', description: 'All partitions end.' },
  slow: {
    subject: 'device',
    keys: { factor: 'factor', for: 'time' },
    description: 'Every request to a device takes so many times as long, for a while.',
  },
  stall: { subject: 'device', keys: { for: 'time' }, description: 'A device completes nothing for a while.' },
  pause: { subject: 'host', keys: { for: 'time' }, description: 'A host does nothing for a while.' },
  corrupt: { subject: 'host', description: "A record on a host's flash is damaged." },
  migrate: { subject: 'vm', keys: { to: 'host' }, description: 'A VM moves to another host while it runs.' },
  'set-mode': { subject: 'vm', keys: { mode: 'mode' }, description: 'A VM is to have another write mode.' },
  drain: {
    subject: 'vm',
    keys: { for: 'time' },
    description: "A VM's disks are drained and stay in write-through for a while, as for a snapshot.",
  },
  'datastore-down': {
    subject: 'all',
    keys: { for: 'time' },
    description: 'The datastore answers nobody for a while.',
  },
  discard: { subject: 'vm', description: 'The operator gives up the dirty data of a VM that is LOST.' },
};
const KINDS = Object.keys(SHAPES) as readonly ClusterEventKind['kind'][];

/** The JSON Schema of one event. */
export function eventJsonSchema(): Json {
  return {
    description: 'What happens to the cluster at a time of the load.',
    anyOf: KINDS.map((kind) => {
      const { description, subject, keys = {}, optional = {} } = SHAPES[kind];
      const values = { at: 'time', [kind]: subject, ...keys, ...optional } as Readonly<Record<string, Value>>;
      return {
        type: 'object',
        description,
        properties: Object.fromEntries(
          Object.entries(values).map(([key, value]) => [key, VALUES[value].json]),
        ),
        required: ['at', kind, ...Object.keys(keys)],
        additionalProperties: false,
      };
    }),
  };
}

interface Names {
  readonly hosts: readonly string[];
  readonly vms: readonly string[];
}

/**
 * Reads the events of a scenario.
 * @param entries as written
 * @throws DataError with the place of what is wrong
 */
export function readEvents(
  yaml: YamlFile,
  entries: readonly Readonly<Record<string, unknown>>[],
  names: Names,
): ClusterEvent[] {
  return entries.map((entry, index) => new EventReader(yaml, ['events', index], entry, names).read());
}

class EventReader {
  private readonly yaml: YamlFile;
  private readonly path: YamlPath;
  private readonly entry: Readonly<Record<string, unknown>>;
  private readonly names: Names;

  constructor(yaml: YamlFile, path: YamlPath, entry: Readonly<Record<string, unknown>>, names: Names) {
    this.yaml = yaml;
    this.path = path;
    this.entry = entry;
    this.names = names;
  }

  read(): ClusterEvent {
    const kind = this.kind();
    const { keys = {}, optional = {} } = SHAPES[kind];
    for (const key of ['at', ...Object.keys(keys)]) {
      if (key in this.entry) continue;
      const value = key === 'at' ? 'time' : keys[key]!;
      throw new DataError(`"${key}" is missing in the event "${kind}"`, this.yaml.place(this.path), {
        expected: `${key}: ${VALUES[value].expected}`,
      });
    }
    const known = ['at', kind, ...Object.keys(keys), ...Object.keys(optional)];
    for (const key of Object.keys(this.entry))
      if (!known.includes(key)) throw this.unknownKey(key, kind, known);
    return { atNs: this.time('at', 0), ...this.event(kind) };
  }

  /** The key that names the event. */
  private kind(): ClusterEventKind['kind'] {
    const written = Object.keys(this.entry);
    const found = KINDS.filter((kind) => written.includes(kind));
    if (found.length === 1) return found[0]!;
    if (found.length > 1) {
      throw new DataError(
        `an event is one thing, and this one is "${found.join('" and "')}"`,
        this.yaml.keyPlace(this.path, found[1]!),
        { hint: 'write an event for each; two may have the same time' },
      );
    }
    const other = written.find((key) => key !== 'at');
    if (other !== undefined) throw this.unknownKey(other, undefined, KINDS);
    throw new DataError('nothing happens at this event', this.yaml.place(this.path), {
      expected: `one of ${KINDS.join(', ')}`,
    });
  }

  private event(kind: ClusterEventKind['kind']): ClusterEventKind {
    switch (kind) {
      case 'crash':
        return { kind, hosts: this.hosts(kind) };
      case 'restart':
        return { kind, hosts: this.hosts(kind), ...(this.flag('emptyFlash') ? { emptyFlash: true } : {}) };
      case 'lose-flash':
      case 'corrupt':
        return { kind, host: this.host(kind) };
      case 'partition':
        return { kind, ...this.partition() };
      case 'heal':
        this.all(kind);
        return { kind };
      case 'slow':
        return { kind, device: this.device(kind), factor: this.factor('factor'), forNs: this.time('for', 1) };
      case 'stall':
        return { kind, device: this.device(kind), forNs: this.time('for', 1) };
      case 'pause':
        return { kind, host: this.host(kind), forNs: this.time('for', 1) };
      case 'migrate':
        return { kind, vm: this.vm(kind), to: this.host('to') };
      case 'set-mode':
        return { kind, vm: this.vm(kind), mode: this.mode('mode') };
      case 'drain':
        return { kind, vm: this.vm(kind), forNs: this.time('for', 1) };
      case 'datastore-down':
        this.all(kind);
        return { kind, forNs: this.time('for', 1) };
      case 'discard':
        return { kind, vm: this.vm(kind) };
    }
  }

  private partition() {
    const a = this.hosts('partition');
    const b = new Set<number>();
    const fromDatastore = new Set<number>();
    for (const [name, place] of this.list('from', 'sides')) {
      if (name === ALL) {
        for (const host of this.names.hosts.keys()) if (!a.includes(host)) b.add(host);
        for (const host of a) fromDatastore.add(host);
      } else if (name === DATASTORE) for (const host of a) fromDatastore.add(host);
      else {
        const host = this.nameAt(name, place, this.names.hosts, 'host', [DATASTORE, ALL]);
        if (a.includes(host)) {
          throw new DataError(`"${name}" is on both sides of a partition`, place, {
            expected: 'other hosts, or datastore',
          });
        }
        b.add(host);
      }
    }
    return { a, b: [...b], fromDatastore: [...fromDatastore] };
  }

  private hosts(key: string): number[] {
    const hosts = this.list(key, 'hosts').map(([name, place]) =>
      this.nameAt(name, place, this.names.hosts, 'host'),
    );
    return [...new Set(hosts)];
  }

  private host(key: string): number {
    return this.nameAt(this.entry[key], this.place(key), this.names.hosts, 'host');
  }

  private vm(key: string): number {
    return this.nameAt(this.entry[key], this.place(key), this.names.vms, 'VM');
  }

  private device(key: string): EventDevice {
    const written = this.entry[key];
    if (written === DATASTORE) return DATASTORE;
    if (typeof written !== 'string') throw this.wrong(key, 'device');
    if (!written.endsWith(FLASH_SUFFIX)) {
      const devices = [DATASTORE, ...this.names.hosts.map((host) => host + FLASH_SUFFIX)];
      throw new DataError(`there is no device "${written}" to slow or stall`, this.place(key), {
        expected: VALUES.device.expected,
        ...hintOf(didYouMean(written, devices)),
      });
    }
    const host = written.slice(0, -FLASH_SUFFIX.length);
    return { flashOf: this.nameAt(host, this.place(key), this.names.hosts, 'host') };
  }

  private time(key: string, leastNs: number): number {
    const written = this.entry[key];
    let ns = written === 0 ? 0 : Number.NaN;
    if (typeof written === 'string') {
      try {
        ns = parseDurationNs(written);
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
      }
    }
    if (!(ns >= leastNs && ns <= TIME_MAX_NS)) throw this.wrong(key, 'time');
    return ns;
  }

  private factor(key: string): number {
    const written = this.entry[key];
    if (typeof written !== 'number' || !(written > 0 && written <= FACTOR_MAX))
      throw this.wrong(key, 'factor');
    return written;
  }

  private flag(key: string): boolean {
    const written = this.entry[key] ?? false;
    if (typeof written !== 'boolean') throw this.wrong(key, 'flag');
    return written;
  }

  private mode(key: string): ModeName {
    const written = this.entry[key];
    const mode = MODE_NAMES.find((name) => name === written);
    if (mode !== undefined) return mode;
    throw this.wrong(key, 'mode', typeof written === 'string' ? didYouMean(written, MODE_NAMES) : undefined);
  }

  private all(key: string): void {
    if (this.entry[key] !== ALL) throw this.wrong(key, 'all');
  }

  /** One name or a list of them, each with its place. */
  private list(key: string, value: Value): (readonly [name: string, place: DataPlace])[] {
    const written = this.entry[key];
    if (typeof written === 'string') return [[written, this.place(key)]];
    if (!Array.isArray(written) || written.length === 0) throw this.wrong(key, value);
    return written.map((name: unknown, index) => {
      const place = this.yaml.place([...this.path, key, index]);
      if (typeof name !== 'string') {
        throw new DataError(`"${this.nameOf(key)}.${index}" is not a name`, place, {
          expected: VALUES[value].expected,
        });
      }
      return [name, place];
    });
  }

  private nameAt(
    name: unknown,
    place: DataPlace,
    known: readonly string[],
    noun: string,
    others: readonly string[] = [],
  ): number {
    const at = known.indexOf(String(name));
    if (typeof name === 'string' && at >= 0) return at;
    throw new DataError(`there is no ${noun} ${JSON.stringify(name)}`, place, {
      expected: `one of ${[...known, ...others].join(', ')}`,
      ...hintOf(didYouMean(String(name), [...known, ...others])),
    });
  }

  private wrong(key: string, value: Value, hint?: string): DataError {
    const found = this.yaml.source([...this.path, key]);
    return new DataError(`"${this.nameOf(key)}" is not valid`, this.place(key), {
      ...(found === undefined ? {} : { found }),
      expected: VALUES[value].expected,
      ...hintOf(hint),
    });
  }

  private unknownKey(key: string, kind: string | undefined, known: readonly string[]): DataError {
    const what =
      kind === undefined ? `unknown event "${key}"` : `unknown key "${key}" in the event "${kind}"`;
    return new DataError(what, this.yaml.keyPlace(this.path, key), {
      hint:
        didYouMean(key, known) ??
        `${kind === undefined ? 'events are' : 'the keys here are'} ${known.join(', ')}`,
    });
  }

  private nameOf(key: string): string {
    return [...this.path, key].join('.');
  }

  private place(key: string): DataPlace {
    return this.yaml.place([...this.path, key]);
  }
}

function hintOf(hint: string | undefined): { readonly hint?: string } {
  return hint === undefined ? {} : { hint };
}

/** An event as a person would write it; reading it again gives the same. */
export function writtenEvent(event: ClusterEvent, names: Names): Readonly<Record<string, unknown>> {
  return { at: writtenNs(event.atNs), ...writtenKind(event, names) };
}

function writtenKind(event: ClusterEventKind, { hosts, vms }: Names): Readonly<Record<string, unknown>> {
  const list = (indexes: readonly number[]) =>
    indexes.length === 1 ? hosts[indexes[0]!] : indexes.map((host) => hosts[host]);
  const device = (of: EventDevice) => (of === DATASTORE ? of : hosts[of.flashOf] + FLASH_SUFFIX);
  const { kind } = event;
  switch (kind) {
    case 'crash':
      return { [kind]: list(event.hosts) };
    case 'restart':
      return { [kind]: list(event.hosts), ...(event.emptyFlash === true ? { emptyFlash: true } : {}) };
    case 'lose-flash':
    case 'corrupt':
      return { [kind]: hosts[event.host] };
    case 'partition':
      return {
        [kind]: list(event.a),
        from: [
          ...event.b.map((host) => hosts[host]),
          ...(event.fromDatastore.length === 0 ? [] : [DATASTORE]),
        ],
      };
    case 'heal':
      return { [kind]: ALL };
    case 'slow':
      return { [kind]: device(event.device), factor: event.factor, for: writtenNs(event.forNs) };
    case 'stall':
      return { [kind]: device(event.device), for: writtenNs(event.forNs) };
    case 'pause':
      return { [kind]: hosts[event.host], for: writtenNs(event.forNs) };
    case 'migrate':
      return { [kind]: vms[event.vm], to: hosts[event.to] };
    case 'set-mode':
      return { [kind]: vms[event.vm], mode: event.mode };
    case 'drain':
      return { [kind]: vms[event.vm], for: writtenNs(event.forNs) };
    case 'datastore-down':
      return { [kind]: ALL, for: writtenNs(event.forNs) };
    case 'discard':
      return { [kind]: vms[event.vm] };
  }
}
