import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type BuildOptions, build } from 'esbuild';
import { shippedAbi } from '../../.ci/packaging/shipped-abi.js';
import { inProject, projectRoot } from './project.js';

/** Bundles a text with the declarations as the package ships them; `%` in it stands for the folder of package.json. */
export async function bundleShipped(text: string, folder: string, options: BuildOptions): Promise<string> {
  const entry = join(folder, 'entry.ts');
  writeFileSync(entry, text.replaceAll('%', projectRoot.replaceAll('\\', '/')));
  const made = await build({
    entryPoints: [entry],
    bundle: true,
    format: 'esm',
    write: false,
    logLevel: 'warning',
    absWorkingDir: inProject(),
    plugins: [shippedAbi(projectRoot)],
    ...options,
  });
  return made.outputFiles![0]!.text;
}

/** The exports of a bundle. */
export async function loadBundle<T>(text: string, folder: string): Promise<T> {
  const file = join(folder, 'bundle.mjs');
  writeFileSync(file, text);
  return (await import(pathToFileURL(file).href)) as T;
}
