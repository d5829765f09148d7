/** Acknowledged writes are on the datastore when everything is closed: the newest, or one that was not wholly before it. */
import { UNWRITTEN } from '../stamped-content.ts';
import { Checker } from './checker.ts';

export class DurabilityChecker extends Checker {
  readonly name = 'acknowledged-durability';

  override ended(): void {
    const { content } = this.world;
    for (const disk of content.disks()) {
      if (this.isDeclaredLost(disk)) continue;
      for (const [sector, stamps] of content.acknowledged(disk)) {
        const found = content.image(disk).get(sector) ?? UNWRITTEN;
        if (!stamps.includes(found))
          this.object(
            `disk ${disk}, sector ${sector}: holds write ${found}, must be one of ${stamps.join(', ')}`,
          );
      }
    }
  }
}
