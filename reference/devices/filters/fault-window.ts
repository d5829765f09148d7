/** When and how often faults occur: parameters that the filters which cause them share. */
import type { ParameterFault } from '../api.ts';
import { fractionParameter, timeParameter } from '../parameters.ts';

/** Longest virtual time, see kernel: integers of ns are exact up to 104 days. */
const TIME_MAX = '104d';

export const windowParameters = {
  from: timeParameter({
    description: 'Nothing happens before this time of the run.',
    default: '0',
    max: TIME_MAX,
    source: 'from the start',
  }),
  until: timeParameter({
    description: 'Nothing happens from this time of the run on.',
    default: TIME_MAX,
    max: TIME_MAX,
    source: 'to the end',
  }),
};

export function shareOf(what: string) {
  return fractionParameter({ description: `Share of ${what}.`, default: '0%', source: 'none' });
}

export function checkWindow(window: {
  readonly from: number;
  readonly until: number;
}): ParameterFault | undefined {
  return window.from < window.until ? undefined : { parameter: 'until', problem: 'must be above from' };
}

/**
 * Whether something of this probability happens.
 * @param word a random 32-bit word
 * @param share 0 to 1
 */
export function happens(word: number, share: number): boolean {
  return word < share * 2 ** 32;
}

/** A whole number from 0 to `below` - 1. @param word a random 32-bit word @param below up to 2^21 */
export function pick(word: number, below: number): number {
  return Math.floor((word * below) / 2 ** 32);
}
