import { decodeAt } from '../../layout/codec.js';
import { FRAME_BYTES, joinBytes, MOST_PAYLOAD, monitor_frame } from './wire.js';

export interface Frame {
  readonly type: number;
  readonly vcpu: number;
  readonly seq: number;
  readonly payload: Uint8Array;
}

/** Cuts the bytes of a connection into frames, however they arrive. */
export class FrameReader {
  private held: Uint8Array = new Uint8Array(0);
  private wrong: string | undefined;

  /** Why no more frames come: a length that no frame has makes all that follows unreadable. */
  get broken(): string | undefined {
    return this.wrong;
  }

  /** The frames that `bytes` complete, in order; `bytes` may be used again afterwards. */
  push(bytes: Uint8Array): Frame[] {
    if (this.wrong !== undefined) return [];
    // Always a copy: payloads must outlive the buffer that a socket reads into.
    this.held = joinBytes([this.held, bytes]);
    const frames: Frame[] = [];
    const view = new DataView(this.held.buffer);
    let at = 0;
    while (this.held.length - at >= FRAME_BYTES) {
      const { type, vcpu, seq, payload_length } = decodeAt(monitor_frame, view, at);
      if (payload_length > MOST_PAYLOAD) {
        this.wrong = `a frame of type ${type} claims ${payload_length} bytes, ${MOST_PAYLOAD} is the most`;
        break;
      }
      const end = at + FRAME_BYTES + payload_length;
      if (end > this.held.length) break;
      frames.push({ type, vcpu, seq, payload: this.held.subarray(at + FRAME_BYTES, end) });
      at = end;
    }
    this.held = this.held.subarray(at).slice();
    return frames;
  }
}
