import { type BenchCase, below } from '../case.js';
import { CLI, firstOutput } from '../processes.js';
import { median } from '../race.js';

const COMMANDS: readonly (readonly string[])[] = [
  ['--version'],
  ['explain', '0x1fb000000b3'],
  ['layout', 'hv_message'],
];

const bench: BenchCase = {
  question: 'How long until the first output of a command, beyond what node itself takes?',
  built: true,
  async run(pace) {
    const times = pace === 'full' ? 20 : 4;
    const node: number[] = [];
    const ours = COMMANDS.map((): number[] => []);
    // In turns, so that what else the machine does meets all of them.
    for (let i = 0; i < times; i++) {
      node.push(await firstOutput(['-e', '0']));
      for (const [c, command] of COMMANDS.entries()) ours[c]!.push(await firstOutput([CLI, ...command]));
    }
    const base = median(node);
    return {
      figures: [
        { what: 'node -e 0', value: base, unit: 'ms', note: `median of ${times}` },
        ...COMMANDS.map((command, c) => ({
          what: `hvabi ${command.join(' ')}`,
          value: median(ours[c]!),
          unit: 'ms',
          note: `median of ${times}`,
        })),
      ],
      bars: COMMANDS.map((command, c) =>
        below(`hvabi ${command.join(' ')}, beyond node -e 0`, median(ours[c]!) - base, 80, 'ms'),
      ),
    };
  },
};

export default bench;
