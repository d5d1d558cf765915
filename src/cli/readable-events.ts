import { AbiError } from '../bytes/errors.js';
import type { Event } from '../capture/event.js';
import { readEvents } from '../capture/input.node.js';
import { recordedCall } from '../rig/replay/recorded-call.js';
import { complain, errorLines } from './exit.js';
import { traceName, traceOf } from './trace-path.js';

/** The events that a capture argument names, up to the first line or call that is none: what stands before it is worth a look. */
export class ReadableEvents {
  private readonly source: string | number;
  private readonly name: string;
  private fault: AbiError | undefined;
  /** The event that is none, where it is no line. */
  private at: string | undefined;

  /** Throws what traceOf does. */
  constructor(capture: string) {
    this.source = traceOf(capture);
    this.name = traceName(capture);
  }

  *all(): Generator<Event> {
    try {
      for (const event of readEvents(this.source)) {
        this.at = `event #${String(event.n ?? '?')}`;
        recordedCall(event, 0);
        this.at = undefined;
        yield event;
      }
    } catch (error) {
      if (!(error instanceof AbiError)) throw error;
      this.fault = error;
    }
  }

  /** Says what ended the events, if it was not their end; true then. */
  complain(): boolean {
    if (this.fault === undefined) return false;
    complain(errorLines(this.fault, this.at === undefined ? this.name : `${this.name}: ${this.at}`));
    return true;
  }
}
