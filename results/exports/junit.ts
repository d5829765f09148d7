/**
 * JUnit XML of a gate: a test case for each check. `inconclusive` is an error, which no reader takes for passed.
 * @source windyroad's JUnit.xsd, which Jenkins, GitLab and GitHub's readers follow
 */

import type { GateCheck, GateDocument } from '../gate/gate.ts';
import { changeLines, checkTitle, inputLines, verdictLine } from '../gate/gate-text.ts';
import { plainText } from '../report/plain-text.ts';

/** Longest line of text: those of a real gate stay far below. Assumed. */
const LINE_LENGTH = 2000;

/** Escaped, and without the control characters that XML 1.0 cannot hold. */
function xml(text: string): string {
  return text
    .split('\n')
    .map((line) => plainText(line, LINE_LENGTH).replace(/[\ufffe\uffff]/g, ''))
    .join('\n')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;')
    .replaceAll('\n', '&#10;');
}

function testCase(document: GateDocument, check: GateCheck): string {
  const head = `    <testcase name="${xml(checkTitle(check))}" classname="fvp.gate" time="0"`;
  if (check.verdict === 'pass') return `${head}/>`;
  const change = document.changes.find(
    ({ workload, mode }) => workload === check.workload && mode === check.mode,
  );
  const body = [
    ...document.neighbourhood,
    ...inputLines(document),
    ...(change === undefined ? [] : changeLines(change)),
  ];
  const element = check.verdict === 'fail' ? 'failure' : 'error';
  return `${head}>\n      <${element} type="${check.verdict}" message="${xml(check.why)}">${xml(body.join('\n'))}</${element}>\n    </testcase>`;
}

export function junitXml(document: GateDocument): string {
  const count = (verdict: GateCheck['verdict']): number =>
    document.checks.filter((check) => check.verdict === verdict).length;
  const numbers = `tests="${document.checks.length}" failures="${count('fail')}" errors="${count('inconclusive')}" time="0"`;
  return `<?xml version="1.0" encoding="UTF-8"?>
<testsuites ${numbers}>
  <testsuite name="fvp bench gate" ${numbers}>
${document.checks.map((check) => testCase(document, check)).join('\n')}
    <system-out>${xml(verdictLine(document))}</system-out>
  </testsuite>
</testsuites>
`;
}
