import type { BenchCase, Figure } from '../case.js';
import { compileC, hasGcc } from '../compile-c.js';
import { withFolder } from '../processes.js';
import { oneThread, Pair, packetFigure, RING_BYTES, repeat, runRingC } from '../ring-race.js';

const SIZES = [16, 48, 128, 512, 1024, 4096];
const INTERVAL = 32;

const bench: BenchCase = {
  question: `How do packets and bytes a second of a ring of ${RING_BYTES / 1024} KiB depend on the payload, in one thread and between two?`,
  run(pace) {
    return withFolder(async (folder) => {
      const full = pace === 'full';
      const program = hasGcc() ? compileC('ring', '-O2', folder) : undefined;
      const pair = (await Pair.open('ring'))!;
      const alone = oneThread();
      const figures: Figure[] = [];
      for (const payloadBytes of SIZES) {
        const packets = Math.ceil(Math.min(200_000, 5e7 / payloadBytes) / (full ? 1 : 10));
        const task = { packets, payloadBytes, interval: INTERVAL };
        const rounds: Record<string, number[]> = {
          'two Workers': [],
          'one thread': [],
          'C, two threads': [],
          'C, one thread': [],
        };
        await repeat(3, full ? 20 : 2, 10, async (counts) => {
          const between = await pair.run(task);
          const within = alone(task);
          if (!counts) return;
          rounds['two Workers']!.push(between);
          rounds['one thread']!.push(within);
          if (program === undefined) return;
          rounds['C, two threads']!.push(runRingC(program, task));
          rounds['C, one thread']!.push(runRingC(program, task, true));
        });
        for (const [name, values] of Object.entries(rounds))
          if (values.length > 0) figures.push(packetFigure(`${payloadBytes} bytes, ${name}`, values, payloadBytes));
      }
      await pair.close();
      return { figures, bars: [] };
    });
  },
};

export default bench;
