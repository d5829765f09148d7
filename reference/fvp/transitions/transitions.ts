/** Every transition, in the order of their numbers in transition.ts. */
import type { Control } from '../control.ts';
import { armTransition } from './arm.ts';
import { closeTransition } from './close.ts';
import { drainTransition } from './drain.ts';
import { openTransition } from './open.ts';
import { repairTransition } from './repair.ts';
import type { Transition } from './transition.ts';

export function transitionsOf(control: Control): readonly Transition[] {
  return [
    openTransition(control),
    armTransition(control),
    repairTransition(control),
    drainTransition(control),
    closeTransition(control),
  ];
}
