import { Option } from 'commander';
import { COLOUR_CHOICES } from './paint.js';

// Options that several commands have.

export const colour = (): Option =>
  new Option('--color <when>', 'colours: on a terminal, always or never (NO_COLOR and FORCE_COLOR count too)')
    .choices([...COLOUR_CHOICES])
    .default('auto');
export const arch = (): Option => new Option('--arch <arch>', 'processor of the guest').choices(['x64', 'arm64']);
