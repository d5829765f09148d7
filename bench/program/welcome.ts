/** What `fvp` alone prints. */
export const WELCOME = `fvp replays block traces through FVP's write modes and shows what each does to latency.

Three things to try:
  fvp bench run
      both shipped traces, a database and a mail server, in all five modes, with a report
  fvp bench run email --scenario datacentre-today
      the mail server on present-day hardware
  fvp cluster show datacentre-2014 > mine.yaml
      a scenario to edit; then: fvp bench run --scenario mine.yaml

All commands: fvp --help
`;
