export * from '../conformance/device-driver.ts';
