// Notifies sleepers of word 0 without a change of it, until word 3 says stop; word 2 says that it runs.
import { workerData } from 'node:worker_threads';

const words = new Int32Array(workerData as SharedArrayBuffer);
Atomics.store(words, 2, 1);
Atomics.notify(words, 2);
while (Atomics.load(words, 3) === 0) Atomics.notify(words, 0);
