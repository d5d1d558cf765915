/** One structured log line (COM-07): `code` is stable, `fields` are what it is about; text is nobody's contract. */
export interface LogLine {
  readonly level: 'info' | 'warn' | 'error';
  /** Words with hyphens, such as `vpci-late-completion`. */
  readonly code: string;
  readonly fields?: Readonly<Record<string, unknown>>;
}

export type LogSink = (line: LogLine) => void;
