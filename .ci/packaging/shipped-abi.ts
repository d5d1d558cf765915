import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, type Plugin } from 'esbuild';
import type { Namespaces, ShippedModule } from './shipped-module.js';

const SPECIFIER = 'shipped:abi';

/** Replaces the modules of src/abi by what they declare: see shipped-module.ts. `root` is the folder of package.json. */
export function shippedAbi(root: string): Plugin {
  const abi = resolve(root, 'src', 'abi') + sep;
  let made: Promise<ShippedModule> | undefined;
  return {
    name: 'shipped-abi',
    setup(context) {
      context.onResolve({ filter: /^shipped:abi$/ }, () => ({
        path: SPECIFIER,
        namespace: 'shipped',
        sideEffects: false,
      }));
      context.onLoad({ filter: /.*/, namespace: 'shipped' }, async () => {
        made ??= shipped(root);
        return { contents: (await made).text, loader: 'js', resolveDir: root };
      });
      context.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
        if (!path.startsWith(abi)) return undefined;
        made ??= shipped(root);
        const clause = (await made).clauses.get(relative(abi, path).split(sep).join('/'));
        return { contents: `${clause} from ${JSON.stringify(SPECIFIER)};`, loader: 'js' };
      });
    },
  };
}

/** Runs the declarations, and writes down what they made. */
async function shipped(root: string): Promise<ShippedModule> {
  const abi = join(root, 'src', 'abi');
  const paths = readdirSync(abi, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => path.split(sep).join('/'))
    .sort();
  mkdirSync(join(root, '.build'), { recursive: true });
  const folder = mkdtempSync(join(root, '.build', 'shipped-'));
  try {
    const entry = join(folder, 'entry.ts');
    const outfile = join(folder, 'entry.mjs');
    const spaces = paths.map((path, i) => `import * as m${i} from ${JSON.stringify(join(abi, path))};`);
    const pairs = paths.map((path, i) => `[${JSON.stringify(path)}, m${i}]`);
    const writer = JSON.stringify(join(root, '.ci', 'packaging', 'shipped-module.ts'));
    writeFileSync(
      entry,
      `${spaces.join('\n')}\nexport { shippedModule } from ${writer};\nexport const namespaces = new Map([${pairs.join(', ')}]);\n`,
    );
    await build({ entryPoints: [entry], outfile, bundle: true, format: 'esm', platform: 'node', logLevel: 'warning' });
    const { namespaces, shippedModule } = (await import(pathToFileURL(outfile).href)) as {
      namespaces: Namespaces;
      shippedModule: typeof import('./shipped-module.js').shippedModule;
    };
    return shippedModule(namespaces, (path) => join(root, 'src', `${path}.ts`));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
