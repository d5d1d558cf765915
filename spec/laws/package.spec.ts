import { existsSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { VERSION } from '../../src/cli/version.js';
import { inProject, readProjectText } from '../support/project.js';

type Versions = Record<string, string>;

const manifest = JSON.parse(readProjectText('package.json')) as {
  version: string;
  exports: Record<string, unknown>;
  scripts: Versions;
  dependencies: Versions;
  devDependencies: Versions;
};
const lock = JSON.parse(readProjectText('package-lock.json')) as {
  packages: Record<
    string,
    {
      version?: string;
      resolved?: string;
      dependencies?: Versions;
      devDependencies?: Versions;
      optionalDependencies?: Versions;
    }
  >;
};

const law = suite('law: package');

law('every dependency is pinned to one version, and the lock file agrees', () => {
  const wanted = { ...manifest.dependencies, ...manifest.devDependencies };
  const loose = Object.entries(wanted).filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version));
  assert.equal(loose, []);
  const differing = Object.entries(wanted).filter(
    ([name, version]) => lock.packages[`node_modules/${name}`]?.version !== version,
  );
  assert.equal(differing, []);
  const root = lock.packages[''];
  assert.equal({ ...root?.dependencies, ...root?.devDependencies }, wanted);
});

law('the lock file names no place to fetch from', () => {
  const placed = Object.entries(lock.packages).filter(([, entry]) => entry.resolved !== undefined);
  assert.equal(placed, []);
});

// npm leaves a platform's package out of the lock file when the registry at hand does not have it, and `npm ci` then
// refuses the lock file everywhere.
law('the lock file lists the packages of every platform', () => {
  const paths = Object.keys(lock.packages);
  const optional = Object.values(lock.packages).flatMap((entry) => Object.keys(entry.optionalDependencies ?? {}));
  assert.ok(optional.length > 0);
  const absent = optional.filter((name) => !paths.some((path) => path.endsWith(`node_modules/${name}`)));
  assert.equal(absent, []);
});

law('installing runs none of our scripts', () => {
  const hooks = ['preinstall', 'install', 'postinstall', 'prepublish', 'preprepare', 'prepare', 'postprepare'];
  assert.equal(
    hooks.filter((name) => name in manifest.scripts),
    [],
  );
});

law('every export has its entry file', () => {
  const entries = Object.keys(manifest.exports).filter((key) => key !== './package.json');
  assert.ok(entries.length >= 7);
  const sources = entries.map((key) => (key === '.' ? 'index.ts' : `${key.slice(2)}.ts`));
  assert.equal(
    sources.filter((path) => !existsSync(inProject('src', path))),
    [],
  );
});

law('the version the command prints is the version of the package', () => {
  assert.is(VERSION, manifest.version);
});

law.run();
