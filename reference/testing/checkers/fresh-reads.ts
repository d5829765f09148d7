/**
 * Reads are those of a register, sector by sector: the newest acknowledged write or a concurrent one, and no value ever
 * goes back in time; the datastore ends with what reads last found.
 */
import { UNWRITTEN } from '../stamped-content.ts';
import { Checker, type Verdict } from './checker.ts';

export class FreshReadsChecker extends Checker {
  readonly name = 'fresh-reads';

  override ended(): void {
    const { content } = this.world;
    for (const disk of content.disks()) {
      if (this.isDeclaredLost(disk)) continue;
      for (const [sector, stamp] of content.settledOf(disk)) {
        const found = content.image(disk).get(sector) ?? UNWRITTEN;
        if (found !== stamp)
          this.object(`disk ${disk}, sector ${sector}: was read as write ${stamp}, and ends as ${found}`);
      }
    }
  }

  override verdict(): Verdict {
    for (const violation of this.world.content.violations) this.object(violation);
    return super.verdict();
  }
}
