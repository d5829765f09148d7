/** Messages between hosts: one row of numbers each. */

export const MESSAGE_FIELDS = 16;

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

/** Owner to holder: hold this log record. */
export const MESSAGE_APPEND = 1;
/** Holder to owner: the record is durable here. */
export const MESSAGE_APPENDED = 2;
/** Owner to holder: `releasedThrough` is durable on the datastore. */
export const MESSAGE_RELEASE = 3;
/** Owner to holder: persist this epoch and an empty log from this sequence, reserve `bytes`. */
export const MESSAGE_PREPARE = 4;
export const MESSAGE_PREPARED = 5;
export const MESSAGE_REFUSED = 6;
/** Owner to holder: the record is clean, forget the log. */
export const MESSAGE_FORGET = 7;
