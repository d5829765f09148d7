/**
 * A host's network connection. All messages of the host leave through one egress, in the order in which they are sent:
 *
 *     arrival = max(now, egress free) + (bytes + overhead) / bandwidth + latency + jitter + retransmissions
 *
 * To each receiver there is one connection that keeps the order: a message that is late, or lost and sent again, holds
 * back those behind it to the same host. Each lost packet costs `retransmission`, twice as much each time it is lost
 * again (RFC 6298, 5.5); what is sent again takes no time of the egress. The receiver's port and the switch are not
 * modelled: a message waits only where it leaves.
 */
import { DOUBLE_ZERO } from '../../kernel/double-zero.ts';
import { BugError } from '../../kernel/errors.ts';
import {
  DEVICE_SEND,
  type Device,
  type DeviceContext,
  type DeviceStatistics,
  defineDevice,
  QUEUED,
  type SubmitAnswer,
} from '../api.ts';
import {
  bandwidthParameter,
  bytesParameter,
  fractionParameter,
  type ParametersOf,
  serviceTimeParameter,
  timeParameter,
} from '../parameters.ts';
import { RunningTotal } from '../running-total.ts';
import { transferNs } from '../server-pool.ts';

const parameters = {
  latency: timeParameter({
    description: 'One way, from the end of transmission to the arrival of the message at the peer.',
    default: '20us',
    max: '10s',
    source:
      'Hurwitz and Feng, "Initial End-to-End Performance Evaluation of 10-Gigabit Ethernet" (Hot Interconnects 11, 2003)',
  }),
  bandwidth: bandwidthParameter({
    description: 'Rate at which messages leave the host.',
    default: '10Gbit/s',
    source: 'IEEE 802.3ae (10GbE)',
  }),
  overhead: bytesParameter({
    description: 'Bytes on the wire that each message costs beyond its own: frame, IP and TCP headers.',
    default: '78',
    max: '64KiB',
    source:
      'one Ethernet frame: preamble 8, header 14, FCS 4, gap 12, IPv4 20, TCP 20 bytes (IEEE 802.3, RFC 791, RFC 9293)',
  }),
  jitter: serviceTimeParameter({
    description: 'Added to the latency of each message: what switches and receivers vary.',
    default: '0',
    source: 'assumed: a network of its own for storage, without other load',
  }),
  loss: fractionParameter({
    description: 'Share of packets that are lost and sent again.',
    default: 0,
    max: 0.5,
    source: 'assumed: a network without loss',
  }),
  retransmission: timeParameter({
    description: 'Time until a lost packet is sent again; twice as long each time it is lost again.',
    default: '200ms',
    max: '10s',
    source: 'least retransmission time-out of TCP in Linux (TCP_RTO_MIN); RFC 6298 asks for 1 s',
  }),
  packet: bytesParameter({
    description: 'Bytes of a message that one packet carries.',
    default: '1460',
    min: '512',
    max: '64KiB',
    source: 'an Ethernet MTU of 1500 less the IPv4 and TCP headers',
  }),
};

/** How often a packet is lost in a row at most: TCP gives up after 15 (Linux tcp_retries2). */
const RETRIES_MAX = 15;
const TWO_32 = 2 ** 32;

type LinkParameters = ParametersOf<typeof parameters>;

class Link implements Device {
  private egressFreeNs = DOUBLE_ZERO;
  private busyNs = DOUBLE_ZERO;
  private requests = 0;
  private residenceNs = DOUBLE_ZERO;
  private sentBytes = DOUBLE_ZERO;
  private wireBytes = DOUBLE_ZERO;
  private retransmissions = 0;
  private readonly delayedNs = new RunningTotal();
  /** Of the last message to each receiver; stays empty where none can be late. */
  private lastArrivalNs = new Float64Array(0);
  private readonly mayBeLate: boolean;
  /** A draw below this is a lost packet. */
  private readonly lossBelow: number;
  private readonly parameters: LinkParameters;
  private readonly context: DeviceContext;

  constructor(link: LinkParameters, context: DeviceContext) {
    this.parameters = link;
    this.context = context;
    this.mayBeLate = link.loss > 0 || link.jitter.fixedNs !== 0;
    this.lossBelow = Math.floor(link.loss * TWO_32);
  }

  submit(
    operation: number,
    unit: number,
    _address: number,
    bytes: number,
    _flags: number,
    token: number,
    key: number,
  ): SubmitAnswer {
    const { parameters, context } = this;
    if (operation !== DEVICE_SEND)
      throw new BugError(`${context.name}: a link takes messages only, not operation ${operation}`);
    const nowNs = context.nowNs;
    const wireBytes = bytes + parameters.overhead;
    const serialisationNs = transferNs(wireBytes, parameters.bandwidth);
    const sentNs = (this.egressFreeNs > nowNs ? this.egressFreeNs : nowNs) + serialisationNs;
    const plainNs = sentNs + parameters.latency;
    const arrivalNs = this.mayBeLate ? this.late(plainNs, unit, bytes, key) : plainNs;
    this.egressFreeNs = sentNs;
    this.busyNs += serialisationNs;
    this.requests++;
    this.residenceNs += arrivalNs - nowNs;
    this.sentBytes += bytes;
    this.wireBytes += wireBytes;
    context.completeAt(arrivalNs, token);
    return QUEUED;
  }

  fire(): void {}

  statistics(): DeviceStatistics {
    return {
      busyNs: this.busyNs,
      servers: 1,
      requests: this.requests,
      residenceNs: this.residenceNs,
      sentBytes: this.sentBytes,
      wireBytes: this.wireBytes,
      retransmissions: this.retransmissions,
      delayedNs: this.delayedNs.value,
    };
  }

  /** When a message arrives that would arrive at `plainNs` without jitter, loss, and others to the same receiver. */
  private late(plainNs: number, unit: number, bytes: number, key: number): number {
    const { parameters, context } = this;
    let arrivalNs = plainNs + parameters.jitter.drawNs(context, key, 0);
    if (this.lossBelow > 0) arrivalNs += this.retransmissionNs(bytes);
    if (unit >= this.lastArrivalNs.length) {
      const grown = new Float64Array(2 * (unit + 1));
      grown.set(this.lastArrivalNs);
      this.lastArrivalNs = grown;
    }
    if (this.lastArrivalNs[unit]! > arrivalNs) arrivalNs = this.lastArrivalNs[unit]!;
    this.lastArrivalNs[unit] = arrivalNs;
    this.delayedNs.add(arrivalNs - plainNs);
    return arrivalNs;
  }

  /** The longest that any packet of a message takes to come through. Draws go by message: keys may repeat. */
  private retransmissionNs(bytes: number): number {
    const { parameters, context } = this;
    const packets = Math.max(1, Math.ceil(bytes / parameters.packet));
    let longestNs = 0;
    for (let packet = 0; packet < packets; packet++) {
      let timeoutNs = parameters.retransmission;
      let lostNs = 0;
      for (let attempt = 0; attempt < RETRIES_MAX; attempt++) {
        if (context.draw(this.requests, 1 + packet * RETRIES_MAX + attempt) >= this.lossBelow) break;
        lostNs += timeoutNs;
        timeoutNs *= 2;
        this.retransmissions++;
      }
      if (lostNs > longestNs) longestNs = lostNs;
    }
    return longestNs;
  }
}

export default defineDevice<LinkParameters>({
  name: 'link',
  summary: 'A network connection: one egress shared by all streams of a host, latency, jitter, loss.',
  roles: ['link'],
  parameters,
  create: (link, context) => new Link(link, context),
});
