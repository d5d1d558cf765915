/** A spec, by its file below `spec` and its title as the source has it (see spec-titles.ts). */
export interface Proof {
  readonly spec: string;
  readonly title: string;
}

/** Something that was said of the drivers, or asked, and what shows how it is here. */
export interface TraceRow {
  /** Where it was said: a thread of the kernel's lists, a letter of a case, a question. */
  readonly of: string;
  readonly subject: string;
  /** Requirements that came of it. */
  readonly ids: readonly string[];
  readonly proofs: readonly Proof[];
}

/** `ids` with blanks between them; each proof is a file, without its ending, and a title. */
export function row(
  of: string,
  subject: string,
  ids: string,
  ...proofs: readonly (readonly [file: string, title: string])[]
): TraceRow {
  return {
    of,
    subject,
    ids: ids.split(' '),
    proofs: proofs.map(([file, title]) => ({ spec: `${file}.spec.ts`, title })),
  };
}
