/**
 * Results of queueing theory that models are checked against and `fvp device predict` uses. Times are in ns, rates in
 * requests per ns unless a name says otherwise. A station that is offered more than it can serve has no steady state:
 * means are then infinite.
 *
 * Source of all formulae, where no other is named: L. Kleinrock, "Queueing Systems", volume 1 (1975).
 */

/** Mean times of a station in steady state. */
export interface StationMeans {
  /** Share of the time that a server is busy; above 1 where more is offered than can be served. */
  readonly utilisation: number;
  /** Probability that a request has to wait. */
  readonly waitProbability: number;
  readonly meanWaitNs: number;
  readonly meanResponseNs: number;
}

/** First two moments of a service time. */
export interface ServiceMoments {
  readonly meanNs: number;
  readonly secondMomentNs2: number;
}

/** Variance over the square of the mean: 0 constant, 1 exponential. */
export function squaredVariation(service: ServiceMoments): number {
  return service.meanNs === 0 ? 0 : service.secondMomentNs2 / (service.meanNs * service.meanNs) - 1;
}

/** Probability that all of k servers are busy (Erlang C); 1 at saturation. @param load in servers: rate x service */
export function erlangC(servers: number, load: number): number {
  if (load >= servers) return 1;
  // Erlang B by its recursion, which cannot overflow.
  let blocked = 1;
  for (let k = 1; k <= servers; k++) blocked = (load * blocked) / (k + load * blocked);
  return blocked / (1 - (load / servers) * (1 - blocked));
}

/** M/G/1 by Pollaczek and Khinchine; M/M/1 and M/D/1 are cases of it. */
export function mg1(ratePerNs: number, service: ServiceMoments): StationMeans {
  return mgk(1, ratePerNs, service);
}

/**
 * M/M/k by Erlang C. With one server and any service time it is exact too (Pollaczek and Khinchine); with several and
 * service that is not exponential an approximation: the wait of M/M/k times (1 + squared variation) / 2.
 * @source A. O. Allen, "Probability, Statistics and Queueing Theory" (1990), 5.2: the Allen-Cunneen approximation
 */
export function mgk(servers: number, ratePerNs: number, service: ServiceMoments): StationMeans {
  const load = ratePerNs * service.meanNs;
  const utilisation = load / servers;
  const waitProbability = erlangC(servers, load);
  if (utilisation >= 1) {
    return {
      utilisation,
      waitProbability,
      meanWaitNs: Number.POSITIVE_INFINITY,
      meanResponseNs: Number.POSITIVE_INFINITY,
    };
  }
  const exponentialWaitNs = (waitProbability * service.meanNs) / (servers * (1 - utilisation));
  const meanWaitNs = (exponentialWaitNs * (1 + squaredVariation(service))) / 2;
  return { utilisation, waitProbability, meanWaitNs, meanResponseNs: meanWaitNs + service.meanNs };
}

/** Steady state of a birth-death chain: probability of each number in the system. */
function birthDeath(births: readonly number[], deaths: readonly number[]): number[] {
  let weights = [1];
  for (const [n, birth] of births.entries()) {
    const next = (weights[n]! * birth) / deaths[n]!;
    // Only their ratios matter: kept from growing without bound.
    if (next > 1e200) {
      weights = weights.map((weight) => weight / next);
      weights.push(1);
    } else {
      weights.push(next);
    }
  }
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}

export interface FiniteBuffer {
  /** Share of requests that find no room. */
  readonly lost: number;
  /** Of those that are let in. */
  readonly meanResponseNs: number;
}

/** M/M/1/K: exponential service, room for K requests, the one served included; others are lost. */
export function mm1k(ratePerNs: number, meanServiceNs: number, room: number): FiniteBuffer {
  const probabilities = birthDeath(
    new Array<number>(room).fill(ratePerNs),
    new Array<number>(room).fill(1 / meanServiceNs),
  );
  const lost = probabilities[room]!;
  const inside = probabilities.reduce((sum, probability, n) => sum + n * probability, 0);
  return { lost, meanResponseNs: inside / (ratePerNs * (1 - lost)) };
}

export interface ClosedLoop {
  readonly throughputPerNs: number;
  readonly meanResponseNs: number;
}

/**
 * A closed loop: N customers that think for an exponential time and then ask one of k servers for an exponential time
 * (the machine repairman).
 */
export function closedLoop(
  customers: number,
  meanThinkNs: number,
  servers: number,
  meanServiceNs: number,
): ClosedLoop {
  const births = Array.from({ length: customers }, (_, n) => (customers - n) / meanThinkNs);
  const deaths = Array.from({ length: customers }, (_, n) => Math.min(n + 1, servers) / meanServiceNs);
  const probabilities = birthDeath(births, deaths);
  const busy = probabilities.reduce((sum, probability, n) => sum + Math.min(n, servers) * probability, 0);
  const inside = probabilities.reduce((sum, probability, n) => sum + n * probability, 0);
  const throughputPerNs = busy / meanServiceNs;
  return { throughputPerNs, meanResponseNs: inside / throughputPerNs };
}

/**
 * A quantile of the response time of M/G/k. The wait is taken to be exponential where there is one: exact for M/M/k,
 * otherwise an approximation that is right in its mean and in how often there is a wait.
 * @param quantileNs the service time's quantile function
 * @param p 0 < p < 1
 */
export function responseQuantileNs(
  means: StationMeans,
  quantileNs: (p: number) => number,
  p: number,
): number {
  if (!Number.isFinite(means.meanWaitNs)) return Number.POSITIVE_INFINITY;
  const cells = 2048;
  const services = Array.from({ length: cells }, (_, i) => quantileNs((i + 0.5) / cells));
  const meanIfWaitingNs = means.meanWaitNs === 0 ? 0 : means.meanWaitNs / means.waitProbability;
  const longer = (timeNs: number): number => {
    let sum = 0;
    for (const serviceNs of services) {
      const leftNs = timeNs - serviceNs;
      if (leftNs < 0) sum += 1;
      else if (meanIfWaitingNs > 0) sum += means.waitProbability * Math.exp(-leftNs / meanIfWaitingNs);
    }
    return sum / cells;
  };
  let low = 0;
  let high = services[cells - 1]! + 1;
  while (longer(high) > 1 - p) high *= 2;
  while (high - low > Math.max(1, high * 1e-6)) {
    const middle = (low + high) / 2;
    if (longer(middle) > 1 - p) low = middle;
    else high = middle;
  }
  return high;
}
