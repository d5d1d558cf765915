import { DecodeError, EncodeError } from '../bytes/errors.js';
import type { DecodedRecord, Part } from './record.js';
import { isDecoded, issuesOf, reencodes } from './value.js';

/** Counts over a capture: what --check answers for. */
export class Tally {
  records = 0;
  withBytes = 0;
  decoded = 0;
  identical = 0;
  unattributed = 0;
  classPayload = 0;
  unknown = 0;
  issues = 0;

  /** Decodes and encodes every structure of the record again. */
  add(record: DecodedRecord): void {
    this.records++;
    if (record.unknown) this.unknown++;
    this.issues += record.issues.length;
    for (const part of record.parts) this.addPart(part);
    if (record.bytes === 0) return;
    this.withBytes++;
    if (record.parts.length === 0) {
      this.unattributed += record.bytes;
      return;
    }
    try {
      if (record.parts.every(isDecoded)) this.decoded++;
      if (record.parts.every(reencodes)) this.identical++;
    } catch (error) {
      // What cannot be decoded or encoded stays out of both counts; its reason is among the issues.
      if (!(error instanceof DecodeError || error instanceof EncodeError)) throw error;
    }
  }

  private addPart(part: Part): void {
    this.unattributed += part.unattributed;
    this.classPayload += part.classPayload;
    try {
      this.issues += issuesOf(part).length;
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.issues++;
    }
    if (part.inner) this.addPart(part.inner);
  }

  /** True when every byte is accounted for and every structure encodes to the bytes it came from. */
  get ok(): boolean {
    return (
      this.decoded === this.withBytes &&
      this.identical === this.withBytes &&
      this.unattributed === 0 &&
      this.unknown === 0
    );
  }

  /** The closing line of `decode --check`. */
  line(): string {
    return `${this.records} records, ${this.withBytes} with bytes, ${this.decoded} decoded, ${this.identical} re-encoded identically, ${this.unattributed} bytes unattributed, ${this.classPayload} payload bytes of undeclared classes, ${this.unknown} unknown names, ${this.issues} issues`;
  }
}
