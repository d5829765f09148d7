/** A built-in device with some parameters, ready to be driven. */

import { DeviceDriver, type RequestOptions } from '../conformance/device-driver.ts';
import { loadDevice, resolveParameters } from '../registry.ts';

/** @param overrides as written in a scenario */
export async function driveDevice(
  name: string,
  overrides: Readonly<Record<string, unknown>> = {},
  seed = 1,
  preset?: string,
): Promise<DeviceDriver> {
  const loaded = await loadDevice(name, '.');
  const { parameters } = resolveParameters(loaded, { preset, overrides });
  return new DeviceDriver(loaded.model, parameters, seed, name);
}

/** Keeps `depth` requests under way until `untilNs`; answers completions per second from `fromNs` on. */
export function closedLoopRate(
  driver: DeviceDriver,
  depth: number,
  fromNs: number,
  untilNs: number,
  next: (i: number) => RequestOptions,
): number {
  let issued = 0;
  let counted = 0;
  driver.onComplete = () => {
    if (driver.nowNs >= fromNs && driver.nowNs < untilNs) counted++;
    if (driver.nowNs < untilNs) driver.submit(next(issued++));
  };
  driver.at(driver.nowNs, () => {
    for (let i = 0; i < depth; i++) driver.submit(next(issued++));
  });
  driver.run();
  return (counted * 1e9) / (untilNs - fromNs);
}

/** Latencies of all requests, in the order in which they were submitted, ns. */
export function latencies(driver: DeviceDriver): number[] {
  return driver.requests.map((request) => request.completedNs - request.submittedNs);
}
