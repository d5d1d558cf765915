// Runs one case and sends its outcome to the process that asked: `one.js NAME full|quick`.
import type { BenchCase, Pace } from './case.js';

const [name, pace] = process.argv.slice(2);
const { default: bench } = (await import(`./cases/${name}.js`)) as { default: BenchCase };
const outcome = await bench.run(pace as Pace);
process.send!(outcome);
