/** What a line of standard input asks the host for. */
export type HostCommand = 'eject' | 'relations' | 'rescind' | 'reoffer';

export const HOST_COMMANDS: readonly HostCommand[] = ['eject', 'relations', 'rescind', 'reoffer'];

/** The command of a line; undefined for any other text. */
export function commandOf(line: string): HostCommand | undefined {
  const word = line.trim().toLowerCase();
  return HOST_COMMANDS.find((command) => command === word);
}
