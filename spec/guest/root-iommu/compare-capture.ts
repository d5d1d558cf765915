import { readFileSync } from 'node:fs';
import { eventsOf } from '../iommu-replay/recording.js';
import { compareSession, type SessionOptions } from './compare-session.js';

// Compares any recording of a root or L1VH driver with ours:
//   node .build/spec/guest/root-iommu/compare-capture.js events.jsonl '{"generation":"v3","requesters":{"0000:01:06.0":"0000:00:04.0"}}'

const [file, options = '{}'] = process.argv.slice(2);
if (file === undefined) throw new Error('which recording?');
const events = eventsOf(readFileSync(file, 'utf8'));
const { calls, same, operations, differences } = compareSession(events, JSON.parse(options) as SessionOptions);
process.stdout.write(`${operations} operations, ${calls} recorded calls, ${same} made the same\n`);
for (const line of differences) process.stdout.write(`${line}\n`);
process.exitCode = differences.length === 0 ? 0 : 1;
