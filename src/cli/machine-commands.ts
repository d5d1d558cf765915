import { Argument, type Command, Option } from 'commander';
import { SCENARIO_NAMES, SERVED_IOMMUS } from '../rig/serve/scenario-names.js';
import { DMA_MODES, IOMMU_KINDS, SIMULATION_NAMES, type SimulationName } from '../rig/simulate/names.js';
import { parseCount, parseVersion } from './arguments.js';
import type { ServeOptions } from './commands/serve-options.js';
import type { SimulateCommandOptions } from './commands/simulate-options.js';
import { arch, colour } from './common-options.js';

// Commands that run a machine, or the host of one.

/** `hvabi serve`. */
export function addServe(program: Command): void {
  program
    .command('serve')
    .description('Is the hypervisor and the host of a guest that runs in another process')
    .requiredOption('--monitor <socket>', 'Unix socket to listen on for the monitor, which runs the guest')
    .requiredOption('--memory <file>', "file that is the guest's RAM, mapped by the monitor as well")
    .addOption(arch().default('x64'))
    .addOption(new Option('--scenario <name>', 'what the guest finds').choices([...SCENARIO_NAMES]).default('boot'))
    .addOption(
      new Option(
        '--iommu [rules]',
        'device domains, and DMA through them, as the host of the Linux recordings has them or by our own rules; x64 only',
      )
        .choices([...SERVED_IOMMUS])
        .preset('recorded')
        .default('off'),
    )
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

/** `hvabi simulate`. */
export function addSimulate(program: Command): void {
  program
    .command('simulate')
    .description('Runs hypervisor, host and guest against each other in this process, in virtual time')
    .addArgument(new Argument('<scenario>', 'what happens').choices([...SIMULATION_NAMES]))
    .option(
      '--seed <number>',
      'order of what is due at the same time, 32 bits (default: as it was asked for)',
      parseCount,
    )
    .option('--seeds <count>', 'so many orders, from --seed or 1 on, a line for each that fails', parseCount)
    .option('--workers', 'a Worker for each VP, in real time')
    .option('--record <file>', 'write everything that crosses into a capture that `hvabi decode` reads')
    .addOption(arch().default('x64'))
    .option('--proto <version>', 'newest vPCI version of the host, 1.1 to 1.4 (default: 1.4)', parseVersion)
    .addOption(
      new Option(
        '--iommu <domain>',
        "what disks get from the guest's IOMMU; off: it has none (default: off; pviommu, and with --dma: paging)",
      ).choices([...IOMMU_KINDS]),
    )
    .addOption(
      new Option('--dma <mode>', 'when unmaps are flushed: many at once, or each (default: lazy)').choices([
        ...DMA_MODES,
      ]),
    )
    .option('-v, --verbose', 'a line for every event and every check')
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
