import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { catalog } from '../../src/abi/hypercalls/catalog.js';
import { hexToBytes } from '../../src/bytes/hex.js';
import { splitControlWord } from '../../src/hypercall/words.js';
import { describe, type FieldNode } from '../../src/layout/describe.js';
import { inputSide } from '../../src/layout/hypercall.js';
import { isSeq } from '../../src/layout/seq.js';
import { readProjectText } from '../support/project.js';

interface Case {
  readonly source: string;
  readonly name: string;
  readonly control: string;
  readonly input: string;
  readonly expect: Readonly<Record<string, string>>;
}

const { cases } = JSON.parse(readProjectText('fixtures/vectors/hypercall-inputs.json')) as { cases: Case[] };

/** Numeric leaves by path; elements of a list of numbers one by one. */
function leaves(node: FieldNode): [path: string, value: bigint][] {
  if (node.children !== undefined) return node.children.flatMap(leaves);
  const { path, value } = node;
  if (isSeq(value)) return value.toArray().map((one, i) => [`${path}[${i}]`, BigInt(one)]);
  return typeof value === 'number' || typeof value === 'bigint' ? [[path, BigInt(value)]] : [];
}

/** Values of the fields that the case names, read from its bytes as the control word says. */
function readCase(one: Case): Record<string, string | undefined> {
  const control = splitControlWord(BigInt(one.control));
  const call = catalog.find((candidate) => candidate.code === control.code)!;
  const { type, header } = inputSide(call, 'x64');
  const bytes = hexToBytes(one.input);
  const varEnd = header + 8 * control.varQwords;
  const limits = control.varQwords > 0 ? { varEnd, reps: control.reps } : { reps: control.reps };
  const found = new Map(leaves(describe(type!, new DataView(bytes.buffer), 0, limits).root));
  return Object.fromEntries(Object.keys(one.expect).map((path) => [path, found.get(path)?.toString(16)]));
}

const inputs = suite('abi: hypercall inputs of kernel self-tests');

for (const one of cases) {
  inputs(`${one.name} (${one.source})`, () => {
    const expected = Object.fromEntries(
      Object.entries(one.expect).map(([path, value]) => [path, BigInt(value).toString(16)]),
    );
    assert.equal(readCase(one), expected);
  });
}

inputs.run();
