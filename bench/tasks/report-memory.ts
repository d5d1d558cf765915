// Loaded before a program: says at its end how much memory it had at most.
import { writeFileSync } from 'node:fs';

const report = process.env.HVABI_BENCH_REPORT;
if (report === undefined) throw new Error('HVABI_BENCH_REPORT names no file');
process.on('exit', () => writeFileSync(report, String(process.resourceUsage().maxRSS * 1024)));
