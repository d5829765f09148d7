/** What becomes of each of fio's options here: it shapes the load, it has no meaning, or it cannot be run. */

/** Options that shape the load, and that a run here follows. */
const FOLLOWED = new Set(
  `ba bs bs_is_seq_rand bsrange bssplit description directory end_fsync exit_what exitall exitall_on_error fdatasync file_service_type
  filename filename_format filesize fsync fsync_on_close io_size io_submit_mode iodepth iodepth_batch_complete_max
  iodepth_batch_complete_min iodepth_low ioengine kb_base latency_percentile latency_run latency_target latency_window
  loops max_latency name new_group norandommap nrfiles number_ios numjobs offset offset_align offset_increment percentage_random
  ramp_time random_distribution random_generator randrepeat randseed rate rate_cycle rate_ignore_thinktime rate_iops rate_iops_min rate_min rate_process
  read_iolog replay_no_stall replay_time_scale runtime rw rw_sequencer rwmixread rwmixwrite size startdelay steadystate
  steadystate_check_interval steadystate_duration steadystate_ramp_time stonewall sync thinktime thinktime_blocks
  thinktime_blocks_type thinktime_iotime thinktime_spin time_based wait_for zonemode zonerange zonesize zoneskip
  group_reporting`.split(/\s+/),
);

const BY_REASON: Readonly<Record<string, string>> = {
  'no page cache: every I/O goes to the virtual disk': 'buffered direct invalidate atomic',
  'submitting takes no time here': 'iodepth_batch serialize_overlap',
  'of the machine that fio runs on': `cgroup cgroup_nodelete cgroup_weight clocksource comm cpumask cpus_allowed
    cpus_allowed_policy gid gpu_dev_id gtod_cpu gtod_reduce hugepage-size iomem_align ioscheduler lockmem mem nice
    numa_cpu_nodes numa_mem_policy prio prioclass priohint thread uid job_start_clock_id log_alternate_epoch
    log_alternate_epoch_clock_id`,
  'what is written into blocks does not matter here': `buffer_compress_chunk buffer_compress_percentage buffer_pattern
    dedupe_global dedupe_mode dedupe_percentage dedupe_working_set_percentage refill_buffers scramble_buffers
    zero_buffers write_hint`,
  'files are made beforehand': `allow_file_create allow_mounted_write create_fsync create_on_open create_serialize
    fadvise_hint fallocate filetype lockfile overwrite softrandommap unique_filename unlink unlink_each_loop openfiles`,
  'of how fio reports': `block_error_percentiles bwavgtime clat_percentiles disable_bw_measurement disable_clat
    disable_lat disable_slat disk_util error_dump iopsavgtime lat_percentiles log_avg_msec log_compression
    log_compression_cpus log_entries log_hist_coarseness log_hist_msec log_issue_time log_offset log_prio
    log_store_compressed log_window_value per_job_logs percentile_list significant_figures slat_percentiles stats
    unified_rw_reporting unit_base write_bw_log write_hist_log write_iolog write_iops_log write_lat_log`,
  'no I/O fails here': 'continue_on_error ignore_error',
  'programs are not run': 'exec_postrun exec_prerun',
  'fio itself does nothing with it': 'rwmixcycle profile read_iolog_chunked',
  'nothing is verified here': `experimental_verify verify_async verify_async_cpus verify_dump verify_fatal
    verify_header_seed verify_interval verify_offset verify_pattern verify_pattern_interval verify_policy
    verify_state_load verify_state_save verify_write_sequence verifysort verifysort_nr trim_verify_zero do_verify`,
};

const IGNORED: ReadonlyMap<string, string> = new Map(
  Object.entries(BY_REASON).flatMap(([why, names]) => names.split(/\s+/).map((name) => [name, why] as const)),
);

const NO_CONTENT =
  'blocks hold no content here, so there is nothing to compare; fio reads everything back, which would be a load of its own: write it as a job of reads';
export const ZONED = 'a virtual disk has no zones with a write pointer: say zonemode=strided, or none';

/** Why some options that change the load cannot be followed. */
const REFUSED: readonly (readonly [RegExp, string])[] = [
  [/^verify/, NO_CONTENT],
  [/^(?:zone_reset|read_beyond_wp|max_open_zones|job_max_open_zones|ignore_zone_limits|recover_zbd)/, ZONED],
];

export type OptionSupport =
  | { readonly kind: 'followed' }
  | { readonly kind: 'ignored'; readonly why: string }
  | { readonly kind: 'unsupported'; readonly why: string | undefined };

/** @param known `engine` for an option that only some engines have */
export function supportOf(name: string, known: 'job' | 'engine' | 'no'): OptionSupport {
  if (FOLLOWED.has(name)) return { kind: 'followed' };
  const why = known === 'engine' ? 'of the I/O engine' : IGNORED.get(name);
  if (why !== undefined) return { kind: 'ignored', why };
  return { kind: 'unsupported', why: REFUSED.find(([names]) => names.test(name))?.[1] };
}

/** How an engine submits: `async` keeps `iodepth` I/Os under way, `sync` one; `none` does no block I/O. */
export type EngineKind = 'async' | 'sync' | 'none';

/** @source fio 3.42: engines with FIO_SYNCIO */
const SYNC_ENGINES =
  'sync psync vsync pvsync pvsync2 mmap splice mtd libpmem dev-dax gfapi libcufile ime_sync ime_psync libzbc pmemblk'.split(
    ' ',
  );
/** Engines whose load is not one of reads and writes of blocks. */
const OTHER_ENGINES =
  `cpuio net netsplice rdma exec filecreate filestat filedelete dircreate dirstat dirdelete falloc ftruncate e4defrag
  page_fault libhdfs http dfs`.split(/\s+/);

export function engineKind(name: string, iodepth: number): EngineKind {
  const base = name.split(':', 1)[0]!;
  if (base === 'null') return iodepth === 1 ? 'sync' : 'async';
  if (OTHER_ENGINES.includes(base)) return 'none';
  return SYNC_ENGINES.includes(base) ? 'sync' : 'async';
}
