/** What flash was programmed with, by cause: what the acceleration costs in wear. */
import { parseBytes } from '../../../reference/kernel/units.ts';
import type { ModeResult } from '../../schema/run-document.ts';
import { resultsOf, workloadOf } from '../comparison.ts';
import type { ReportChart } from '../figure.ts';

const CAUSES = [
  ['written by guests', 'guest'],
  ['populated by reads', 'populate'],
  ['replicas for peers', 'replica'],
  ['log headers', 'headers'],
] as const;
const NS_PER_DAY = 86_400e9;

/** Sum of the capacities of the scenario's flash; undefined where it cannot be told. */
export function flashCapacityBytes(scenario: Readonly<Record<string, unknown>>): number | undefined {
  const { hosts } = scenario;
  if (typeof hosts !== 'object' || hosts === null) return undefined;
  let bytes = 0;
  for (const host of Object.values(hosts) as { flash?: { capacity?: unknown } | null }[]) {
    const capacity = host?.flash?.capacity;
    if (typeof capacity !== 'string') continue;
    try {
      bytes += parseBytes(capacity);
    } catch {
      return undefined;
    }
  }
  return bytes === 0 ? undefined : bytes;
}

export function programmedBytes({ flash }: ModeResult): number {
  const { guest, headers, populate, replica } = flash.programmedBytes;
  return guest + headers + populate + replica;
}

/** Drive writes per day, were the load to go on as it did; undefined where the capacity is not known. */
export function driveWritesPerDay(
  result: ModeResult,
  scenario: Readonly<Record<string, unknown>>,
): number | undefined {
  const capacity = flashCapacityBytes(scenario);
  if (capacity === undefined || result.virtualNs === 0) return undefined;
  return (programmedBytes(result) / capacity) * (NS_PER_DAY / result.virtualNs);
}

export const flashWear: ReportChart = {
  name: 'flash-wear',
  part: 'devices',
  figures({ document }, workload) {
    const results = resultsOf(document, workload).filter((result) => programmedBytes(result) > 0);
    const { writeBytes } = workloadOf(document, workload);
    if (results.length === 0 || writeBytes === 0) return [];
    const guestBytes = (result: ModeResult): number =>
      result.flash.writeAmplification === null || result.flash.writeAmplification === 0
        ? 0
        : programmedBytes(result) / result.flash.writeAmplification;
    return [
      {
        title: 'Flash wear',
        caption:
          'Bytes programmed into flash for each byte that guests wrote, by cause; over all hosts. Garbage collection inside the drives is not in it.',
        kind: 'bars',
        x: {
          title: 'Mode',
          scale: 'linear',
          format: 'category',
          categories: results.map(({ mode }) => mode),
        },
        y: {
          title: 'Programmed bytes per guest byte written',
          scale: 'linear',
          format: 'number',
          suffix: 'x',
        },
        groups: [{ name: 'all', shown: true }],
        series: CAUSES.map(([name, cause]) => ({
          mode: name,
          group: 'all',
          points: results.flatMap((result, i) => {
            const guest = guestBytes(result);
            return [
              i,
              guest === 0 ? 0 : Math.floor((result.flash.programmedBytes[cause] / guest) * 1e4 + 0.5) / 1e4,
            ];
          }),
        })),
      },
    ];
  },
};
