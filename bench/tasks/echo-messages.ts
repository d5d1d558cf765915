// Answers each number with the next one: see bench/cases/hypercall-round-trip.ts.
import { type MessagePort, workerData } from 'node:worker_threads';

const port = workerData as MessagePort;
port.on('message', (n: number) => port.postMessage(n + 1));
