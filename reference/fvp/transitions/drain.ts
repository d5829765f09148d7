import type { Control } from '../control.ts';
import { STATE_WT_NOFLASH, STATE_WT_TEMP, type VirtualDisk } from '../virtual-disk.ts';
import { DRAIN, type Transition } from './transition.ts';

/**
 * WB -> DRAINING -> WT, WT_TEMP or WT_NOFLASH. A write that comes meanwhile is acknowledged when a checkpoint covers it;
 * at the end newcomers wait, so that a drain ends whatever the arrival rate. An unreachable holder stays in the record
 * until that says clean: what it lacks is then on the datastore.
 */
export function drainTransition(control: Control): Transition {
  const { state } = control;
  return {
    name: 'drain',
    steps: [
      {
        name: 'stop early acknowledgements',
        run(disk) {
          disk.throughCheckpoint = true;
          return 0;
        },
      },
      { name: 'destage what there is', until: 'destaged', run: (disk) => control.destageAll(disk) },
      {
        name: 'stop admission',
        run(disk) {
          disk.holding = true;
          return 0;
        },
      },
      { name: 'destage all', until: 'destaged', run: (disk) => control.destageAll(disk) },
      { name: 'flush datastore', run: (disk) => control.flushDatastore(disk) },
      {
        name: 'write record: WT, clean',
        run: (disk) => control.writeRecord(disk, () => control.cleanRecord(disk)),
      },
      {
        name: 'release holders',
        run(disk) {
          control.endLogging(
            disk,
            disk.members.map((member) => member.host),
          );
          return 0;
        },
      },
    ],
    end(disk) {
      if (!state.hasFlash) return STATE_WT_NOFLASH;
      if (isWanted(disk)) return control.clean();
      control.retryLater(disk);
      return STATE_WT_TEMP;
    },
    failed(disk) {
      // The datastore failed to flush: the disk stays on its way out.
      control.begin(disk, DRAIN);
    },
  };

  /** True when the drain was asked for; false when a fault forced it. */
  function isWanted(disk: VirtualDisk): boolean {
    const forced = disk.logBroken || disk.work.forced;
    disk.work.forced = false;
    disk.logBroken = false;
    return !control.wantsWriteBack(disk) || !forced;
  }
}
