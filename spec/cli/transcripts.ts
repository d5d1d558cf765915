import { readProjectText } from '../support/project.js';
import { hvabi, MAPS, VPCI } from './run-cli.js';

/** A command and what it printed, kept beside the captures as `$ hvabi …` and the output behind it. */
export interface Transcript {
  /** Below fixtures/transcripts. */
  readonly file: string;
  readonly args: readonly string[];
}

export const TRANSCRIPTS: readonly Transcript[] = [
  { file: 'decode-vpci-probe.txt', args: ['decode', VPCI] },
  { file: 'decode-map-device-gpa-pages.txt', args: ['decode', MAPS] },
  { file: 'decode-verbose.txt', args: ['decode', '-v', '--filter', 'n=297', '--filter', 'name=HVCALL_*', MAPS] },
  { file: 'decode-brief.txt', args: ['decode', '--brief', VPCI] },
  { file: 'decode-jsonl.txt', args: ['decode', '--jsonl', '--filter', 'inner.name=PCI_CREATE_*', VPCI] },
  { file: 'decode-summary.txt', args: ['decode', '--summary', '--check', VPCI] },
  { file: 'timeline.txt', args: ['timeline', 'fixtures/captures/pviommu.jsonl'] },
  {
    file: 'explain.txt',
    args: [
      'explain',
      '0x1fb000000b3',
      '0x4000000000000018',
      '0xfee01000',
      '0xb',
      '44c4f61d-4444-4400-9d52-802e27ede19f',
    ],
  },
  { file: 'layout.txt', args: ['layout', 'hv_interrupt_entry'] },
  { file: 'layout-expanded.txt', args: ['layout', '-E', 'hv_input_attach_device_domain'] },
];

/** The text that belongs in the file of a transcript. */
export function transcriptText({ args }: Transcript): string {
  const run = hvabi(args);
  if (run.err !== '' || run.code !== 0) throw new Error(`hvabi ${args.join(' ')}: exit ${run.code}, ${run.err}`);
  return `$ hvabi ${args.map(quoted).join(' ')}\n${run.out}`;
}

export function keptTranscript({ file }: Transcript): string {
  return readProjectText('fixtures', 'transcripts', file);
}

const quoted = (arg: string): string => (/^[\w./=-]+$/.test(arg) ? arg : `'${arg}'`);
