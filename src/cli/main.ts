#!/usr/bin/env node
import { complain, EXIT, errorLines, exitOf } from './exit.js';
import { buildProgram } from './program.js';

// A reader that goes away (| head) is no error; streams of Node that nobody writes to directly may still report it.
process.stdout.on('error', (error: NodeJS.ErrnoException) =>
  process.exit(error.code === 'EPIPE' ? EXIT.fine : EXIT.unusable),
);

try {
  await buildProgram().parseAsync();
} catch (error) {
  const exit = exitOf(error);
  if (exit !== EXIT.fine) complain(errorLines(error));
  process.exitCode = exit;
}
