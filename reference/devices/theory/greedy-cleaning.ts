/**
 * Write amplification of greedy cleaning under uniformly random writes, in the limit of many blocks. A block holds
 * `pages`; cleaning takes a block with the fewest valid pages. Blocks lose their valid pages one by one, at a rate in
 * proportion to how many they have, so that in steady state as many blocks pass each level per time:
 *
 *     physical / logical = pages (H(pages) - H(v + 1) + y / (v + 1)) / (pages - v - 1 + y)
 *
 * where H is the harmonic number and victims have v valid pages with probability y, else v + 1. The write amplification
 * is pages / (pages - mean valid pages of a victim).
 *
 * @source the mean-field argument of B. Van Houdt, "A mean field model for a class of garbage collection algorithms in
 * flash-based solid state drives" (SIGMETRICS 2013), for greedy choice; for large blocks it becomes the fixed point
 * A = 1 / (1 - exp(-(physical / logical) / A)) of P. Desnoyers, "Analytic modeling of SSD write performance"
 * (SYSTOR 2012)
 * @param spare physical pages that hold data or can be cleaned, over logical pages: above 1
 */
export function greedyWriteAmplification(pages: number, spare: number): number {
  // From the best victim (no valid page) on, until the spare factor that belongs to it is reached.
  let harmonics = 0;
  for (let k = 2; k <= pages; k++) harmonics += 1 / k;
  // Here: H(pages) - H(v + 1), for v = 0.
  for (let v = 0; v < pages - 1; v++) {
    const factor = (y: number): number => (pages * (harmonics + y / (v + 1))) / (pages - v - 1 + y);
    if (factor(0) <= spare) {
      if (factor(1) <= spare) return pages / (pages - v);
      let low = 0;
      let high = 1;
      for (let i = 0; i < 60; i++) {
        const y = (low + high) / 2;
        if (factor(y) > spare) high = y;
        else low = y;
      }
      return pages / (pages - v - 1 + low);
    }
    harmonics -= 1 / (v + 2);
  }
  return Number.POSITIVE_INFINITY;
}
