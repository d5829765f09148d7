/**
 * Settings: `flash.capacity=200GB` in place of an edited copy of a scenario. They change what the file says before it
 * is validated, so that a setting can say no more and no less than the file could.
 *
 * `flash` and `link` stand for the devices of every host that has one, `datastore` and `fvp` for their sections,
 * `hosts.NAME` and `vms.NAME` for one host or VM. Three have no key in a file: `hosts.count`, `vms.perHost` and `events`.
 */
import { parse } from 'yaml';
import type { YamlEdit, YamlPath } from '../../devices/yaml-file.ts';
import { UsageError } from '../../kernel/errors.ts';
import { didYouMean } from '../../kernel/nearest-name.ts';
import { NS_PER_MS, NS_PER_S } from '../../kernel/units.ts';
import { presetNames, presetText, unknownScenario } from './presets.ts';
import { writtenNs } from './written.ts';

export interface Setting {
  /** As written: `flash.capacity=200GB`. */
  readonly text: string;
  readonly path: string;
  readonly value: string;
}

/** What a path may begin with. */
export const SETTING_ROOTS = ['flash', 'link', 'datastore', 'fvp', 'hosts', 'vms', 'events'] as const;
const HOSTS_COUNT = 'hosts.count';
const VMS_PER_HOST = 'vms.perHost';
const EVENTS = 'events';
/** Assumed: more a cluster of the time did not have (VMware vSphere 5.5 maximums: 32 hosts), with room. */
const HOSTS_MOST = 64;
/** @source VMware vSphere 5.5 configuration maximums: 512 virtual machines per host */
const VMS_MOST = 512;
/** Two VMs are not in step: starts of the shipped scenarios are 0, 7 and 13 s; further ones fill the same 20 s. Assumed. */
const START_STEP_NS = 7 * NS_PER_S;
const START_SPAN_NS = 20 * NS_PER_S;
const START_SHIFT_NS = 350 * NS_PER_MS;

/** @throws UsageError naming the part that does not fit */
export function parseSetting(text: string): Setting {
  const at = text.indexOf('=');
  const path = text.slice(0, Math.max(0, at)).trim();
  const value = text.slice(at + 1).trim();
  if (at < 1 || value === '' || path === '')
    throw new UsageError(`setting ${JSON.stringify(text)}: not PATH=VALUE`, {
      hint: 'such as flash.capacity=200GB, datastore.preset=all-flash-array or vms.perHost=4',
    });
  checkSettingPath(path);
  return { text: `${path}=${value}`, path, value };
}

/** @throws UsageError with the nearest name */
export function checkSettingPath(path: string): void {
  const keys = path.split('.');
  const [root = ''] = keys;
  const whole = [HOSTS_COUNT, VMS_PER_HOST, EVENTS];
  const refuse = (names: readonly string[]): never => {
    throw new UsageError(`unknown parameter ${JSON.stringify(path)}`, {
      hint:
        didYouMean(path, whole) ??
        didYouMean(root, names) ??
        'parameters begin with flash., link., datastore., fvp., hosts.NAME. or vms.NAME.; or are hosts.count, vms.perHost, events',
    });
  };
  if (!(SETTING_ROOTS as readonly string[]).includes(root) || keys.some((key) => key === ''))
    refuse(SETTING_ROOTS);
  if (keys.some((key) => ['__proto__', 'constructor', 'prototype'].includes(key))) refuse(SETTING_ROOTS);
  if (keys.length === 1 && root !== EVENTS) refuse(whole);
  if (['hosts', 'vms'].includes(root) && keys.length === 2 && !whole.includes(path)) refuse(whole);
}

/** Clones first, then devices and presets, then their parameters: the order in which they are given does not count. */
function rankOf({ path }: Setting): number {
  if (path === HOSTS_COUNT) return 0;
  if (path === VMS_PER_HOST) return 1;
  return /\.(?:device|preset)$/.test(path) ? 2 : 3;
}

/** @throws UsageError for a setting given twice, or one that has no place in this scenario */
export function applySettings(edit: YamlEdit, settings: readonly Setting[]): void {
  const seen = new Set<string>();
  for (const { path } of settings) {
    if (seen.has(path)) throw new UsageError(`${path} is set twice`, { hint: 'give one value' });
    seen.add(path);
  }
  for (const setting of [...settings].sort((a, b) => rankOf(a) - rankOf(b))) applyOne(edit, setting);
}

type Mapping = Readonly<Record<string, unknown>>;

function mappingAt(edit: YamlEdit, path: YamlPath): Mapping {
  const value = edit.get(path);
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Mapping) : {};
}

function applyOne(edit: YamlEdit, setting: Setting): void {
  const { path, text } = setting;
  if (path === HOSTS_COUNT) setHosts(edit, text, wholeOf(setting, HOSTS_MOST));
  else if (path === VMS_PER_HOST) setVms(edit, text, wholeOf(setting, VMS_MOST));
  else if (path === EVENTS) setEvents(edit, setting);
  else setValue(edit, setting);
}

function setValue(edit: YamlEdit, setting: Setting): void {
  const { path, text } = setting;
  const keys = path.split('.');
  const [root, ...rest] = keys as [string, ...string[]];
  const scalar = scalarOf(setting);
  if (root === 'flash' || root === 'link') {
    const own = Object.keys(mappingAt(edit, ['hosts'])).filter(
      (name) => Object.keys(mappingAt(edit, ['hosts', name, root])).length > 0,
    );
    const shared = Object.keys(mappingAt(edit, ['hostDefaults', root])).length > 0;
    const sections: YamlPath[] = [
      ...(shared || own.length === 0 ? [['hostDefaults', root]] : []),
      ...own.map((name) => ['hosts', name, root]),
    ];
    for (const section of sections) setIn(edit, section, rest, scalar, text, !shared);
  } else if (root === 'hosts' || root === 'vms') {
    const name = rest[0]!;
    const names = Object.keys(mappingAt(edit, [root]));
    if (!names.includes(name))
      throw new UsageError(`${text}: there is no ${root.slice(0, -1)} ${JSON.stringify(name)}`, {
        hint: didYouMean(name, names) ?? `there are ${names.join(', ')}`,
      });
    setIn(edit, [root, name], rest.slice(1), scalar, text, true);
  } else setIn(edit, [root], rest, scalar, text, true);
}

/** @param starts whether a device named here may stand where none is yet */
function setIn(
  edit: YamlEdit,
  section: YamlPath,
  rest: readonly string[],
  value: unknown,
  label: string,
  starts: boolean,
): void {
  const [key] = rest;
  if (rest.length === 1 && (key === 'device' || key === 'preset')) {
    const before = mappingAt(edit, section);
    // A host's few changes to the defaults of all hosts stay changes.
    if (!starts && section[0] === 'hosts' && !('device' in before) && !('preset' in before)) return;
    // Another device has other parameters; its place keeps its capacity and filters, as in a file.
    for (const name of Object.keys(before))
      if (name !== 'capacity' && name !== 'filters' && !(key === 'preset' && edit.isSet([...section, name])))
        edit.remove([...section, name]);
  }
  if (edit.get(section) === null) edit.remove(section);
  edit.set([...section, ...rest], value, label);
}

function scalarOf({ text, value }: Setting): unknown {
  try {
    return parse(value) as unknown;
  } catch (cause) {
    throw new UsageError(`setting ${JSON.stringify(text)}: the value is not valid YAML`, { cause });
  }
}

function wholeOf({ text, value }: Setting, most: number): number {
  const count = Number(value);
  if (!/^[0-9]+$/.test(value) || count < 1 || count > most)
    throw new UsageError(`setting ${JSON.stringify(text)}: expected a whole number from 1 to ${most}`);
  return count;
}

/** `esx3` is followed by `esx4`; what has no number gets one. */
function nextName(template: string, taken: ReadonlySet<string>): string {
  const [, stem, digits] = /^(.*?)([0-9]*)$/.exec(template)!;
  for (let number = digits === '' ? 2 : Number(digits) + 1; ; number++) {
    const name = `${stem}${number}`;
    if (!taken.has(name)) return name;
  }
}

function vmsOf(edit: YamlEdit, host: string): string[] {
  const vms = mappingAt(edit, ['vms']);
  return Object.keys(vms).filter((name) => (vms[name] as { readonly host?: unknown } | null)?.host === host);
}

/** Adds a VM like `template`, which starts at a time of its own. */
function cloneVm(edit: YamlEdit, template: string, host: string, label: string): void {
  const names = Object.keys(mappingAt(edit, ['vms']));
  const number = names.length;
  const startNs =
    ((number * START_STEP_NS) % START_SPAN_NS) +
    Math.floor((number * NS_PER_S) / START_SPAN_NS) * START_SHIFT_NS;
  const name = nextName(template, new Set(names));
  edit.set(['vms', name], { ...mappingAt(edit, ['vms', template]), host, start: writtenNs(startNs) }, label);
}

/** The first hosts, or further ones like them with VMs like theirs. */
function setHosts(edit: YamlEdit, label: string, count: number): void {
  const names = Object.keys(mappingAt(edit, ['hosts']));
  for (const name of names.slice(count)) {
    for (const vm of vmsOf(edit, name)) edit.remove(['vms', vm]);
    edit.remove(['hosts', name]);
  }
  const base = names.slice(0, count);
  const taken = new Set(names);
  for (let number = names.length; number < count; number++) {
    const template = base[number % base.length]!;
    const name = nextName(template, taken);
    taken.add(name);
    edit.set(['hosts', name], edit.get(['hosts', template]) ?? null, label);
    for (const vm of vmsOf(edit, template)) cloneVm(edit, vm, name, label);
  }
}

/** On every host that has a VM. */
function setVms(edit: YamlEdit, label: string, count: number): void {
  for (const host of Object.keys(mappingAt(edit, ['hosts']))) {
    const own = vmsOf(edit, host);
    for (const vm of own.slice(count)) edit.remove(['vms', vm]);
    for (let number = own.length; number > 0 && number < count; number++)
      cloneVm(edit, own[number % own.length]!, host, label);
  }
}

/** What happens in a shipped scenario, here: its hosts and VMs by their order. */
function setEvents(edit: YamlEdit, { text, value }: Setting): void {
  if (value === 'none') {
    if (edit.get(['events']) !== undefined) edit.remove(['events']);
    return;
  }
  if (!presetNames().includes(value)) throw unknownScenario(value, presetNames());
  const other = parse(presetText(value)) as {
    readonly hosts: Mapping;
    readonly vms: Mapping;
    readonly events?: readonly Mapping[];
  };
  if (other.events === undefined)
    throw new UsageError(`${text}: nothing happens in ${value}`, {
      hint: 'fvp cluster list shows what does',
    });
  const names = new Map<string, string>();
  for (const part of ['hosts', 'vms'] as const) {
    const here = Object.keys(mappingAt(edit, [part]));
    for (const [index, name] of Object.keys(other[part]).entries())
      if (here[index] !== undefined) names.set(name, here[index]);
  }
  const missing = new Set<string>();
  const there = new Set([...Object.keys(other.hosts), ...Object.keys(other.vms)]);
  const renamed = (entry: unknown): unknown => {
    if (Array.isArray(entry)) return entry.map(renamed);
    if (typeof entry !== 'string') return entry;
    const [name = '', ...more] = entry.split('/');
    if (there.has(name) && !names.has(name)) missing.add(name);
    return [names.get(name) ?? name, ...more].join('/');
  };
  const events = other.events.map((event) =>
    Object.fromEntries(Object.entries(event).map(([key, entry]) => [key, renamed(entry)])),
  );
  if (missing.size > 0)
    throw new UsageError(
      `${text}: it needs ${Object.keys(other.hosts).length} hosts and ${Object.keys(other.vms).length} VMs`,
      {
        hint: 'raise hosts.count or vms.perHost',
      },
    );
  edit.set(['events'], events, text);
}
