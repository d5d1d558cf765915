import { atLeast, type Bar, type BenchCase, type Figure } from '../case.js';
import { compileC, hasGcc } from '../compile-c.js';
import { withFolder } from '../processes.js';
import { CHANNELS, type Channel } from '../ring-gate.js';
import { Pair, packetFigure, quiet, RING_BYTES, repeat, runRingC } from '../ring-race.js';

const PAYLOAD_BYTES = 48;
const INTERVALS = [1, 32] as const;
/** Bars of the ring against the same in C, by packets a publish. */
const OF_C = { 1: 0.6, 32: 0.5 } as const;
/** Messages are some fifty times slower, and are not to take all of the time. */
const packetsOf = (channel: Channel, full: boolean): number =>
  (channel.startsWith('postMessage') ? 20_000 : 200_000) / (full ? 1 : 10);

const bench: BenchCase = {
  question: `How fast do ${PAYLOAD_BYTES}-byte packets go from Worker to Worker through a ring of ${RING_BYTES / 1024} KiB, copied out and checked?`,
  run(pace) {
    return withFolder(async (folder) => {
      const full = pace === 'full';
      const program = hasGcc() ? compileC('ring', '-O2', folder) : undefined;
      const pairs = new Map<Channel, Pair>();
      for (const channel of CHANNELS) {
        const pair = await Pair.open(channel);
        if (pair !== undefined) pairs.set(channel, pair);
      }
      const rounds = new Map<string, number[]>();
      const note = (name: string, ns: number): unknown =>
        rounds.has(name) ? rounds.get(name)!.push(ns) : rounds.set(name, [ns]);
      await repeat(full ? 4 : 1, full ? 40 : 3, 60, async (counts) => {
        for (const interval of INTERVALS) {
          // In turns, so that what else the machine does meets all of them.
          for (const [channel, pair] of pairs) {
            const ns = await pair.run({ packets: packetsOf(channel, full), payloadBytes: PAYLOAD_BYTES, interval });
            if (counts) note(`${channel} ${interval}`, ns);
          }
          const task = { packets: packetsOf('ring', full), payloadBytes: PAYLOAD_BYTES, interval };
          if (program !== undefined && counts) note(`C ${interval}`, runRingC(program, task));
        }
      });
      for (const pair of pairs.values()) await pair.close();
      return { figures: figuresOf(rounds), bars: barsOf(rounds) };
    });
  },
};

function figuresOf(rounds: ReadonlyMap<string, readonly number[]>): Figure[] {
  return [...rounds].map(([name, values]) => {
    const space = name.lastIndexOf(' ');
    const interval = name.slice(space + 1);
    return packetFigure(`${name.slice(0, space)}, ${interval} a publish`, values, PAYLOAD_BYTES);
  });
}

function barsOf(rounds: ReadonlyMap<string, readonly number[]>): Bar[] {
  const bars: Bar[] = [];
  const add = (peer: string, interval: 1 | 32, limit: number): void => {
    const theirs = rounds.get(`${peer} ${interval}`);
    if (theirs === undefined) return;
    const ratio = quiet(theirs) / quiet(rounds.get(`ring ${interval}`)!);
    bars.push(atLeast(`ring, speed of ${peer}, ${interval} a publish`, ratio, limit, '×'));
  };
  for (const interval of INTERVALS) add('C', interval, OF_C[interval]);
  add('ringbuf.js', 32, 3);
  add('postMessage', 32, 20);
  return bars;
}

export default bench;
