/**
 * When I/Os of a rate are due.
 *
 * @source fio 3.42, backend.c (usec_for_io); in nanoseconds, where fio cuts to whole microseconds
 */
import { negativeLog } from './exact-power.ts';
import { STREAM_POISSON, Tausworthe } from './fio-random.ts';
import type { PlannedProcess } from './job-plan.ts';

export class RateClock {
  /** Whether any direction has a rate. */
  readonly isRated: boolean;
  /** By direction: when the next I/O is due, since the clock began; 0 where there is no rate. */
  readonly dueNs = new Float64Array(3);
  private readonly settings: PlannedProcess['settings'];
  private readonly seeds: Int32Array;
  private readonly random: readonly Tausworthe[];
  private readonly bytesPerNs = new Float64Array(3);
  private readonly intervalNs = new Float64Array(3);
  private readonly bytes = new Float64Array(3);
  private readonly ios = new Float64Array(3);
  private readonly drawnNs = new Float64Array(3);

  constructor({ settings }: PlannedProcess, seeds: Int32Array) {
    this.settings = settings;
    this.seeds = seeds;
    this.random = STREAM_POISSON.map((stream) => new Tausworthe(seeds[stream]!));
    for (let direction = 0; direction < 3; direction++) {
      const least = settings.blocks[direction]!.minBytes;
      const iops = settings.rateIops[direction]!;
      const perSecond = settings.rateBytesPerSecond[direction]! || iops * least;
      if (perSecond === 0) continue;
      this.bytesPerNs[direction] = perSecond / 1e9;
      this.intervalNs[direction] = 1e9 / (iops || perSecond / least);
    }
    this.isRated = this.bytesPerNs.some((rate) => rate > 0);
  }

  hasRate(direction: number): boolean {
    return this.bytesPerNs[direction]! > 0;
  }

  /** An I/O has been issued: sets when the next of its direction is due. */
  issued(direction: number, bytes: number): void {
    const rate = this.bytesPerNs[direction]!;
    if (rate === 0) return;
    this.bytes[direction] = this.bytes[direction]! + bytes;
    this.ios[direction]!++;
    const { rateProcess, rateIops, blocks } = this.settings;
    if (rateProcess === 'poisson') {
      const uniform = (this.random[direction]!.next() + 1) / 2 ** 32;
      const gapNs = Math.floor(this.intervalNs[direction]! * negativeLog(uniform));
      this.drawnNs[direction] = this.drawnNs[direction]! + gapNs;
      this.dueNs[direction] = this.drawnNs[direction]!;
    } else if (rateIops[direction]! > 0 && blocks[direction]!.split !== undefined) {
      // With bssplit a number of I/Os counts I/Os, however large they are, as in fio 3.42; 3.33 counts bytes.
      this.dueNs[direction] = Math.floor(this.ios[direction]! * this.intervalNs[direction]!);
    } else this.dueNs[direction] = Math.floor(this.bytes[direction]! / rate);
  }

  /** A pause that the rate is not to make up for. */
  skip(forNs: number): void {
    for (let direction = 0; direction < 3; direction++) {
      const rate = this.bytesPerNs[direction]!;
      if (rate === 0) continue;
      const missed = rate * forNs;
      this.bytes[direction] = this.bytes[direction]! + missed;
      this.ios[direction] = this.ios[direction]! + forNs / this.intervalNs[direction]!;
      this.drawnNs[direction] = this.drawnNs[direction]! + forNs;
      this.dueNs[direction] = this.dueNs[direction]! + forNs;
    }
  }

  /** Begins anew. */
  restart(): void {
    this.bytes.fill(0);
    this.ios.fill(0);
    this.drawnNs.fill(0);
    this.dueNs.fill(0);
  }

  /** Draws the same again. */
  reseed(): void {
    for (let direction = 0; direction < 3; direction++)
      this.random[direction]!.seed(this.seeds[STREAM_POISSON[direction]!]!);
  }
}
