/** What a device reports of a request that did not go well reaches hosts and content. */
import { describe, expect, test } from 'vitest';
import { ListSource, type PlainIo, plainScenario } from '../cluster/plain-scenario.ts';
import { ClusterRun } from '../cluster/run-cluster.ts';
import type { ResolvedDevice } from '../cluster/scenario/resolved.ts';
import { VirtualRuntime } from '../cluster/virtual-runtime.ts';
import {
  DEVICE_READ,
  DEVICE_SEND,
  DEVICE_WRITE,
  defineDevice,
  FAULT_CORRUPT,
  FAULT_ERROR,
  FAULT_TORN,
  type Fault,
  QUEUED,
  SECTOR_BYTES,
} from '../devices/api.ts';
import { emptyRecord } from '../fvp/ft-record.ts';
import { FLASH_WRITE, type Ports, STATUS_ERROR, STATUS_OK, type Status } from '../fvp/ports.ts';
import { OP_READ, OP_WRITE } from '../kernel/io.ts';
import { CORRUPT, StampedContent, UNWRITTEN } from './stamped-content.ts';

/** Takes 10 us, and lets the `nth` request of an operation end with a fault. */
function faulty(wanted: number, fault: Fault, sector: number, nth = 0): ResolvedDevice {
  const model = defineDevice<unknown>({
    name: 'faulty',
    summary: 'Ends one request with a fault.',
    roles: ['flash', 'datastore', 'link'],
    parameters: {},
    create: (_, context) => {
      let seen = 0;
      let requests = 0;
      return {
        submit: (operation, _unit, _address, _bytes, _flags, token) => {
          requests++;
          if (operation === wanted && seen++ === nth)
            context.faultAt(context.nowNs + 10_000, token, fault, sector);
          else context.completeAt(context.nowNs + 10_000, token);
          return QUEUED;
        },
        fire: () => {},
        statistics: () => ({ busyNs: 0, servers: 1, requests, residenceNs: 10_000 * requests }),
      };
    },
  });
  return { model, parameters: {}, written: {} };
}

const WRITE: PlainIo = { atNs: 1000, op: OP_WRITE, offset: 0, bytes: 8 * SECTOR_BYTES };
const READ: PlainIo = { atNs: 5e6, op: OP_READ, offset: 0, bytes: 8 * SECTOR_BYTES };

function run(datastore: ResolvedDevice, ios: readonly PlainIo[]) {
  const content = new StampedContent();
  const source = new ListSource(ios);
  const cluster = new ClusterRun(plainScenario({ datastore }), [{ source }], {
    mode: 'none',
    seed: 1,
    content,
  });
  while (cluster.advance(1000));
  const image = Array.from({ length: 8 }, (_, sector) => content.image(0).get(sector) ?? UNWRITTEN);
  return { failed: cluster.result().failed, image, content, stamp: content.writesOf(0)[0]?.number };
}

describe('a datastore', () => {
  test('that fails a write tells the guest, and has none of it', () => {
    const { failed, image } = run(faulty(DEVICE_WRITE, FAULT_ERROR, 0), [WRITE]);
    expect(failed).toBe(1);
    expect(image).toEqual(new Array(8).fill(UNWRITTEN));
  });

  test('that fails a write half-way tells the guest, and has the first half', () => {
    const { failed, image, stamp } = run(faulty(DEVICE_WRITE, FAULT_ERROR, 4), [WRITE]);
    expect(failed).toBe(1);
    expect(image).toEqual([...new Array(4).fill(stamp), ...new Array(4).fill(UNWRITTEN)]);
  });

  test('that tears a write tells nobody', () => {
    const { failed, image, stamp } = run(faulty(DEVICE_WRITE, FAULT_TORN, 3), [WRITE]);
    expect(failed).toBe(0);
    expect(image).toEqual([...new Array(3).fill(stamp), ...new Array(5).fill(UNWRITTEN)]);
  });

  test('that corrupts a write tells nobody, and a reader finds other bytes', () => {
    const { failed, image, stamp, content } = run(faulty(DEVICE_WRITE, FAULT_CORRUPT, 5), [WRITE, READ]);
    expect(failed).toBe(0);
    expect(image).toEqual([...new Array(5).fill(stamp), CORRUPT, stamp, stamp]);
    expect(content.violations).toHaveLength(1);
    expect(content.violations[0]).toContain('sector 5');
  });

  test('that corrupts a read leaves the medium as it is', () => {
    const { failed, image, stamp, content } = run(faulty(DEVICE_READ, FAULT_CORRUPT, 7), [WRITE, READ]);
    expect(failed).toBe(0);
    expect(image).toEqual(new Array(8).fill(stamp));
    expect(content.violations[0]).toContain('sector 7');
  });

  test('that fails a read tells the guest', () => {
    expect(run(faulty(DEVICE_READ, FAULT_ERROR, 0), [WRITE, READ]).failed).toBe(1);
  });
});

/** Two hosts without FVP, that note what they are told. */
function bareRuntime(devices: { flash?: ResolvedDevice; link?: ResolvedDevice; datastore?: ResolvedDevice }) {
  const ports: Ports[] = [];
  const completions: (readonly [host: number, token: number, status: Status])[] = [];
  const messages: number[] = [];
  const runtime = new VirtualRuntime({
    scenario: plainScenario({ ...devices, hosts: 2 }),
    seed: 1,
    disks: 1,
    guest: { complete: () => {}, waited: () => {} },
    observer: () => ({ stateChanged: () => {}, fenced: () => {}, degraded: () => {} }),
    content: null,
    createHost: (setup) => {
      ports.push(setup.ports);
      return {
        attach: () => 0,
        submit: () => {},
        onCompletion: (token, status) => completions.push([setup.id, token, status]),
        onMessage: (message) => messages.push(message),
        onTimer: () => {},
      };
    },
  });
  const settle = () => {
    while (runtime.queue.size > 0) runtime.step();
  };
  return { ports, completions, messages, runtime, settle };
}

describe('the runtime', () => {
  test('tells a host of an error of its flash, and of no silent fault', () => {
    const { ports, completions, settle } = bareRuntime({ flash: faulty(DEVICE_WRITE, FAULT_ERROR, 0, 1) });
    for (const token of [16, 32]) ports[1]!.flash!.submit(FLASH_WRITE, 0, 4096, 0, token, 0);
    settle();
    expect(completions).toEqual([
      [1, 16, STATUS_OK],
      [1, 32, STATUS_ERROR],
    ]);
    const silent = bareRuntime({ flash: faulty(DEVICE_WRITE, FAULT_TORN, 0) });
    silent.ports[1]!.flash!.submit(FLASH_WRITE, 0, 4096, 0, 16, 0);
    silent.settle();
    expect(silent.completions).toEqual([[1, 16, STATUS_OK]]);
  });

  test('loses a message whose sending went wrong, and its row is free again', () => {
    const { ports, messages, runtime, settle } = bareRuntime({ link: faulty(DEVICE_SEND, FAULT_ERROR, 0) });
    const { network } = ports[0]!;
    const [lost, delivered] = [network.allocate(), network.allocate()];
    network.send(1, lost, 100);
    network.send(1, delivered, 100);
    settle();
    expect(messages).toEqual([delivered]);
    expect(runtime.messagesInFlight).toBe(0);
  });

  test.each<Fault>([FAULT_ERROR, FAULT_TORN, FAULT_CORRUPT])(
    'does not change a record by a write with fault %i',
    (fault) => {
      const { ports, completions, runtime, settle } = bareRuntime({
        datastore: faulty(DEVICE_WRITE, fault, 0, 1),
      });
      const { datastore } = ports[0]!;
      datastore.lock(0, -1, 0, 16);
      settle();
      const before = datastore.record(0);
      datastore.compareAndWrite(0, before, { ...emptyRecord(0), version: before.version + 1 }, 32);
      settle();
      expect(datastore.record(0)).toBe(before);
      expect(completions).toEqual([
        [0, 16, STATUS_OK],
        [0, 32, STATUS_ERROR],
      ]);
      expect(runtime.datastore.effects.size).toBe(0);
    },
  );
});
