import ts from 'typescript';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { inProject, readProjectText } from '../support/project.js';

// wrong-uses.ts compiles because each error in it is expected. Here its directives are disarmed, to see that each error is
// at the token that the directive names, and is alone there.

const law = suite('layout: wrong uses are errors at the wrong token');

const FILE = inProject('spec', 'layout', 'wrong-uses.ts');
const armed = readProjectText('spec', 'layout', 'wrong-uses.ts');
const disarmed = armed.replaceAll('@ts-expect-error', 'disarmed -------');

const expected = new Map<number, { token: string; note: string }>();
armed.split('\n').forEach((line, at) => {
  const found = /^ *\/\/ @ts-expect-error `(.+)` (.+)$/.exec(line);
  if (found) expected.set(at + 1, { token: found[1]!, note: `${found[1]} ${found[2]}` });
});

const errors = errorsOf(FILE, disarmed);

function errorsOf(file: string, text: string): { line: number; token: string; message: string }[] {
  const { config } = ts.readConfigFile(inProject('tsconfig.json'), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, inProject());
  const host = ts.createCompilerHost({ ...options, noEmit: true });
  const readFile = host.getSourceFile.bind(host);
  host.getSourceFile = (name, language, ...more) =>
    name === file ? ts.createSourceFile(name, text, language) : readFile(name, language, ...more);
  const program = ts.createProgram([file], { ...options, noEmit: true }, host);
  const source = program.getSourceFile(file)!;
  return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map((found) => ({
    line: ts.getLineAndCharacterOfPosition(source, found.start!).line,
    token: text.slice(found.start!, found.start! + found.length!),
    message: ts.flattenDiagnosticMessageText(found.messageText, ' '),
  }));
}

for (const [line, { token, note }] of expected) {
  law(note, () => {
    const here = errors.filter((error) => error.line === line);
    assert.equal(
      here.map((error) => error.token),
      [token],
      here.map((error) => error.message).join('; '),
    );
  });
}

law('there is no error elsewhere', () => {
  assert.equal(
    errors.filter(({ line }) => !expected.has(line)),
    [],
  );
  assert.ok(expected.size > 40, `${expected.size} directives`);
  assert.is(armed.split('@ts-expect-error').length - 1, expected.size, 'each directive names its token');
});

law('a tag that names no sibling is told by name', () => {
  const first = errors.find(({ token }) => token === 'u');
  assert.match(first?.message ?? '', "'no sibling field is named'");
});

law.run();
