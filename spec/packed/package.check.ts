// The package as a user gets it. Needs a built dist and a registry (for the runtime dependencies), so it is no part of
// `npm test`: `npm run packed`.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import vm from 'node:vm';
import { build } from 'esbuild';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { inProject, readProjectText } from '../support/project.js';
import { bytesBelow, installPacked, run } from './consumer.js';

interface Conditions {
  import: { types: string; default: string };
  require: { types: string; default: string };
}

const MEGABYTE = 1_000_000;
const manifest = JSON.parse(readProjectText('package.json')) as {
  name: string;
  version: string;
  exports: Record<string, Conditions | string>;
  scripts: Record<string, string>;
};
const entries = Object.keys(manifest.exports).filter((key) => key !== './package.json');
const specifierOf = (entry: string) => manifest.name + entry.slice(1);
const isPlaceholder = (entry: string) =>
  readProjectText('src', entry === '.' ? 'index.ts' : `${entry.slice(2)}.ts`).trim() === 'export {};';

const consumer = installPacked();
const installed = join(consumer.folder, 'node_modules');

const tarball = suite('packed: the tarball');

tarball('holds dist, the texts and what they show, nothing else', () => {
  const expected =
    /^(dist\/|docs\/[\w-]+\.md$|bench\/(plots\/|results\.md$)|(README|CHANGELOG)\.md$|LICENSE$|package\.json$)/;
  const other = consumer.packed.filter((path) => !expected.test(path));
  assert.equal(other, []);
});

tarball('holds every file the manifest names', () => {
  const named = Object.values(manifest.exports).flatMap((target) =>
    typeof target === 'string' ? [target] : [...Object.values(target.import), ...Object.values(target.require)],
  );
  assert.ok(named.length > 1);
  assert.equal(
    named.filter((path) => !consumer.packed.includes(path.slice(2))),
    [],
  );
  assert.ok(consumer.packed.includes('dist/cli.js'));
});

tarball('runs nothing when it is installed', () => {
  const hooks = ['preinstall', 'install', 'postinstall', 'prepare', 'prepublish'];
  assert.equal(
    hooks.filter((name) => name in manifest.scripts),
    [],
  );
});

tarball('with its runtime dependencies is below 3 MB', () => {
  const dependencies = readdirSync(installed).filter((name) => name !== manifest.name && !name.startsWith('.'));
  const bytes = dependencies.reduce((sum, name) => sum + bytesBelow(join(installed, name)), consumer.tarballBytes);
  process.stdout.write(`tarball ${consumer.tarballBytes} bytes, with ${dependencies.join(', ')} ${bytes} bytes\n`);
  assert.ok(bytes < 3 * MEGABYTE, `${bytes} bytes`);
});

tarball.run();

const use = suite('packed: in use');

function exportedNames(file: string, script: string): Record<string, string[]> {
  writeFileSync(join(consumer.folder, file), script);
  return JSON.parse(run(process.execPath, [file], consumer.folder).stdout) as Record<string, string[]>;
}

use('ESM and CommonJS load every entry and see the same names', () => {
  const list = JSON.stringify(entries.map(specifierOf));
  const report = 'console.log(JSON.stringify(names));\n';
  const esm = exportedNames(
    'use.mjs',
    `const names = {};\nfor (const name of ${list}) names[name] = Object.keys(await import(name)).sort();\n${report}`,
  );
  const cjs = exportedNames(
    'use.cjs',
    `const names = {};\nfor (const name of ${list}) names[name] = Object.keys(require(name)).sort();\n${report}`,
  );
  assert.equal(cjs, esm);
  const empty = entries.filter((entry) => esm[specifierOf(entry)]?.length === 0 && !isPlaceholder(entry));
  assert.equal(empty, []);
});

use('TypeScript resolves and accepts the declarations from both module systems', () => {
  const lines = entries.map(
    (entry, index) => `import * as m${index} from '${specifierOf(entry)}';\nexport { m${index} };`,
  );
  for (const file of ['types.mts', 'types.cts']) writeFileSync(join(consumer.folder, file), lines.join('\n'));
  const tsc = inProject('node_modules', 'typescript', 'bin', 'tsc');
  const options = ['--noEmit', '--strict', '--module', 'NodeNext', '--target', 'ES2022', '--lib', 'ES2023,DOM'];
  const nodeTypes = ['--typeRoots', inProject('node_modules', '@types'), '--types', 'node'];
  run(process.execPath, [tsc, ...options, ...nodeTypes, 'types.mts', 'types.cts'], consumer.folder);
});

use('the command starts', () => {
  const command = join(installed, '.bin', 'hvabi');
  assert.is(run(command, ['--version'], consumer.folder).stdout.trim(), manifest.version);
});

for (const entry of entries.filter((name) => name !== './node')) {
  use(`esbuild bundles ${specifierOf(entry)} for a browser, and it loads without Node`, async () => {
    const result = await build({
      stdin: { contents: `export * from '${specifierOf(entry)}';`, resolveDir: consumer.folder },
      bundle: true,
      write: false,
      minify: true,
      platform: 'browser',
      format: 'iife',
      globalName: 'hvabi',
      logLevel: 'silent',
    });
    const code = result.outputFiles[0]?.text ?? '';
    assert.not.match(code, /["']node:/);
    const page = vm.createContext({ TextEncoder, TextDecoder });
    vm.runInContext(code, page);
    const names = vm.runInContext('Object.keys(hvabi).length', page) as number;
    assert.ok(names > 0 || isPlaceholder(entry));
  });
}

use.run();

const linters = suite('packed: package linters');

linters('publint', () => {
  const cli = inProject('node_modules', 'publint', 'src', 'cli.js');
  run(process.execPath, [cli, 'run', join(installed, manifest.name), '--pack', 'false', '--strict'], consumer.folder);
});

linters('are the types wrong?', () => {
  const bin = JSON.parse(
    readFileSync(inProject('node_modules', '@arethetypeswrong', 'cli', 'package.json'), 'utf8'),
  ) as {
    bin: { attw: string };
  };
  const cli = inProject('node_modules', '@arethetypeswrong', 'cli', bin.bin.attw);
  // node16: the resolution before `exports` existed cannot see subpaths at all.
  run(process.execPath, [cli, consumer.tarball, '--profile', 'node16', '--no-color'], consumer.folder);
});

linters.run();
