/** What `fvp-bench/device` gives to the authors of devices and filters. */
export * from './api.ts';
export { HeldRequests } from './held-requests.ts';
export {
  bandwidthParameter,
  bytesParameter,
  choiceParameter,
  countParameter,
  flagParameter,
  fractionParameter,
  type ParametersOf,
  serviceTimeParameter,
  type TypedDeclaration,
  timeParameter,
} from './parameters.ts';
export { PassThrough } from './pass-through.ts';
export { ServerPool, transferNs } from './server-pool.ts';
export { ServiceTime } from './service-time.ts';
export { TokenTable } from './token-table.ts';
