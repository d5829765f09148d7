/** A progress line on a terminal: what is being done, how much of it, and how long it will still take. */

/** assumed: a run shorter than this needs no progress line. */
const QUIET_MS = 2000;
/** assumed: ten lines a second look smooth and cost nothing. */
const REDRAW_MS = 100;
const BAR_CELLS = 24;
const CLEAR_LINE = '\r\u001b[2K';

export interface ProgressTerminal {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

export interface Phase {
  readonly text: string;
  /** Both in the same arbitrary unit, over the whole work. */
  readonly done: number;
  readonly total: number;
}

/** Draws on a terminal only, and only once the work has taken two seconds. */
export class ProgressLine {
  private readonly terminal: ProgressTerminal;
  private readonly nowMs: () => number;
  private readonly startMs: number;
  private drawnMs: number;
  private drawn = false;

  /** @param nowMs a clock in milliseconds that never goes back. */
  constructor(terminal: ProgressTerminal, nowMs: () => number) {
    this.terminal = terminal;
    this.nowMs = nowMs;
    this.startMs = nowMs();
    this.drawnMs = this.startMs + QUIET_MS - REDRAW_MS;
  }

  show(phase: Phase): void {
    if (this.terminal.isTTY !== true) return;
    const nowMs = this.nowMs();
    if (nowMs - this.drawnMs < REDRAW_MS) return;
    this.drawnMs = nowMs;
    this.drawn = true;
    const line = progressText(phase, nowMs - this.startMs);
    this.terminal.write(CLEAR_LINE + line.slice(0, Math.max(0, (this.terminal.columns ?? 80) - 1)));
  }

  /** Removes the line, so that what follows starts on a clean one. */
  clear(): void {
    if (this.drawn) this.terminal.write(CLEAR_LINE);
    this.drawn = false;
  }
}

/** `[=====>    ]  42 %  about 12 s left  text`. @param elapsedMs time since the work began. */
export function progressText(phase: Phase, elapsedMs: number): string {
  const share = phase.total > 0 ? Math.min(1, Math.max(0, phase.done / phase.total)) : 0;
  const filled = Math.floor(share * BAR_CELLS);
  const bar = `${'='.repeat(filled)}${filled < BAR_CELLS ? '>' : ''}`.padEnd(BAR_CELLS);
  const percent = `${Math.floor(share * 100)}`.padStart(3);
  const left = share > 0 ? `  about ${roughDuration((elapsedMs * (1 - share)) / share)} left` : '';
  return `[${bar}] ${percent} %${left}  ${phase.text}`;
}

function roughDuration(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  if (seconds < 100) return `${seconds} s`;
  const minutes = Math.ceil(seconds / 60);
  return minutes < 100 ? `${minutes} min` : `${Math.ceil(minutes / 60)} h`;
}
