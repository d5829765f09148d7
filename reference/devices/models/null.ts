/** A device that costs nothing: what remains in a run is the cost of the harness itself. */
import {
  DEVICE_READ,
  DEVICE_WRITE,
  type Device,
  type DeviceStatistics,
  DONE,
  defineDevice,
  type SubmitAnswer,
} from '../api.ts';

class NullDevice implements Device {
  private requests = 0;
  private readBytes = 0;
  private writtenBytes = 0;

  submit(operation: number, _unit: number, _address: number, bytes: number): SubmitAnswer {
    this.requests++;
    if (operation === DEVICE_READ) this.readBytes += bytes;
    else if (operation === DEVICE_WRITE) this.writtenBytes += bytes;
    return DONE;
  }

  fire(): void {}

  statistics(): DeviceStatistics {
    return {
      busyNs: 0,
      servers: 1,
      requests: this.requests,
      residenceNs: 0,
      readBytes: this.readBytes,
      writtenBytes: this.writtenBytes,
    };
  }
}

export default defineDevice<Readonly<Record<string, never>>>({
  name: 'null',
  summary: 'Answers at once: measures the harness itself.',
  roles: ['flash', 'datastore', 'link'],
  parameters: {},
  create: () => new NullDevice(),
});
