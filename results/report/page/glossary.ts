/** The words of the report, for readers who meet them for the first time. */
export const GLOSSARY: readonly (readonly [term: string, meaning: string])[] = [
  ['Response time', 'From the moment an I/O was meant to arrive to its completion, waiting included.'],
  ['Service time', "From the moment the virtual disk's queue lets an I/O in to its completion."],
  ['p50, p99, p99.9', 'Half, 99 % and 99.9 % of the I/Os take no longer than this. p50 is the median.'],
  [
    'Gain',
    'How many times as long the same percentile takes without acceleration (mode none). Below 1x the mode is slower.',
  ],
  ['none', 'No acceleration: a write is acknowledged when the SAN has it. The baseline.'],
  [
    'write-through',
    'A write is acknowledged when the SAN has it; flash gets a copy that serves later reads.',
  ],
  [
    'write-back',
    'A write is acknowledged when local flash has it; it is destaged to the SAN later, in order.',
  ],
  [
    'write-back+1, write-back+2',
    'As write-back, but one or two peer hosts must hold the write too, so that a failed host loses nothing.',
  ],
  [
    'Read ceiling',
    'Share of read bytes that a cache of endless size, empty at the start, would serve. No cache can do better on this load.',
  ],
  ['Hit ratio', 'Share of read bytes that flash served in this run.'],
  [
    'Queueing, throttle, order',
    'Waiting for a place in the virtual disk’s queue; for room, as dirty data is near its limit; and for earlier writes, since writes are acknowledged in order.',
  ],
  [
    'Local flash, network flash',
    'The host’s own flash, and what the flash of replicas and the way to it take beyond that.',
  ],
  ['SAN, datastore', 'The shared storage behind the hosts, which holds the virtual disks.'],
  [
    'Epoch, checkpoint',
    'The epoch rises with every change of who holds the log; a checkpoint records on the datastore how far it is destaged.',
  ],
  ['Dirty', 'Acknowledged to the guest but not yet on the SAN.'],
  ['Destage, drain', 'Writing dirty data to the SAN; the drain is what is left to write after the last I/O.'],
  ['Throttled', 'Writes that were delayed because dirty data came near its limit.'],
  [
    'Saturated',
    'The backlog still grew at the end of the run: latencies then depend on how long the run was.',
  ],
  [
    'Burst',
    'Writes came in faster than they can be destaged for good, and the run ended before that showed.',
  ],
  ['Cold', 'The hit ratio was still rising at the end: the cache had not filled yet.'],
  ['No pressure', 'Nothing was evicted or throttled: flash is larger than the load needs.'],
  ['Overdriven', 'The replay drove the storage harder than the recorded system was driven.'],
  [
    'array.flush',
    'What a flush does at the array. roundtrip: the write cache has a battery, so only the way there and back counts. drain: the flush waits for the disks.',
  ],
  [
    'Virtual time',
    'The clock of the simulation. All times here are virtual; they do not depend on the machine that ran it.',
  ],
];
