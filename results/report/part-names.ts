/** The parts of a latency in words. */
import type { LatencyParts } from '../schema/run-document.ts';

export const PART_NAMES: Readonly<Record<keyof LatencyParts, string>> = {
  queueNs: 'queueing',
  throttleNs: 'throttle',
  orderNs: 'order',
  localFlashNs: 'local flash',
  networkFlashNs: 'network flash',
  datastoreNs: 'SAN',
};
