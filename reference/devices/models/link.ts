/**
 * A host's network connection. All messages of the host leave through one egress, in the order in which they are sent:
 *
 *     arrival = max(now, egress free) + (bytes + overhead) / bandwidth + latency
 *
 * The receiver's port and the switch are not modelled: a message waits only where it leaves.
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
import { bandwidthParameter, bytesParameter, type ParametersOf, timeParameter } from '../parameters.ts';
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
};

type LinkParameters = ParametersOf<typeof parameters>;

class Link implements Device {
  private egressFreeNs = DOUBLE_ZERO;
  private busyNs = DOUBLE_ZERO;
  private requests = 0;
  private residenceNs = DOUBLE_ZERO;
  private sentBytes = DOUBLE_ZERO;
  private wireBytes = DOUBLE_ZERO;
  private readonly parameters: LinkParameters;
  private readonly context: DeviceContext;

  constructor(link: LinkParameters, context: DeviceContext) {
    this.parameters = link;
    this.context = context;
  }

  submit(
    operation: number,
    _unit: number,
    _address: number,
    bytes: number,
    _flags: number,
    token: number,
  ): SubmitAnswer {
    const { parameters, context } = this;
    if (operation !== DEVICE_SEND)
      throw new BugError(`${context.name}: a link takes messages only, not operation ${operation}`);
    const nowNs = context.nowNs;
    const wireBytes = bytes + parameters.overhead;
    const serialisationNs = transferNs(wireBytes, parameters.bandwidth);
    const sentNs = (this.egressFreeNs > nowNs ? this.egressFreeNs : nowNs) + serialisationNs;
    const arrivalNs = sentNs + parameters.latency;
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
    };
  }
}

export default defineDevice<LinkParameters>({
  name: 'link',
  summary: 'A network connection: latency, bandwidth, and one egress shared by all streams of a host.',
  roles: ['link'],
  parameters,
  create: (link, context) => new Link(link, context),
});
