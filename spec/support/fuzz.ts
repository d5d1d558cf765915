// Random input through everything that reads input. A failure prints what repeats it.
//
//   npm run fuzz                                  100,000 records, 1,000,000 ring states and 20 rounds of every struct, then 1,000,000
//                                                 hypercalls, VMBus messages and vPCI packets of a hostile guest each; another seed each time
//   npm run fuzz -- --seed 7 --count 5000         repeatable
//   npm run fuzz -- --seconds 600                 as much as fits
import { parseArgs } from 'node:util';
import { fuzzHypercalls } from './fuzz-hypercalls.js';
import { fuzzPlain } from './fuzz-plain.js';
import { fuzzRecords } from './fuzz-records.js';
import { fuzzRing } from './fuzz-ring.js';
import { fuzzStructs } from './fuzz-structs.js';
import { fuzzVmbusServer } from './fuzz-vmbus-server.js';
import { fuzzVpciHost } from './fuzz-vpci-host.js';

/** A record that takes longer than this hangs. */
const LIMIT_MS = 5_000;
/** Records for each round over the structs. */
const SHARE = 5_000;

/** Steps of a hostile guest between two looks at the clock. */
const PIECE = 50_000;

const { values } = parseArgs({
  options: { seed: { type: 'string' }, count: { type: 'string' }, seconds: { type: 'string' } },
});
const seed = Number(values.seed ?? Date.now() % 0x7fffffff);
const seconds = values.seconds === undefined ? undefined : Number(values.seconds);
const count = Number(values.count ?? (seconds === undefined ? 100_000 : Number.MAX_SAFE_INTEGER));
const started = Date.now();
const go = (): boolean => seconds === undefined || Date.now() - started < seconds * 1000;

console.log(`seed ${seed}`);
const totals = { decoded: 0, refused: 0, plain: 0, structs: 0, rings: 0, slowest: 0 };
for (let round = 0; totals.decoded + totals.refused < count && go(); round++) {
  const records = fuzzRecords(seed + round, Math.min(SHARE, count - totals.decoded - totals.refused), go);
  totals.decoded += records.decoded;
  totals.refused += records.refused;
  totals.slowest = Math.max(totals.slowest, records.slowest);
  totals.plain += fuzzPlain(seed + round, SHARE / 10, go);
  totals.structs += fuzzStructs(seed + round, 1, go);
  totals.rings += ringStates(seed + round);
  if (totals.slowest > LIMIT_MS)
    throw new Error(`seed ${seed + round}: a record took ${Math.round(totals.slowest)} ms`);
}
const took = ((Date.now() - started) / 1000).toFixed(1);
console.log(
  `${totals.decoded} records decoded, ${totals.refused} refused, ${totals.plain} plain inputs, ${totals.structs} structs, ${totals.rings} ring states, slowest record ${totals.slowest.toFixed(1)} ms, ${took} s`,
);

for (const { what, each, run } of hostileGuests(count * 10)) {
  let done = 0;
  const from = Date.now();
  for (let round = 0; done < each && go(); round++) {
    const share = Math.min(PIECE, each - done);
    run(share, seed + round);
    done += share;
  }
  console.log(`${done} ${what} of a hostile guest, ${((Date.now() - from) / 1000).toFixed(1)} s`);
}

/** A million states in a run of the usual length. */
function ringStates(from: number): number {
  fuzzRing(SHARE * 10, from);
  return SHARE * 10;
}

interface HostileGuest {
  readonly what: string;
  readonly each: number;
  run(count: number, from: number): unknown;
}

/** Half of the steps against the vPCI host are packets; the others are accesses, queues and what the host does meanwhile. */
function hostileGuests(each: number): readonly HostileGuest[] {
  return [
    { what: 'hypercalls, MSR and device accesses', each, run: fuzzHypercalls },
    { what: 'VMBus messages and signals', each, run: fuzzVmbusServer },
    { what: 'vPCI packets and accesses', each: each * 2, run: fuzzVpciHost },
  ];
}
