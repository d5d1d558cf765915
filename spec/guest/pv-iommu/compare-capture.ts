import { readFileSync } from 'node:fs';
import type { PvIommuOptions } from '../../../src/guest/pv-iommu/start.js';
import { eventsOf } from '../iommu-replay/recording.js';
import { comparePvSession } from './compare-session.js';

// Compares any recording of a pvIOMMU driver with ours:
//   node .build/spec/guest/pv-iommu/compare-capture.js events.jsonl '{"flush":"exact","detachFirst":true}'

const [file, options = '{}'] = process.argv.slice(2);
if (file === undefined) throw new Error('which recording?');
const events = eventsOf(readFileSync(file, 'utf8'));
const { calls, same, requests, differences } = comparePvSession(events, JSON.parse(options) as PvIommuOptions);
process.stdout.write(`${requests} requests, ${calls} recorded calls, ${same} made the same\n`);
for (const line of differences) process.stdout.write(`${line}\n`);
process.exitCode = differences.length === 0 ? 0 : 1;
