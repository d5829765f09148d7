/** Messages between hosts: one row of numbers each. Every message names the epoch that its sender acts under. */

export const MESSAGE_FIELDS = 20;

export const FIELD_TYPE = 0;
export const FIELD_FROM = 1;
export const FIELD_DISK = 2;
export const FIELD_EPOCH = 3;
export const FIELD_SEQUENCE = 4;
export const FIELD_OFFSET = 5;
export const FIELD_BYTES = 6;
/** RECORD_WRITE or RECORD_DISCARD. */
export const FIELD_KIND = 7;
export const FIELD_COMMITTED_THROUGH = 8;
export const FIELD_RELEASED_THROUGH = 9;
export const FIELD_KEY = 10;
export const FIELD_PAYLOAD = 11;
export const FIELD_PAYLOAD_OFFSET = 12;
/** The receiving host; set by the network. */
export const FIELD_TO = 13;
/** Epoch at which the log's segment began: names the log. */
export const FIELD_FIRST_EPOCH = 14;
/** Of a question, and repeated in its answer: numbers never used twice by a host. */
export const FIELD_REQUEST = 15;
/** A Status, in answers. */
export const FIELD_STATUS = 16;

/** Owner to holder: hold this log record. */
export const MESSAGE_APPEND = 1;
/** Holder to owner: the record is durable here. */
export const MESSAGE_APPENDED = 2;
/** Owner to holder: `releasedThrough` is durable on the datastore. Sent when idle too, so that silence means something. */
export const MESSAGE_RELEASE = 3;
/** Owner to holder: persist this epoch and, unless you have it, an empty log from this sequence; reserve `bytes`. */
export const MESSAGE_PREPARE = 4;
export const MESSAGE_PREPARED = 5;
export const MESSAGE_REFUSED = 6;
/** Owner to holder: the record is clean or no longer names you, forget the log. */
export const MESSAGE_FORGET = 7;
/** Recovering host to holder: persist this epoch, take no more appends, and say what you have. */
export const MESSAGE_SEAL = 8;
/** `sequence`: the last record of an unbroken run from `releasedThrough` on; STATUS_ERROR: no log. */
export const MESSAGE_SEALED = 9;
/** Describe your records from `sequence` on, a windowful. */
export const MESSAGE_PULL = 10;
/** One record without its data; STATUS_ERROR: there is none of this number. */
export const MESSAGE_RECORD = 11;
/** Send `bytes` of the data of record `sequence` from `offset` within it. */
export const MESSAGE_FETCH = 12;
export const MESSAGE_FETCHED = 13;
/** Owner to the disk's former host: send `bytes` at `offset` if your clean cache has them. */
export const MESSAGE_READ = 14;
export const MESSAGE_READ_DONE = 15;
