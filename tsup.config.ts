import { rmSync } from 'node:fs';
import { defineConfig, type Options } from 'tsup';

const library = {
  index: 'src/index.ts',
  layout: 'src/layout.ts',
  abi: 'src/abi.ts',
  capture: 'src/capture.ts',
  files: 'src/files.ts',
  export: 'src/export.ts',
  node: 'src/node.ts',
};

const common: Options = {
  outDir: 'dist',
  target: 'node20',
  // Without it every CommonJS entry carries its own copy of the declarations, and two copies of an error class.
  splitting: true,
  treeshake: true,
  // tsup strips `node:` by default; bundlers tell a built-in from a package of the same name by it.
  removeNodeProtocol: false,
};

// Here instead of `clean: true`: the three builds run side by side, and one must not empty what another has written.
rmSync('dist', { recursive: true, force: true });

export default defineConfig([
  // The command line shares the chunks of the ESM library.
  { ...common, entry: { ...library, cli: 'src/cli/main.ts' }, format: 'esm' },
  { ...common, entry: library, format: 'cjs' },
  { ...common, entry: library, format: ['esm', 'cjs'], dts: { only: true } },
]);
