import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

/** A Worker of a compiled file, what it posts, and its end. */
export class WorkerRun {
  readonly worker: Worker;
  /** Messages in order. */
  readonly messages: unknown[] = [];
  /** Exit code; rejects with what the Worker threw. */
  readonly ended: Promise<number>;

  constructor(file: URL, workerData: unknown) {
    this.worker = new Worker(file, { workerData });
    this.worker.on('message', (message) => this.messages.push(message));
    this.ended = new Promise((done, fail) => {
      this.worker.on('error', fail);
      this.worker.on('exit', done);
    });
  }

  /** The first message; rejects when the Worker ends without one. */
  async first(): Promise<unknown> {
    if (this.messages.length > 0) return this.messages[0];
    const failed = this.ended.then((code) => {
      if (this.messages.length === 0) throw new Error(`the Worker ended with ${code} and said nothing`);
    });
    await Promise.race([once(this.worker, 'message'), failed]);
    return this.messages[0];
  }
}

/** Runs one Worker for each element to its end; their last messages. Throws what the first failing one threw. */
export async function runWorkers<T>(file: URL, each: readonly unknown[]): Promise<T[]> {
  const runs = each.map((workerData) => new WorkerRun(file, workerData));
  try {
    await Promise.all(runs.map((run) => run.ended));
  } finally {
    await Promise.all(runs.map((run) => run.worker.terminate()));
  }
  return runs.map(({ messages }) => {
    if (messages.length === 0) throw new Error('a Worker ended and said nothing');
    return messages.at(-1) as T;
  });
}
