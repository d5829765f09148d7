/** `fvp device list`, `show` and `validate` for a terminal. */
import type { CheckReport } from '../../reference/devices/conformance/check-device.ts';
import type { DeviceInventory, ModelPage, PresetPage } from '../../reference/devices/describe.ts';
import { type Definition, definitionList } from './definition-list.ts';
import { visibleText } from './visible-text.ts';
import { COLUMNS_MAX, wrapText } from './wrap-text.ts';

const INDENT = '  ';

/** @param width columns of the terminal */
export function deviceListLines({ devices, filters, presets }: DeviceInventory, width: number): string[] {
  return [
    'Devices: device: NAME in a scenario',
    ...section(
      devices.map(({ name, summary, roles }) => ({ name, description: `${summary} (${roles.join(', ')})` })),
      width,
    ),
    '',
    'Filters: filters: [{ filter: NAME }] beside a device',
    ...section(
      filters.map(({ name, summary }) => ({ name, description: summary })),
      width,
    ),
    '',
    'Presets: preset: NAME beside a device',
    ...section(
      presets.map(({ name, device, description }) => ({ name, description: `${device}: ${description}` })),
      width,
    ),
    '',
    'Next: fvp device show NAME',
  ];
}

/** @param width columns of the terminal */
export function devicePageLines(page: ModelPage | PresetPage, width: number): string[] {
  const lines = wrapText(visibleText(`${page.kind} ${page.name}: ${page.summary}`), columns(width));
  if (page.kind === 'preset') {
    const { provenance } = page;
    if (provenance === undefined) lines.push('', `${INDENT}{ device: ${page.device}, preset: ${page.name} }`);
    else {
      lines.push(
        ...wrapText(
          visibleText(`From: path ${provenance.specifier}, sha256 ${provenance.sha256}`),
          columns(width),
        ),
      );
      lines.push('', visibleText(`${INDENT}{ preset: ${provenance.specifier} }`));
    }
    for (const { name, description, value, source } of page.parameters) {
      lines.push('', `${visibleText(name)}: ${written(value)}`, ...told(description, width));
      lines.push(...told(`Source: ${source}`, width));
    }
    return lines;
  }
  if (page.kind === 'device') lines.push(`Can be: ${page.roles.join(', ')}`);
  if (page.presets.length > 0) lines.push(...wrapText(`Presets: ${page.presets.join(', ')}`, columns(width)));
  const { from, specifier, version, sha256 } = page.provenance;
  if (from !== 'built-in') {
    const which = version === undefined ? specifier : `${specifier} ${version}`;
    lines.push(...wrapText(visibleText(`From: ${from} ${which}, sha256 ${sha256}`), columns(width)));
  }
  if (page.parameters.length === 0) lines.push('', 'No parameters.');
  else lines.push('', 'Parameters, with their defaults:');
  for (const { name, description, expected, source, unit, default: value } of page.parameters) {
    lines.push('', `${visibleText(name)}: ${written(value)}`, ...told(description, width));
    lines.push(...told(`Expected: ${expected ?? unit}.`, width), ...told(`Source: ${source}`, width));
  }
  return lines;
}

/** @param width columns of the terminal */
export function checkReportLines(report: CheckReport, width: number): string[] {
  const lines = [
    visibleText(`${report.kind} ${report.name}: ${report.requests} requests in ${report.loads} loads`),
    '',
  ];
  for (const { check, description, passed, evidence } of report.checks) {
    const [first = '', ...more] = definitionList(
      [{ name: `${passed ? 'ok    ' : 'FAILED'}  ${check.padEnd(15)}`, description }],
      width,
    );
    lines.push(first, ...more);
    if (evidence !== null) lines.push(...told(evidence, width).map((line) => `${INDENT}${line}`));
  }
  const failed = report.checks.filter(({ passed }) => !passed).length;
  lines.push(
    '',
    failed === 0
      ? 'It keeps the contract.'
      : `It breaks the contract: ${failed} of ${report.checks.length} checks failed.`,
  );
  return lines;
}

function columns(width: number): number {
  return Math.min(width, COLUMNS_MAX);
}

function section(definitions: readonly Definition[], width: number): string[] {
  return definitionList(definitions, width - INDENT.length).map((line) => INDENT + line);
}

function told(text: string, width: number): string[] {
  return wrapText(visibleText(text), columns(width) - 2 * INDENT.length).map(
    (line) => `${INDENT}${INDENT}${line}`,
  );
}

/** As in YAML. */
function written(value: unknown): string {
  if (typeof value !== 'object' || value === null) return visibleText(String(value));
  const entries = Object.entries(value).map(([key, part]) => `${key}: ${written(part)}`);
  return visibleText(`{ ${entries.join(', ')} }`);
}
