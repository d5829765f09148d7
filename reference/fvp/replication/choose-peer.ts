/** Which host is asked to hold a disk's log (fvp-protocol.md 8, 12.4-14). */
import type { HostState } from '../host-state.ts';

/**
 * The first host, in order of preference, that keeps to the policy: so many replicas outside the owner's fault domain,
 * the rest inside it.
 * @param replicas how many the disk is to have
 * @param members hosts that hold its log or have been asked to
 * @param refused hosts that will not
 * @returns -1 when there is none
 */
export function choosePeer(
  state: HostState,
  replicas: number,
  members: readonly number[],
  refused: readonly number[],
): number {
  const { peers, domain, options } = state;
  const outsideWanted = Math.min(options.replication.outside, replicas);
  const domainOf = (host: number) => peers.find((peer) => peer.host === host)?.domain;
  const outside = members.filter((host) => domainOf(host) !== domain).length;
  const inside = members.length - outside;
  for (const peer of peers) {
    if (members.includes(peer.host) || refused.includes(peer.host)) continue;
    const isOutside = peer.domain !== domain;
    if (isOutside ? outside < outsideWanted : inside < replicas - outsideWanted) return peer.host;
  }
  return -1;
}
