/** Plays a job file's source against a device of given latencies, for comparisons and tests. */
import { IoBatch, type IoSource, SOURCE_END, SOURCE_IDLE, SOURCE_READY } from '../../reference/kernel/io.ts';

export interface PlayedIo {
  readonly disk: number;
  readonly op: number;
  readonly offset: number;
  readonly bytes: number;
  readonly flags: number;
  readonly tag: number;
  readonly arrivalNs: number;
  readonly issuedNs: number;
  readonly completedNs: number;
}

/**
 * @param latencyNs of an I/O, given how many others are under way
 * @param mostIos ends the play, for loads without an end
 * @returns every I/O in the order of issue
 */
export function playJobs(
  source: IoSource,
  latencyNs: (io: { op: number; bytes: number; disk: number }, underWay: number) => number,
  mostIos = 1e6,
): PlayedIo[] {
  const played: PlayedIo[] = [];
  /** Under way, latest completion first. */
  const underWay: PlayedIo[] = [];
  const batch = new IoBatch(16);
  let nowNs = 0;
  while (played.length < mostIos) {
    const answer = source.next(nowNs, batch);
    if (answer === SOURCE_READY) {
      for (let i = 0; i < batch.length; i++) {
        const arrivalNs = batch.arrivalNs[i]!;
        const issuedNs = Math.max(nowNs, arrivalNs);
        const io = { op: batch.op[i]!, bytes: batch.lengthBytes[i]!, disk: batch.disk[i]! };
        const one: PlayedIo = {
          ...io,
          offset: batch.offset[i]!,
          flags: batch.flags[i]!,
          tag: batch.tag[i]!,
          arrivalNs,
          issuedNs,
          completedNs: issuedNs + latencyNs(io, underWay.length),
        };
        played.push(one);
        let at = underWay.length;
        while (at > 0 && underWay[at - 1]!.completedNs <= one.completedNs) at--;
        underWay.splice(at, 0, one);
      }
      continue;
    }
    const idleUntilNs = answer === SOURCE_IDLE ? batch.idleUntilNs : Number.POSITIVE_INFINITY;
    const first = underWay.at(-1);
    if (first !== undefined && first.completedNs <= idleUntilNs) {
      underWay.pop();
      nowNs = first.completedNs;
      source.completed(first.tag, nowNs);
    } else if (answer === SOURCE_IDLE) nowNs = idleUntilNs;
    else if (answer === SOURCE_END) return played;
    else throw new Error('the source waits for a completion, but nothing is under way');
  }
  return played;
}
