/** What a person should know of a job file's run besides its figures. */
import type { IoSource } from '../../reference/kernel/io.ts';
import { formatNs, formatPercent } from '../../reference/kernel/units.ts';
import { FioJobSource } from '../../workloads/fio-job/job-source.ts';
import type { JobWorkload } from './job-workload.ts';

/** I/Os that are late by less are late in fio too, whenever one before them is slow. Assumed. */
const LATE_NOTED_NS = 50e6;
/** Options named in one note. */
const NAMED_MAX = 12;

/** What is passed over in a job file, each option once, and what it may not have meant. */
export function jobNotes(job: JobWorkload): string[] {
  const { ignored, warnings } = job.plan;
  const names = ignored.map(({ name }) => name);
  const shown = names.slice(0, NAMED_MAX).join(', ');
  const more = names.length > NAMED_MAX ? ` and ${names.length - NAMED_MAX} more` : '';
  const passedOver =
    names.length === 0
      ? []
      : [`${job.name}: options without meaning here: ${shown}${more} (fvp workload show says why).`];
  return [...warnings, ...job.warnings, ...passedOver];
}

/** What became of rates, searches and steady states, by job over all VMs. */
export function outcomeNotes(sources: readonly IoSource[], text: string): string[] {
  const jobs = sources.filter((source) => source instanceof FioJobSource);
  const outcomes = jobs.flatMap((source) => source.outcomes());
  const notes: string[] = [];
  for (const name of new Set(outcomes.map(({ job }) => job))) {
    const own = outcomes.filter(({ job }) => job === name);
    const late = own.reduce((sum, { lateIos }) => sum + lateIos, 0);
    const latestNs = Math.max(...own.map((outcome) => outcome.latestNs));
    if (latestNs >= LATE_NOTED_NS) {
      const rated = own.reduce((sum, { ratedIos }) => sum + ratedIos, 0);
      notes.push(
        `${text}: ${name} issued ${formatPercent(late / rated)} of its I/Os later than meant, by up to ${formatNs(latestNs)}: earlier ones were still under way. Response times count it.`,
      );
    }
    const failures = own.map(({ failure }) => failure).filter((failure) => failure !== undefined);
    if (failures.length > 0) {
      const first = failures.reduce((a, b) => (b.afterNs < a.afterNs ? b : a));
      const which = own.length === 1 ? name : `${failures.length} of ${own.length} processes of ${name}`;
      notes.push(
        `${text}: ${which} ended with an error, as in fio${failures.length > 1 ? ', the first' : ''} after ${formatNs(first.afterNs)}: ${first.why}.`,
      );
    }
    const searches = own.map(({ search }) => search).filter((search) => search !== undefined);
    if (searches.length > 0) {
      const depths = searches.map(({ iodepth }) => iodepth);
      const range = [...new Set([Math.min(...depths), Math.max(...depths)])].join(' to ');
      const met = searches.every((search) => search.met);
      const settled = searches.every((search) => search.settled);
      let end = settled
        ? `the highest iodepth that meets it is ${range}`
        : `the search was not over; it stood at iodepth ${range}`;
      if (!met) end = 'no iodepth met it';
      notes.push(`${text}: latency_target of ${name}: ${end}.`);
    }
  }
  for (const { jobs: names, attainedNs, lastValue } of jobs.flatMap((source) => source.steadyStates())) {
    const reached =
      attainedNs === undefined
        ? `was not reached${lastValue === undefined ? ': there were too few intervals' : ''}`
        : `was reached after ${formatNs(attainedNs)}`;
    notes.push(`${text}: the steady state of ${names.join(', ')} ${reached}.`);
  }
  return [...new Set(notes)];
}

/** How late the I/Os of rates were over time, by process. */
export function latenessOf(sources: readonly IoSource[]): { job: string; lateNs: readonly number[] }[] {
  return sources
    .filter((source) => source instanceof FioJobSource)
    .flatMap((source) => source.outcomes())
    .flatMap(({ job, lateNsByPart }) => (lateNsByPart === undefined ? [] : [{ job, lateNs: lateNsByPart }]));
}
