/** Loss is declared only beyond what the mode promises. That it is declared there is what durability checks. */
import { Checker } from './checker.ts';

export class DeclaredLossChecker extends Checker {
  readonly name = 'declared-loss';

  override ended(): void {
    if (this.world.beyond) return;
    for (const disk of this.world.content.disks())
      if (this.isDeclaredLost(disk)) this.object(`disk ${disk} was declared lost within the mode's promise`);
  }
}
