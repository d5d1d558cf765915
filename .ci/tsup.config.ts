import { rmSync } from 'node:fs';
import { defineConfig, type Options } from 'tsup';
import { shippedAbi } from './packaging/shipped-abi.js';

const library = {
  index: 'src/index.ts',
  layout: 'src/layout.ts',
  abi: 'src/abi.ts',
  capture: 'src/capture.ts',
  hypercall: 'src/hypercall.ts',
  memory: 'src/memory.ts',
  ring: 'src/ring.ts',
  hypervisor: 'src/hypervisor.ts',
  vsp: 'src/vsp.ts',
  guest: 'src/guest.ts',
  rig: 'src/rig.ts',
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

// Files that only re-export types become empty chunks, and rollup, which tsup shakes the tree with, has a line for each.
const { warn } = console;
console.warn = (...words: unknown[]) => {
  if (!String(words[0]).startsWith('Generated an empty chunk')) warn(...words);
};

// Here instead of `clean: true`: the builds run side by side, and one must not empty what another has written.
rmSync('dist', { recursive: true, force: true });

// Declarations as plain objects with their code, so that a bundle holds those it names and not the engines.
const shipped: Options = { ...common, entry: library, esbuildPlugins: [shippedAbi(process.cwd())] };

export default defineConfig([
  { ...shipped, format: 'esm' },
  {
    ...common,
    // The thread of `simulate --workers` is a file of its own, which the command starts by its name.
    entry: { cli: 'src/cli/main.ts', 'vp-thread.node': 'src/rig/threads/vp-thread.node.ts' },
    format: 'esm',
    // The command line is a program, not a library: its start is what counts. Small and self-contained files are found and
    // compiled sooner (5 to 8 ms of about 75 measured), and a command loads its own chunk only.
    minify: true,
    treeshake: false,
    noExternal: ['commander', 'picocolors'],
    // commander is CommonJS and asks for Node's own modules.
    banner: {
      js: "import { createRequire as createRequireOf } from 'node:module'; const require = createRequireOf(import.meta.url);",
    },
  },
  { ...shipped, format: 'cjs' },
  { ...common, entry: library, format: ['esm', 'cjs'], dts: { only: true } },
]);
