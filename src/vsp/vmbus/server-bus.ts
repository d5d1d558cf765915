import type { HostPort } from '../../ports/host-port.js';
import type { GpadlAssembly } from './gpadl-table.js';
import { MonitorWatch } from './monitor-watch.js';
import { Outbox } from './outbox.js';
import { RelidPool } from './relid-pool.js';
import type { ServerChannel } from './server-channel.js';
import type { ServerRules } from './server-options.js';

export interface MonitorPair {
  readonly parentToChild: number;
  readonly childToParent: number;
}

/** What was agreed with the guest. */
export interface Connection {
  readonly version: number;
  readonly features: number;
  /** VP that messages go to. */
  readonly vp: number;
  /** GPA of the shared interrupt page; before 2.4 only. */
  readonly interruptPage: number | undefined;
  /** The pages that monitored channels use, where they are served. */
  monitor: MonitorPair | undefined;
  offersRequested: boolean;
}

/** Everything that the parts of the server share. */
export class ServerBus {
  readonly port: HostPort;
  readonly rules: ServerRules;
  readonly outbox: Outbox;
  readonly monitors: MonitorWatch;
  readonly relids: RelidPool;
  /** By relid, in the order in which they came. */
  readonly channels = new Map<number, ServerChannel>();
  /** GPADLs of which messages are missing, by id. */
  readonly assemblies = new Map<number, GpadlAssembly>();
  connection: Connection | undefined;
  /** Cost of all GPADLs there are. */
  gpadlCost = 0;

  constructor(port: HostPort, rules: ServerRules) {
    this.port = port;
    this.rules = rules;
    this.outbox = new Outbox(port, rules.log);
    this.monitors = new MonitorWatch(port.queue, port.memory, rules.monitorIntervalUs);
    this.relids = new RelidPool(rules.relids);
  }

  /** A channel that the guest knows by this connection's offers. */
  known(relid: number): ServerChannel | undefined {
    const channel = this.channels.get(relid);
    return channel?.offered === true ? channel : undefined;
  }

  /** Logs a message that is not acted on. */
  drop(type: number, why: string, fields: Readonly<Record<string, unknown>> = {}): void {
    this.rules.log({ level: 'warn', code: 'vmbus-message-dropped', fields: { type, why, ...fields } });
  }
}
