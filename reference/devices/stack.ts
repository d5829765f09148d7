/**
 * Builds a device with its filters. Each layer has a context of its own, named after it, so that its draws do not
 * depend on the layers around it: a device draws the same numbers with filters and without.
 */
import {
  BUSY,
  type Device,
  type DeviceContext,
  type DeviceModel,
  DONE,
  type Fault,
  type Filter,
  type FilterModel,
  type NextDevice,
  type SubmitAnswer,
} from './api.ts';
import { askModel, type Guarded, GuardedDevice, GuardedFilter } from './guard.ts';
import { Station } from './station.ts';

export interface FilterSetup {
  readonly model: FilterModel<unknown>;
  /** In the factory's units. */
  readonly parameters: unknown;
  /** As the person named the module, for messages; then every call of it is checked. */
  readonly plugIn?: string;
}

export interface DeviceSetup {
  readonly model: DeviceModel<unknown>;
  /** In the factory's units. */
  readonly parameters: unknown;
  /** As of a filter. */
  readonly plugIn?: string;
  /** The first is submitted to, the last stands before the device. @default none */
  readonly filters?: readonly FilterSetup[];
}

/** One layer, as whoever runs it sees it; complete once `createStack` has returned. */
export interface Layer {
  readonly name: string;
  /** Gets the times that the layer's context asks for by `fireAt`. */
  self: { fire(argument: number): void } | undefined;
  /** Told of `ready`, in an event of its own; undefined for the outermost layer, whose caller is not in the stack. */
  above: { ready(): void } | undefined;
  /** Counts what the outermost layer's context is told; its caller counts what is accepted. */
  readonly station: Station;
}

/** Makes the context of a layer. What the outermost layer tells its context is what the whole stack says. */
export type CreateContext = (layer: Layer) => DeviceContext;

export interface DeviceStack {
  /** Of the device. */
  readonly name: string;
  /** To be submitted to. */
  readonly top: NextDevice;
  readonly device: Device;
  /** Why the device does not start as it would be after long use; undefined when it does. */
  readonly fresh: string | undefined;
  /** As in the setup. */
  readonly filters: readonly { readonly name: string; readonly filter: Filter }[];
  /** Of the device itself. */
  readonly station: Station;
  /** Of the whole stack: the same without filters. */
  readonly outerStation: Station;
  /** The plug-ins among the layers. */
  readonly guarded: readonly Guarded[];
}

/** Passes what a layer says on to the filter above it. */
class InnerContext implements DeviceContext {
  readonly name: string;
  above!: Filter;
  private readonly own: DeviceContext;
  private readonly station: Station;

  constructor(own: DeviceContext, { name, station }: Layer) {
    this.own = own;
    this.name = name;
    this.station = station;
  }

  get nowNs(): number {
    return this.own.nowNs;
  }

  completeAt(timeNs: number, token: number): void {
    this.station.complete(timeNs);
    this.above.completed(timeNs, token);
  }

  faultAt(timeNs: number, token: number, fault: Fault, sector: number): void {
    this.station.complete(timeNs);
    this.above.faulted(timeNs, token, fault, sector);
  }

  fireAt(timeNs: number, argument: number): void {
    this.own.fireAt(timeNs, argument);
  }

  ready(): void {
    this.own.ready();
  }

  draw(key: number, stage: number): number {
    return this.own.draw(key, stage);
  }
}

/** Counts what a filter submits. */
class Metered implements NextDevice {
  private readonly next: NextDevice;
  private readonly context: DeviceContext;
  private readonly station: Station;

  constructor(next: NextDevice, context: DeviceContext, station: Station) {
    this.next = next;
    this.context = context;
    this.station = station;
  }

  submit(
    operation: number,
    unit: number,
    address: number,
    bytes: number,
    flags: number,
    token: number,
    key: number,
  ): SubmitAnswer {
    const answer = this.next.submit(operation, unit, address, bytes, flags, token, key);
    if (answer !== BUSY) this.station.accept(this.context.nowNs);
    if (answer === DONE) this.station.complete(this.context.nowNs);
    return answer;
  }
}

/**
 * @param name of the device, such as `esx1/flash`; its filters are `esx1/flash/delay`, and `esx1/flash/delay-2` for a
 * second one of that name
 */
export function createStack(setup: DeviceSetup, name: string, createContext: CreateContext): DeviceStack {
  const filters = setup.filters ?? [];
  const contextOf = (layer: Layer, outermost: boolean) => {
    const own = createContext(layer);
    return outermost ? own : new InnerContext(own, layer);
  };
  const bottom = createLayer(name);
  let context = contextOf(bottom, filters.length === 0);
  const guarded: Guarded[] = [];
  const device = createDevice(setup, context, guarded);
  bottom.self = device;

  const names = filterNames(filters);
  const built: { name: string; filter: Filter }[] = [];
  let top: NextDevice = device;
  let below = bottom;
  for (let i = filters.length - 1; i >= 0; i--) {
    const layer = createLayer(`${name}/${names[i]}`);
    const own = contextOf(layer, i === 0);
    const next = new Metered(top, context, below.station);
    const filter = createFilter(filters[i]!, own, next, guarded);
    layer.self = filter;
    below.above = filter;
    (context as InnerContext).above = filter;
    built.unshift({ name: names[i]!, filter });
    top = filter;
    below = layer;
    context = own;
  }
  const fresh = askModel(setup.plugIn, 'fresh()', () => setup.model.fresh?.(setup.parameters));
  return {
    name,
    fresh,
    top,
    device,
    filters: built,
    station: bottom.station,
    outerStation: below.station,
    guarded,
  };
}

function createDevice(
  { model, parameters, plugIn }: DeviceSetup,
  context: DeviceContext,
  guarded: Guarded[],
): Device {
  if (plugIn === undefined) return model.create(parameters, context);
  const who = `device ${plugIn} (${context.name})`;
  const guard = new GuardedDevice(who, context, (inner) => model.create(parameters, inner));
  guarded.push(guard);
  return guard;
}

function createFilter(
  { model, parameters, plugIn }: FilterSetup,
  context: DeviceContext,
  next: NextDevice,
  guarded: Guarded[],
): Filter {
  if (plugIn === undefined) return model.create(parameters, context, next);
  const who = `filter ${plugIn} (${context.name})`;
  const guard = new GuardedFilter(who, context, next, (inner, below) =>
    model.create(parameters, inner, below),
  );
  guarded.push(guard);
  return guard;
}

function createLayer(name: string): Layer {
  return { name, self: undefined, above: undefined, station: new Station() };
}

function filterNames(filters: readonly FilterSetup[]): string[] {
  return filters.map(({ model }, at) => {
    const earlier = filters.slice(0, at).filter((other) => other.model.name === model.name).length;
    return earlier === 0 ? model.name : `${model.name}-${earlier + 1}`;
  });
}
