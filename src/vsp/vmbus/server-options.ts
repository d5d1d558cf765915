import { vmbus_connection, vmbus_feature_flags, vmbus_version } from '../../abi/vmbus/version.js';
import type { LogSink } from '../../ports/log-sink.js';

/** `refuse` offers no monitored channel, whatever pages the guest names; `serve` watches the pages for the channels that ask. */
export type MonitorPages = 'refuse' | 'serve';

export interface ServerOptions {
  /** Newest version that is accepted, major << 16 | minor; 6.0 by default. */
  readonly maxVersion?: number;
  /** Feature bits granted from 6.0 on (vmbus_feature_flags); what the host cannot do is left out whatever they say. */
  readonly features?: number;
  /** Relids are `first`, `first + step`, …; 1 and 1 by default. A relid is given again when all others were used. */
  readonly relids?: { readonly first: number; readonly step: number };
  /** Added to the relid for the event connection of a channel; 0x2000 (SINT 2) by default. */
  readonly connectionBase?: number;
  /** Message connection that the version response names from 5.0 on; 1 by default. It is served besides 1 and 4. */
  readonly messageConnection?: number;
  readonly monitorPages?: MonitorPages;
  /** Microseconds between two looks at served monitor pages; 1000 by default. */
  readonly monitorIntervalUs?: number;
  /** GPAs of monitor pages that the host has set aside for guests that can take them (feature 0x40). */
  readonly serverMonitorPages?: { readonly parentToChild: number; readonly childToParent: number };
  /** The guest's connection is trusted: confidential channels (feature 0x10) can be agreed on. */
  readonly trusted?: boolean;
  /** Signals both ends of a channel once so long after its open, for guests that lose early interrupts; never by default. */
  readonly pokeAfterOpenUs?: number;
  /** Page numbers that all GPADLs together may hold; 2^20 (4 GiB) by default. */
  readonly maxGpadlPages?: number;
  readonly log?: LogSink;
}

/** Options with the defaults filled in. */
export interface ServerRules {
  readonly maxVersion: number;
  readonly features: number;
  readonly relids: { readonly first: number; readonly step: number };
  readonly connectionBase: number;
  readonly messageConnection: number;
  readonly monitorPages: MonitorPages;
  readonly monitorIntervalUs: number;
  readonly serverMonitorPages: { readonly parentToChild: number; readonly childToParent: number } | undefined;
  readonly pokeAfterOpenUs: number | undefined;
  readonly maxGpadlPages: number;
  readonly log: LogSink;
}

const F = vmbus_feature_flags;
const ALWAYS = F.guest_specified_signal_parameters | F.modify_connection | F.client_id | F.pause_resume;

export function rulesOf(options: ServerOptions): ServerRules {
  const confidential = options.trusted === true ? F.VMBUS_FEATURE_FLAG_CONFIDENTIAL_CHANNELS : 0;
  const monitors = options.serverMonitorPages === undefined ? 0 : F.server_specified_monitor_pages;
  return {
    maxVersion: options.maxVersion ?? vmbus_version.VERSION_WIN10_V6_0,
    features: (options.features ?? ALWAYS | confidential | monitors) & (ALWAYS | confidential | monitors),
    relids: options.relids ?? { first: 1, step: 1 },
    connectionBase: options.connectionBase ?? 0x2000,
    messageConnection: options.messageConnection ?? vmbus_connection.VMBUS_MESSAGE_CONNECTION_ID,
    monitorPages: options.monitorPages ?? 'refuse',
    monitorIntervalUs: options.monitorIntervalUs ?? 1000,
    serverMonitorPages: options.serverMonitorPages,
    pokeAfterOpenUs: options.pokeAfterOpenUs,
    maxGpadlPages: options.maxGpadlPages ?? 1 << 20,
    log: options.log ?? (() => undefined),
  };
}
