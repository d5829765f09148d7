/** The traces that come with the program. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export interface Sample {
  /** As a person types it in place of a file. */
  readonly name: 'database' | 'email';
  /** Absolute path. */
  readonly file: string;
  readonly title: string;
  /** What was recorded, and how, in one sentence. */
  readonly source: string;
}

/** This folder in the source tree; compiled code lies one folder deeper, in dist/, and the data is not copied there. */
function sampleFile(name: string): string {
  const beside = fileURLToPath(new URL(name, import.meta.url));
  return existsSync(beside)
    ? beside
    : fileURLToPath(new URL(`../../../traces/samples/${name}`, import.meta.url));
}

/** The shipped samples; `samples/README.md` has their provenance. */
export const SAMPLES: readonly Sample[] = [
  {
    name: 'database',
    file: sampleFile('database.blktrace.zst'),
    title: 'PostgreSQL 15, TPC-B-like load at 300 transactions per second, 60 s',
    source:
      'recorded by this project on 2026-11-23 from a loop device with ext4: pgbench at scale 100, 8 clients',
  },
  {
    name: 'email',
    file: sampleFile('email.blktrace.zst'),
    title: 'Postfix and Dovecot, 8 messages and 5 IMAP or POP3 sessions per second, 150 s',
    source: 'recorded by this project on 2026-11-23 from a loop device with ext4: 150 mailboxes in Maildir',
  },
];
