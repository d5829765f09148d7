/** What a terminal can show. */

export interface TerminalStyle {
  /** Columns of text. */
  readonly width: number;
  readonly colour: boolean;
  /** True where box lines and µ may be printed. */
  readonly unicode: boolean;
}

/** Columns for output that is no terminal: a table fits in it, and so does a line of a log. */
const PLAIN_COLUMNS = 100;

/**
 * @param env the environment: NO_COLOR and FORCE_COLOR as on no-color.org and in Node, the locale for the characters.
 */
export function terminalStyle(
  stream: { readonly isTTY?: boolean; readonly columns?: number },
  env: Readonly<Record<string, string | undefined>>,
): TerminalStyle {
  const terminal = stream.isTTY === true && env.TERM !== 'dumb';
  const forced = env.FORCE_COLOR !== undefined && env.FORCE_COLOR !== '0';
  const refused = (env.NO_COLOR ?? '') !== '' || env.FORCE_COLOR === '0';
  const locale = env.LC_ALL || env.LC_CTYPE || env.LANG || '';
  return {
    width: stream.isTTY === true ? (stream.columns ?? PLAIN_COLUMNS) : PLAIN_COLUMNS,
    colour: !refused && (terminal || forced),
    unicode: !terminal || /utf-?8/i.test(locale),
  };
}
