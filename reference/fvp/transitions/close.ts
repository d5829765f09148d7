import type { Control } from '../control.ts';
import { STATUS_ERROR } from '../ports.ts';
import { STATE_OFF } from '../virtual-disk.ts';
import { CLOSE, type Transition } from './transition.ts';

/** WT -> OFF: the last writes finish, then the lock is given back. */
export function closeTransition(control: Control): Transition {
  const { state, parts } = control;
  return {
    name: 'close',
    steps: [
      { name: 'finish writes', until: 'quiet', run: (disk) => control.quiesce(disk) },
      {
        name: 'release lock',
        run(disk) {
          state.ports.datastore.unlock(disk.id, control.token(disk));
          return 1;
        },
        completed(disk, status) {
          // Refused: it was another's already.
          if (status === STATUS_ERROR) control.goTo(disk, 'release lock');
          else control.arrived(disk);
        },
      },
    ],
    end(disk) {
      parts.lease.end(disk);
      parts.closed(disk);
      if (!disk.work.wanted) parts.detached(disk);
      return STATE_OFF;
    },
    failed: (disk) => control.begin(disk, CLOSE),
  };
}
