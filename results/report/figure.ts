/** A chart as plain data: the charts make it, the page's script draws it. */
import type { RunRecording } from '../schema/run-document.ts';

/** A span of virtual time that charts over time shade, such as a fault. */
export interface ReportWindow {
  readonly workload: string;
  /** All modes without. */
  readonly mode?: string;
  readonly fromNs: number;
  readonly untilNs: number;
  readonly kind: FigureWindow['kind'];
  readonly label: string;
}

/** What a report needs of a run: nothing that differs between machines. */
export interface ReportInput extends Pick<RunRecording, 'document' | 'timelines' | 'latencies'> {
  readonly windows?: readonly ReportWindow[];
}

export interface Axis {
  /** With the unit in brackets. */
  readonly title: string;
  readonly scale: 'linear' | 'log';
  /** How the page writes values of this axis: nanoseconds as time, plain numbers with `suffix`, percentiles from 1 / (1 - p). */
  readonly format: 'ns' | 'number' | 'percentile' | 'category';
  /** Unit after plain numbers. */
  readonly suffix?: string;
  /** What stands at x = 0, 1, …, of an axis of categories. */
  readonly categories?: readonly string[];
}

/** A span of the x axis that is shaded: why things were otherwise there. */
export interface FigureWindow {
  readonly kind: 'fault' | 'throttle' | 'checkpoint';
  readonly label: string;
  /** In units of the x axis. */
  readonly from: number;
  readonly until: number;
  /** The line it belongs to; all without. */
  readonly mode?: string;
  /** The group it belongs to; all without. */
  readonly group?: string;
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
  /** Bars are stacked. @default 'lines' */
  readonly kind?: 'lines' | 'bars';
  readonly windows?: readonly FigureWindow[];
  /** One of several of a kind, drawn small beside the others. */
  readonly small?: boolean;
  /** Offered for download beside the figure's own data; without a text it is that of the figure before with this name. */
  readonly files?: readonly { readonly name: string; readonly text?: string }[];
  /** Sets of lines that can be shown and hidden together; the first is drawn boldest. */
  readonly groups: readonly { readonly name: string; readonly shown: boolean }[];
  /** The groups are alternatives: one is shown at a time. */
  readonly choice?: boolean;
  readonly series: readonly Series[];
}

/** The headings of a workload's charts, in their order. */
export const REPORT_PARTS = {
  latency: 'Latency',
  destaging: 'Dirty data',
  layers: 'By layer',
  cache: 'Cache',
  devices: 'Devices',
  vms: 'By VM',
} as const;
export type ReportPart = keyof typeof REPORT_PARTS;

/** One file in `charts/`: the figures it draws for a workload, none where it has no data. */
export interface ReportChart {
  readonly name: string;
  /** Under which heading of the workload it stands. */
  readonly part: ReportPart;
  figures(input: ReportInput, workload: string): Figure[];
}
