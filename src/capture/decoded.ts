import type { Issue } from '../layout/describe.js';
import type { Direction } from '../layout/messages.js';
import type { CallWords, DecodedRecord, Part } from './record.js';

/** Facts of an event, worked out when somebody asks: a summary of many records never does. */
export type LazyFacts = (event: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>>;

export interface DecodedMarks {
  readonly unknown: boolean;
  readonly issues: readonly Issue[];
  readonly bytes: number;
  readonly name?: string | undefined;
  readonly direction?: Direction;
  readonly call?: CallWords;
  readonly facts?: LazyFacts;
  /** Record number of the request that this record answers. */
  readonly request?: number | undefined;
}

/** A record of a trace. One class, so that all records have one shape in memory whatever is known of them. */
export class Decoded implements DecodedRecord {
  readonly n: number;
  readonly kind: string;
  readonly source: Readonly<Record<string, unknown>>;
  readonly parts: readonly Part[];
  readonly unknown: boolean;
  readonly issues: readonly Issue[];
  readonly bytes: number;
  readonly name: string | undefined;
  readonly direction: Direction | undefined;
  readonly call: CallWords | undefined;
  links: { request?: number; reply?: number } | undefined;
  readonly #facts: LazyFacts | undefined;

  constructor(
    n: number,
    kind: string,
    source: Readonly<Record<string, unknown>>,
    parts: readonly Part[],
    marks: DecodedMarks,
  ) {
    this.n = n;
    this.kind = kind;
    this.source = source;
    this.parts = parts;
    this.unknown = marks.unknown;
    this.issues = marks.issues;
    this.bytes = marks.bytes;
    this.name = marks.name;
    this.direction = marks.direction;
    this.call = marks.call;
    this.links = marks.request === undefined ? undefined : { request: marks.request };
    this.#facts = marks.facts;
  }

  get facts(): Readonly<Record<string, unknown>> | undefined {
    return this.#facts?.(this.source);
  }
}
