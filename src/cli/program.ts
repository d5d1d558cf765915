import { Command, InvalidArgumentError, Option } from 'commander';
import { FLUSHES, GENERATIONS, HABITS, RECORDED_DRIVERS } from '../rig/compare/choices.js';
import { parseCount, parseDirection, parseU64, parseVersion } from './arguments.js';
import type { CompareCommandOptions } from './commands/compare.js';
import type { DecodeOptions } from './commands/decode.js';
import type { EncodeOptions } from './commands/encode.js';
import type { ExplainOptions } from './commands/explain.js';
import type { FixturesOptions } from './commands/fixtures.js';
import type { LayoutOptions } from './commands/layout.js';
import type { ListOptions } from './commands/list.js';
import type { ReplayCommandOptions } from './commands/replay.js';
import type { TimelineCommandOptions } from './commands/timeline.js';
import { arch, colour } from './common-options.js';
import { UsageError } from './exit.js';
import { addServe, addSimulate } from './machine-commands.js';
import type { ColourChoice } from './paint.js';
import { VERSION } from './version.js';

/** The command line. Each command loads its code when it runs, so that start-up pays for one of them only. */
export function buildProgram(): Command {
  const program = new Command('hvabi')
    .description('Reads and writes the Hyper-V ABI: hypercalls, SynIC and VMBus messages, ring packets, vPCI.')
    .version(VERSION)
    .configureHelp({ helpWidth: 100 })
    .showHelpAfterError(false);
  addDecode(program);
  addTimeline(program);
  addEncode(program);
  addLayout(program);
  addExplain(program);
  addList(program);
  addFixtures(program);
  addServe(program);
  addSimulate(program);
  addReplay(program);
  addCompare(program);
  program
    .command('demo', { hidden: true })
    .addOption(colour())
    .action(async (options: { color: ColourChoice }) => {
      const { runDemo } = await import('./commands/demo.js');
      process.exitCode = runDemo(options.color);
    });
  for (const command of [program, ...program.commands, ...program.commands.flatMap((c) => c.commands)])
    catchUsage(command);
  return program;
}

/** Commander ends the process with 1 and prints its own words; here a wrong command line is 2, with a remedy. */
function catchUsage(command: Command): void {
  command.exitOverride((error) => {
    throw new UsageError(error, command);
  });
  command.configureOutput({ writeErr: () => undefined, outputError: () => undefined });
}

const abi = (): Option =>
  new Option('--abi <name>', 'ABI version where a struct has several: linux-6.12, linux-7.3, …');

const filter = (about: string): Option =>
  new Option('--filter <key=glob>', about).argParser(collect).default([], 'all');

function collect(value: string, before: readonly string[]): string[] {
  if (value.indexOf('=') < 1) throw new InvalidArgumentError('Takes KEY=GLOB, such as name=HVCALL_*.');
  return [...before, value];
}

function addDecode(program: Command): void {
  program
    .command('decode')
    .description('Shows the bytes of a capture, a dump or a page as named fields')
    .argument('[file]', 'input; - or none is standard input')
    .option(
      '--format <name>',
      'trace, pages, raw, hex or a dialect of it (xxd, hexdump, od, windbg, …); else recognised',
    )
    .option(
      '--as <name>',
      'struct, hypercall or message that plain bytes are; ring, veventq or faultq for what a ring or a queue gave',
    )
    .option('--control <word>', 'control word of plain input pages', parseU64)
    .addOption(arch())
    .option('--proto <version>', 'vPCI protocol version, such as 1.4', parseVersion)
    .option('--direction <way>', 'g2h (guest to host) or h2g', parseDirection)
    .addOption(abi())
    .option('--offset <bytes>', 'first byte of the input to read', parseCount)
    .option('--length <bytes>', 'bytes to read', parseCount)
    .option('--stride <bytes>', 'bytes from one structure to the next (default: 4096 for hypercalls)', parseCount)
    .option('--jsonl', 'one JSON object per record')
    .option('--json', 'one JSON array of all records')
    .option('--summary', 'counts by call and message instead of records')
    .option('--brief', 'one line per record')
    .option(
      '--check',
      'encode every decoded value again and compare; the last line counts, the exit is 1 on a difference',
    )
    .option('--strict', 'issues (reserved bits set, trailing bytes, …) make the exit 1')
    .addOption(filter('only records whose KEY, a dotted path of the JSON object, matches; repeatable, all must match'))
    .option('-q, --quiet', 'print no records')
    .option('-v, --verbose', 'unfold lists, dumps and zero words')
    .addOption(colour())
    .addHelpText(
      'after',
      `
Examples:
  hvabi decode events.jsonl --filter name=HVCALL_MAP_DEVICE_GPA_PAGES
  hvabi decode events.jsonl --check -q
  hvabi decode page.bin --control 0x1fb000000b3
  dmesg | hvabi decode --as hv_input_post_message
  hvabi decode dump.txt --as PCI_CREATE_INTERRUPT_MESSAGE3 --jsonl | jq .value`,
    )
    .action(async (file: string | undefined, options: DecodeOptions) => {
      const { runDecode } = await import('./commands/decode.js');
      process.exitCode = runDecode(file, options);
    });
}

function addTimeline(program: Command): void {
  program
    .command('timeline')
    .description('Tells what happened in a capture, as simulate and serve do while they make it')
    .argument('[file]', 'trace; - or none is standard input')
    .addOption(arch())
    .addOption(filter('only events that match, as in decode; repeatable, all must match'))
    .option('-v, --verbose', 'a line for every event')
    .addOption(colour())
    .addHelpText(
      'after',
      `
Examples:
  hvabi timeline boot.hvc.jsonl
  hvabi timeline events.jsonl --filter kind=hypercall --filter 'name=HVCALL_*DEVICE*'`,
    )
    .action(async (file: string | undefined, options: TimelineCommandOptions) => {
      const { runTimeline } = await import('./commands/timeline.js');
      process.exitCode = runTimeline(file, options);
    });
}

function addEncode(program: Command): void {
  program
    .command('encode')
    .description('Writes the bytes of a JSON value')
    .argument('[json]', 'file with the value; - or none is standard input; text that starts with { is the value itself')
    .requiredOption('--as <name>', 'struct, hypercall or message')
    .option('--defaults', 'missing fields are zero, missing lists empty')
    .addOption(arch())
    .addOption(abi())
    .addOption(
      new Option('--to <form>', 'form of the output (default: hex; raw into a file)').choices([
        'hex',
        'raw',
        'xxd',
        'json',
      ]),
    )
    .option('-o, --out <file>', 'write to a file instead of standard output')
    .addOption(colour())
    .addHelpText(
      'after',
      `
A hypercall takes { "input": {…}, "control": "0x…" } or the input alone; the control word, made from the rep count
when it is not given, is printed on standard error and, with --to json, beside the bytes. A message fills in its own type.

Examples:
  hvabi encode --as PCI_QUERY_PROTOCOL_VERSION '{"protocol_version": {"minor_version": 4, "major_version": 1}}'
  hvabi encode --as HVCALL_MAP_DEVICE_GPA_PAGES --defaults '{"gpa_page_list": ["0x100000"]}' --to xxd`,
    )
    .action(async (json: string | undefined, options: EncodeOptions) => {
      const { runEncode } = await import('./commands/encode.js');
      process.exitCode = runEncode(json, options);
    });
}

function addLayout(program: Command): void {
  program
    .command('layout')
    .description("Shows the layout of a struct, of a call or of a message in pahole's text")
    .argument('[name]', 'struct, union, hypercall or message')
    .option('--all', 'every struct and union')
    .addOption(arch())
    .addOption(abi())
    .option('-E, --expand', 'write named member types out in place')
    .option('--json', 'members with bit offsets as JSON')
    .addOption(colour())
    .action(async (name: string | undefined, options: LayoutOptions) => {
      const { runLayout } = await import('./commands/layout.js');
      process.exitCode = runLayout(name, options);
    });
}

function addExplain(program: Command): void {
  program
    .command('explain')
    .description('Says what a value is: control word, status, device id, MSI, GUID, register, message type, …')
    .argument('<value...>', '64-bit values (0x…, decimal), GUIDs or names')
    .option(
      '--as <kind>',
      'one reading: control, result, status, device-id, msi-address, … or the name of a register or struct',
    )
    .addOption(arch())
    .option('--json', 'readings as JSON')
    .addOption(colour())
    .addHelpText(
      'after',
      `
Examples:
  hvabi explain 0x1fb000000b3
  hvabi explain 0x4000000000000018
  hvabi explain 44c4f61d-4444-4400-9d52-802e27ede19f
  hvabi explain 0x15f5001 --as HV_X64_MSR_HYPERCALL`,
    )
    .action(async (values: string[], options: ExplainOptions) => {
      const { runExplain } = await import('./commands/explain.js');
      process.exitCode = runExplain(values, options);
    });
}

function addList(program: Command): void {
  program
    .command('list')
    .description('Lists what is known')
    .argument('[what]', 'hypercalls, vmbus, vpci, iommufd, smmuv3, structs, status, msrs or guids; none counts them')
    .option('--json', 'rows as JSON')
    .addOption(colour())
    .action(async (what: string | undefined, options: ListOptions) => {
      const { runList } = await import('./commands/list.js');
      process.exitCode = runList(what, options);
    });
}

function addFixtures(program: Command): void {
  const fixtures = program.command('fixtures').description('Golden fixtures for other implementations');
  fixtures
    .command('generate')
    .description('Writes zero, all-ones, boundary and seeded values of every struct, hypercall and message')
    .argument('<dir>', 'folder, made when it is not there')
    .addOption(new Option('--for <reader>', 'form of the files').choices(['json', 'hex']).default('json'))
    .addOption(new Option('--seed <number>', 'first seed of the random values').argParser(parseCount).default(1))
    .action(async (folder: string, options: FixturesOptions) => {
      const { runFixtures } = await import('./commands/fixtures.js');
      process.exitCode = runFixtures(folder, options);
    });
}

function addReplay(program: Command): void {
  program
    .command('replay')
    .description('Makes the recorded calls of device domains again and compares the answers')
    .argument('<capture>', 'trace, or the folder with its events.jsonl; - is standard input')
    .option(
      '--knob <name=value>',
      'a setting of the recorded host, such as dom_chunk=100; repeatable',
      (value: string, before: readonly string[]) => [...before, value],
      [],
    )
    .option('--json', 'what was compared and what differs, as JSON')
    .option('-q, --quiet', 'no line for each difference')
    .addOption(colour())
    .addHelpText(
      'after',
      `
The host that answers has the rules of the one in the recordings of the Linux IOMMU series; what it did for reasons
of its own (calls done in parts, refused pages) is told by the capture: as a setting of the host where one explains
all of it, else as recorded, with the numbers of the events. Exit 1 on a difference.

Example:
  hvabi replay events.jsonl`,
    )
    .action(async (capture: string, options: ReplayCommandOptions) => {
      const { runReplay } = await import('./commands/replay.js');
      process.exitCode = runReplay(capture, options);
    });
}

function addCompare(program: Command): void {
  program
    .command('compare')
    .description('Asks our IOMMU driver for what a recorded one was asked for, and compares its calls')
    .argument('<capture>', 'trace, or the folder with its events.jsonl; - is standard input')
    .addOption(
      new Option('--driver <kind>', 'whose driver it is (default: by its calls)').choices([...RECORDED_DRIVERS]),
    )
    .addOption(
      new Option('--generation <name>', 'of the root series (default: the one that fits)').choices([...GENERATIONS]),
    )
    .addOption(
      new Option('--habits <name>', "a recorded driver's where something fails (default: own if they fit)").choices([
        ...HABITS,
      ]),
    )
    .addOption(
      new Option('--flush <strategy>', "of the guest's driver (default: the one that fits)").choices([...FLUSHES]),
    )
    .option('--detach-first', "of the guest's driver: a detach before each attach")
    .option('--json', 'what was compared and what differs, as JSON')
    .option('-q, --quiet', 'no line for each difference')
    .addOption(colour())
    .addHelpText(
      'after',
      `
Requests are read from the notes that the recorded guest left between its calls; the answers are the recorded ones.
What is not given is found out: the choice under which the fewest calls differ. Exit 1 on a difference.

Example:
  hvabi compare events.jsonl`,
    )
    .action(async (capture: string, options: CompareCommandOptions) => {
      const { runCompare } = await import('./commands/compare.js');
      process.exitCode = runCompare(capture, options);
    });
}
