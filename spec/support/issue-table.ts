import type { Test } from 'uvu';
import * as assert from 'uvu/assert';
import { hexToBytes } from '../../src/bytes/hex.js';
import { viewOf } from '../../src/bytes/span.js';
import { describe, type FieldNode, type IssueCode } from '../../src/layout/describe.js';
import { check } from '../../src/layout/explain.js';
import type { Limits } from '../../src/layout/limits.js';
import { maySuspect } from '../../src/layout/suspect.js';
import type { AnyType } from '../../src/layout/types.js';

/** Bytes, and the issues in them as `CODE path @offset: text`. */
export interface IssueRow {
  readonly note: string;
  readonly type: AnyType;
  readonly hex: string;
  readonly limits?: Limits;
  readonly issues: readonly `${IssueCode} ${string} @${number}: ${string}`[];
}

/** Registers one spec per row; the quick test and the nodes of the walk must agree with check. */
export function checkIssues(test: Test, rows: readonly IssueRow[]): void {
  for (const { note, type, hex, limits, issues } of rows) {
    test(note, () => {
      const bytes = hexToBytes(hex.replaceAll(/\s/g, ''));
      const framed = new Uint8Array(bytes.length + 5);
      framed.set(bytes, 5);
      const view = viewOf(framed);
      const moved = limits && { ...limits, ...(limits.varEnd === undefined ? {} : { varEnd: limits.varEnd + 5 }) };
      const found = check(type, view, 5, moved);
      assert.equal(
        found.map(({ code, path, offset, text }) => `${code} ${path} @${offset}: ${text}`),
        issues,
      );
      if (issues.length > 0) assert.is(maySuspect(type, view, 5, moved), true, 'the quick test does not suspect it');
      const { root } = describe(type, view, 5, moved);
      assert.equal([...new Set(issuesIn(root))], [...found], 'issues of the nodes');
    });
  }
}

function* issuesIn(node: FieldNode): Generator<unknown> {
  for (const child of node.children ?? []) yield* issuesIn(child);
  yield* node.issues ?? [];
}
