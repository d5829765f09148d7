/** The job files and limits that come with the program, by the question they answer. */
import { fileURLToPath } from 'node:url';

export const CATALOGUE_GROUPS = ['database', 'email', 'vdi', 'mixed'] as const;
export type CatalogueGroup = (typeof CATALOGUE_GROUPS)[number];

export interface CatalogueJob {
  /** As a person types it in place of a file. */
  readonly name: string;
  readonly group: CatalogueGroup;
  /** What a run of it answers: the first line of the file. */
  readonly question: string;
  /** Absolute path. */
  readonly file: string;
}

function job(group: CatalogueGroup, name: string, question: string): CatalogueJob {
  return {
    name,
    group,
    question,
    file: fileURLToPath(new URL(`jobs/${group}/${name}.fio`, import.meta.url)),
  };
}

/** A new job is a file in jobs/<group> and a row here. */
export const JOB_CATALOGUE: readonly CatalogueJob[] = [
  job('database', 'oltp', 'What does write acceleration do for an OLTP database, data and log together?'),
  job(
    'database',
    'dvdstore',
    "How much quicker does a web shop's database answer its users, one waiting for the other?",
  ),
  job(
    'database',
    'sql-log-burst',
    "Do commits still return in time while a bulk load floods SQL Server's log?",
  ),
  job(
    'database',
    'postgres-checkpoint',
    'How far do commits and reads of PostgreSQL rise when a checkpoint is written and synced?',
  ),
  job(
    'email',
    'exchange',
    'Would this storage pass for an Exchange server: database, log and background maintenance together?',
  ),
  job(
    'email',
    'maildir-delivery',
    'How fast can mail be delivered into Maildir, where every message must be on disk before it is acknowledged?',
  ),
  job(
    'email',
    'imap-store',
    'What do users of an IMAP server notice: opening folders and reading messages, while new mail comes in?',
  ),
  job(
    'email',
    'varmail',
    "How many mail operations a second does filebench's varmail reach, and what does an fsync cost it?",
  ),
  job(
    'vdi',
    'vdi-boot',
    'How long does a boot storm of virtual desktops last, and does it starve those who already work?',
  ),
  job(
    'vdi',
    'vdi-login',
    "How long do people wait at nine o'clock, when everyone logs in within a few minutes?",
  ),
  job(
    'mixed',
    'backup-beside-oltp',
    'Does a backup that scans the disk spoil the latency of the database beside it?',
  ),
  job('mixed', 'burst-fits', 'Is a burst of random writes absorbed by flash when there is room for it?'),
  job(
    'mixed',
    'burst-overflows',
    'What happens when a burst of random writes is larger than what flash may hold back?',
  ),
];

/** Limits that come with the program: a file of thresholds for `fvp bench gate`. */
export interface ThresholdPreset {
  /** As a person types it in place of a file. */
  readonly name: string;
  /** What it decides: the first line of the file. */
  readonly question: string;
  /** Absolute path. */
  readonly file: string;
}

function limits(name: string, question: string): ThresholdPreset {
  return { name, question, file: fileURLToPath(new URL(`thresholds/${name}.thresholds`, import.meta.url)) };
}

export const THRESHOLD_PRESETS: readonly ThresholdPreset[] = [
  limits('exchange-jetstress', 'Would Jetstress pass this storage for Exchange?'),
  limits('sql-server-log', "Is this storage quick enough for SQL Server's log and data?"),
];
