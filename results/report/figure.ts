/** A chart as plain data: the charts make it, the page's script draws it. */
import type { RunRecording } from '../schema/run-document.ts';

/** What a report needs of a run: nothing that differs between machines. */
export type ReportInput = Pick<RunRecording, 'document' | 'timelines' | 'latencies'>;

export interface Axis {
  /** With the unit in brackets. */
  readonly title: string;
  readonly scale: 'linear' | 'log';
  /** How the page writes values of this axis: nanoseconds as time, plain numbers with `suffix`, percentiles from 1 / (1 - p). */
  readonly format: 'ns' | 'number' | 'percentile';
  /** Unit after plain numbers. */
  readonly suffix?: string;
}

export interface Series {
  readonly mode: string;
  /** One of the figure's groups. */
  readonly group: string;
  /** x and y by turns; y is null where there is nothing to show. */
  readonly points: readonly (number | null)[];
}

export interface Figure {
  readonly title: string;
  /** One sentence on how to read it. */
  readonly caption: string;
  readonly x: Axis;
  readonly y: Axis;
  /** Sets of lines that can be shown and hidden together; the first is drawn boldest. */
  readonly groups: readonly { readonly name: string; readonly shown: boolean }[];
  readonly series: readonly Series[];
}

/** One file in `charts/`: the figures it draws for a workload, none where it has no data. */
export interface ReportChart {
  readonly name: string;
  figures(input: ReportInput, workload: string): Figure[];
}
