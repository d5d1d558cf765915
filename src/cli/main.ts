#!/usr/bin/env node
import { Command } from 'commander';
import { VERSION } from './version.js';

const program = new Command('hvabi').description('Read and write the Hyper-V ABI').version(VERSION);
await program.parseAsync();
