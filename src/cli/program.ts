import { Argument, Command, InvalidArgumentError, Option } from 'commander';
import { SCENARIO_NAMES } from '../rig/serve/scenario-names.js';
import { DMA_MODES, IOMMU_KINDS, SIMULATION_NAMES, type SimulationName } from '../rig/simulate/names.js';
import { parseCount, parseDirection, parseU64, parseVersion } from './arguments.js';
import type { DecodeOptions } from './commands/decode.js';
import type { EncodeOptions } from './commands/encode.js';
import type { ExplainOptions } from './commands/explain.js';
import type { FixturesOptions } from './commands/fixtures.js';
import type { LayoutOptions } from './commands/layout.js';
import type { ListOptions } from './commands/list.js';
import type { ReplayCommandOptions } from './commands/replay.js';
import type { ServeOptions } from './commands/serve.js';
import type { SimulateCommandOptions } from './commands/simulate.js';
import { UsageError } from './exit.js';
import { COLOUR_CHOICES, type ColourChoice } from './paint.js';
import { VERSION } from './version.js';

/** The command line. Each command loads its code when it runs, so that start-up pays for one of them only. */
export function buildProgram(): Command {
  const program = new Command('hvabi')
    .description('Reads and writes the Hyper-V ABI: hypercalls, SynIC and VMBus messages, ring packets, vPCI.')
    .version(VERSION)
    .configureHelp({ helpWidth: 100 })
    .showHelpAfterError(false);
  addDecode(program);
  addEncode(program);
  addLayout(program);
  addExplain(program);
  addList(program);
  addFixtures(program);
  addServe(program);
  addSimulate(program);
  addReplay(program);
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

const colour = (): Option =>
  new Option('--color <when>', 'colours: on a terminal, always or never (NO_COLOR and FORCE_COLOR count too)')
    .choices([...COLOUR_CHOICES])
    .default('auto');
const arch = (): Option => new Option('--arch <arch>', 'processor of the guest').choices(['x64', 'arm64']);
const abi = (): Option =>
  new Option('--abi <name>', 'ABI version where a struct has several: linux-6.12, linux-7.3, …');

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
    .option('--as <name>', 'struct, hypercall or message that plain bytes are; `ring` for packets')
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
    .option(
      '--filter <key=glob>',
      'only records whose KEY, a dotted path of the JSON object, matches; repeatable, all must match',
      collect,
      [],
    )
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
    .argument('[what]', 'hypercalls, vmbus, vpci, structs, status, msrs or guids; none counts them')
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

function addServe(program: Command): void {
  program
    .command('serve')
    .description('Is the hypervisor and the host of a guest that runs in another process')
    .requiredOption('--monitor <socket>', 'Unix socket to listen on for the monitor, which runs the guest')
    .requiredOption('--memory <file>', "file that is the guest's RAM, mapped by the monitor as well")
    .addOption(arch().default('x64'))
    .addOption(new Option('--scenario <name>', 'what the guest finds').choices([...SCENARIO_NAMES]).default('boot'))
    .option('--vmbus-max <version>', 'newest VMBus version accepted, such as 4.0', parseVersion)
    .option('--vpci-max <version>', 'newest vPCI version accepted, such as 1.2', parseVersion)
    .option('--record <file>', 'write everything that crosses into a capture that `hvabi decode` reads')
    .option(
      '--tsc-hz <number>',
      "counts per second of the guest's time stamp counter (default: this machine's)",
      parseCount,
    )
    .option('-v, --verbose', 'a line for every event')
    .option('-q, --quiet', 'only the summary at the end')
    .addOption(colour())
    .addHelpText(
      'after',
      `
Lines on standard input: eject, relations (it comes back), rescind, reoffer. Ends with 0 when the monitor goes.

Example:
  hvabi serve --monitor /tmp/guest.sock --memory /dev/shm/guest.ram --record boot.hvc.jsonl`,
    )
    .action(async (options: ServeOptions) => {
      const { runServe } = await import('./commands/serve.js');
      process.exitCode = await runServe(options);
    });
}

function addSimulate(program: Command): void {
  program
    .command('simulate')
    .description('Runs hypervisor, host and guest against each other in this process, in virtual time')
    .addArgument(new Argument('<scenario>', 'what happens').choices([...SIMULATION_NAMES]))
    .option('--seed <number>', 'order of what is due at the same time (default: as it was asked for)', parseCount)
    .option('--seeds <count>', 'so many orders, from --seed or 1 on, a line for each that fails', parseCount)
    .option('--workers', 'a Worker for each VP, in real time')
    .option('--record <file>', 'write everything that crosses into a capture that `hvabi decode` reads')
    .addOption(arch().default('x64'))
    .option('--proto <version>', 'newest vPCI version of the host, such as 1.2', parseVersion)
    .addOption(
      new Option('--iommu <domain>', "what disks get from the guest's IOMMU; off: it has none").choices([
        ...IOMMU_KINDS,
      ]),
    )
    .addOption(new Option('--dma <mode>', 'when unmaps are flushed: many at once, or each').choices([...DMA_MODES]))
    .option('-v, --verbose', 'a line for every event')
    .option('-q, --quiet', 'only the result')
    .addOption(colour())
    .addHelpText(
      'after',
      `
Exit 1 when something is not as it has to be.

Examples:
  hvabi simulate boot
  hvabi simulate boot --arch arm64 --record boot.hvc.jsonl
  hvabi decode boot.hvc.jsonl --check -q
  hvabi simulate eject --seed 7 -q
  hvabi simulate eject --seeds 1000 -q
  hvabi simulate pviommu --iommu blocked`,
    )
    .action(async (scenario: SimulationName, options: SimulateCommandOptions) => {
      const { runSimulate } = await import('./commands/simulate.js');
      process.exitCode = await runSimulate(scenario, options);
    });
}

function addReplay(program: Command): void {
  program
    .command('replay')
    .description('Makes the recorded calls of device domains again and compares the answers')
    .argument('<capture>', 'trace, or the folder with its events.jsonl; - is standard input')
    .option('--json', 'what was compared and what differs, as JSON')
    .option('-q, --quiet', 'no line for each difference')
    .addOption(colour())
    .addHelpText(
      'after',
      `
The host that answers has the rules of the one in the recordings of the Linux IOMMU series; what it did for reasons
of its own (calls done in parts, refused pages) is taken from the capture, and counted. Exit 1 on a difference.

Example:
  hvabi replay captures/root-iommu`,
    )
    .action(async (capture: string, options: ReplayCommandOptions) => {
      const { runReplay } = await import('./commands/replay.js');
      process.exitCode = runReplay(capture, options);
    });
}
