import { hexNumber } from '../../bytes/hex.js';
import type { EventFile } from '../../guest/iommufd/event-file.js';
import { FaultQueue } from '../../guest/iommufd/fault-queue.js';
import type { IommufdDevice } from '../../guest/iommufd/ioctl.js';
import { userBuffer } from '../../guest/iommufd/user-buffer.js';
import { failure, type Outcome, success } from '../../ports/outcome.js';
import type { TraceSink } from '../../ports/trace-sink.js';
import type { Routine } from '../../sched/routine.js';

/** The descriptor of /dev/iommu itself; those of queues come behind it. */
export const IOMMU_FD = 3;

/** Holds back what happens because of a call until the call itself is recorded: the cause comes first. */
export class CausalTrace implements TraceSink {
  private readonly sink: TraceSink;
  private held: Parameters<TraceSink['event']>[0][] | undefined;

  constructor(sink: TraceSink) {
    this.sink = sink;
  }

  event(record: Parameters<TraceSink['event']>[0]): void {
    if (this.held === undefined) this.sink.event(record);
    else this.held.push(record);
  }

  /** Runs `act`; `record` tells of it by what it gave. */
  call<T>(act: () => T, record: (value: T) => Parameters<TraceSink['event']>[0]): T {
    const outer = this.held;
    this.held = [];
    const value = act();
    const { held } = this;
    this.held = outer;
    for (const one of [record(value), ...held]) this.event(one);
    return value;
  }
}

/** System calls of a process that has /dev/iommu open, each with its record: `ioctl`, `fd_read`, `fd_write`, `fd_close`. */
export class IommufdCalls {
  private readonly device: IommufdDevice;
  private readonly trace: CausalTrace;

  constructor(device: IommufdDevice, trace: CausalTrace) {
    this.device = device;
    this.trace = trace;
    trace.event({ k: 'fd_open', fd: IOMMU_FD, path: '/dev/iommu' });
  }

  /** ioctl(2) with a structure, and what it points to: the structure as the kernel leaves it. */
  ioctl(cmd: number, argument: Uint8Array, data?: Uint8Array): Outcome<Uint8Array> {
    const out = argument.slice();
    const done = this.trace.call(
      () => this.device.ioctl(cmd, out),
      (made) => ({
        k: 'ioctl',
        fd: IOMMU_FD,
        cmd: hexNumber(cmd),
        in: argument,
        ...(data === undefined ? {} : { data }),
        ...(made.ok ? { out } : {}),
        ...resultOf(made, 0),
      }),
    );
    return done.ok ? success(out) : done;
  }

  /** read(2) of at most `count` bytes. */
  read(fd: number, count: number): Outcome<Uint8Array> {
    const file = this.device.file(fd);
    return file === undefined ? failure('EINVAL') : this.record(fd, file, count);
  }

  /** As read, where the descriptor blocks until there is something. */
  *readWaiting(fd: number, count: number): Routine<Outcome<Uint8Array>> {
    const file = this.device.file(fd);
    if (file === undefined) return failure('EINVAL');
    while (!file.closed && !file.poll().readable) yield file;
    return this.record(fd, file, count);
  }

  /** write(2): bytes taken. Queues of events take none. */
  write(fd: number, raw: Uint8Array): Outcome<number> {
    const file = this.device.file(fd);
    return this.trace.call(
      () => (file instanceof FaultQueue ? file.write(userBuffer(raw)) : failure('EINVAL')),
      (done) => ({ k: 'fd_write', fd, raw, ...resultOf(done, done.ok ? done.value : 0) }),
    );
  }

  /** close(2). */
  close(fd: number): void {
    this.trace.event({ k: 'fd_close', fd });
    this.device.close(fd);
  }

  private record(fd: number, file: EventFile, count: number): Outcome<Uint8Array> {
    const bytes = new Uint8Array(count);
    const done = file.read(userBuffer(bytes));
    const raw = bytes.subarray(0, done.ok ? done.value : 0);
    this.trace.event({ k: 'fd_read', fd, count, raw, ...resultOf(done, raw.length) });
    return done.ok ? success(raw) : done;
  }
}

function resultOf(done: Outcome<unknown>, value: number): { result: number; errno?: string } {
  return done.ok ? { result: value } : { result: -1, errno: done.errno };
}
