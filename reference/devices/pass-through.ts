import type { DeviceContext, Fault, Filter, FilterStatistics, NextDevice, SubmitAnswer } from './api.ts';

/** A filter that changes nothing: filters override what they are about. */
export abstract class PassThrough implements Filter {
  protected readonly context: DeviceContext;
  protected readonly next: NextDevice;

  constructor(context: DeviceContext, next: NextDevice) {
    this.context = context;
    this.next = next;
  }

  submit(
    operation: number,
    unit: number,
    address: number,
    bytes: number,
    flags: number,
    token: number,
    key: number,
  ): SubmitAnswer {
    return this.next.submit(operation, unit, address, bytes, flags, token, key);
  }

  fire(_argument: number): void {}

  completed(timeNs: number, token: number): void {
    this.context.completeAt(timeNs, token);
  }

  faulted(timeNs: number, token: number, fault: Fault, sector: number): void {
    this.context.faultAt(timeNs, token, fault, sector);
  }

  ready(): void {
    this.context.ready();
  }

  abstract statistics(): FilterStatistics;
}
