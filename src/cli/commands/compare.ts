import { callOf } from '../../capture/names.js';
import { jsonValue } from '../../capture/recorder.js';
import { splitControlWord } from '../../hypercall/words.js';
import type { CallDifference } from '../../rig/compare/call-tape.js';
import { type CompareDriverOptions, type ComparedDriver, compareDriver } from '../../rig/compare/compare-driver.js';
import { CommandError, EXIT } from '../exit.js';
import { type ColourChoice, type Paint, paintFor } from '../paint.js';
import { ReadableEvents } from '../readable-events.js';
import { traceName } from '../trace-path.js';
import { plural } from '../tree/numbers.js';
import { Writer } from '../writer.js';

export interface CompareCommandOptions extends CompareDriverOptions {
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly color: ColourChoice;
}

const DRIVERS = { root: "a root partition's driver", l1vh: "an L1VH partition's driver", guest: "a guest's driver" };
const WHAT = { missing: 'not made here', extra: 'made here, not recorded', late: 'made here, but later' };

/** `hvabi compare`. Returns the exit code. */
export function runCompare(capture: string, options: CompareCommandOptions): number {
  const events = new ReadableEvents(capture);
  const found = compareDriver(events.all(), options);
  if (found !== undefined) print(found, options);
  if (events.complain()) return EXIT.unusable;
  if (found === undefined)
    throw new CommandError(
      `${traceName(capture)}: has no calls of an IOMMU driver`,
      'root partitions and guests with an IOMMU make them; hvabi decode --summary shows what is in it',
    );
  return found.differences.length === 0 ? EXIT.fine : EXIT.differs;
}

function print(found: ComparedDriver, options: CompareCommandOptions): void {
  const writer = new Writer();
  if (options.json) writer.line(JSON.stringify(jsonOf(found), jsonValue, 2));
  else for (const line of linesOf(found, options)) writer.line(line);
  writer.flush();
}

function* linesOf(found: ComparedDriver, { quiet, color }: CompareCommandOptions): Generator<string> {
  const paint = paintFor(color);
  const { driver, choice, requests, calls, same, differences } = found;
  if (!quiet) for (const one of differences) yield differenceLine(one, paint);
  yield `${DRIVERS[driver]}: ${choiceText(choice)}`;
  if (choice.habits !== undefined && choice.habits !== 'own')
    yield 'ours does otherwise where something fails: --habits own shows what (docs/linux-comparison.md says why)';
  if (requests === 0)
    yield 'no requests are noted between its calls: there is little that our driver could be asked for';
  const counts = [
    plural(requests, 'request'),
    plural(calls, 'recorded call'),
    `${same.toLocaleString('en')} made the same`,
  ];
  yield `${counts.join(', ')}, ${plural(differences.length, 'difference')}`;
}

/** `generation newest, habits own`; what is not the case is left out. */
function choiceText(choice: ComparedDriver['choice']): string {
  return Object.entries(choice)
    .filter(([, value]) => value !== false)
    .map(([name, value]) => (value === true ? name : `${name} ${value}`))
    .join(', ');
}

function differenceLine({ what, n, before, code, control, input }: CallDifference, paint: Paint): string {
  const { reps, repStart } = splitControlWord(control);
  const from = repStart === 0 ? '' : ` from ${repStart}`;
  const count = reps === 0 ? '' : ` × ${reps}${from}`;
  const place = n === undefined ? (before === undefined ? 'at the end' : `before #${before}`) : `#${n}`;
  return `${paint.quiet(place)} ${nameOf(code)}${count}: ${WHAT[what]}  ${paint.quiet(input)}`;
}

function nameOf(code: number): string {
  return callOf(code)?.name ?? `0x${code.toString(16)}`;
}

function jsonOf({ differences, ...found }: ComparedDriver) {
  return { ...found, differences: differences.map((one) => ({ ...one, name: nameOf(one.code) })) };
}
