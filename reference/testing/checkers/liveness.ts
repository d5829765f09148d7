/** After everything is healed every VM runs, every I/O completes, and every disk is closed (12.4-18, 12.4-19, 12.4-20). */
import { STATE_NAMES } from '../../fvp/virtual-disk.ts';
import { Checker } from './checker.ts';

export class LivenessChecker extends Checker {
  readonly name = 'liveness';

  override ended(): void {
    const run = this.world.run!;
    for (const { disk, state, open } of run.unsettled()) {
      if (!this.isDeclaredLost(disk))
        this.object(`disk ${disk} stays ${STATE_NAMES[state]}, ${open} I/Os wait`);
    }
  }
}
