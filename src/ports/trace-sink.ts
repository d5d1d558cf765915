/** Takes what crosses the boundary, event by event, in the form of a capture record. */
export interface TraceSink {
  event(record: Readonly<Record<string, unknown>> & { readonly k: string }): void;
}
