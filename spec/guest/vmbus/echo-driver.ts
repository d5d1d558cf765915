import * as assert from 'uvu/assert';
import type { VmbusChannel, VmbusDriver } from '../../../src/guest/vmbus/vmbus-channel.js';
import { DONE, type Outcome } from '../../../src/ports/outcome.js';
import { ReceivedPacket } from '../../../src/ring/ring-packet.js';
import type { Routine } from '../../../src/sched/routine.js';
import { EchoDevice } from '../../vsp/vmbus/echo-device.js';
import type { PairedHost } from './paired-host.js';

/** Opens its channel and answers to nothing but completions. */
export class EchoDriver implements VmbusDriver {
  readonly interfaceIds = [new EchoDevice().interfaceId];
  readonly diary: string[] = [];
  readonly channels: VmbusChannel[] = [];
  *probe(channel: VmbusChannel): Routine<Outcome> {
    this.diary.push(`probe ${channel.offer.instanceId[7]}`);
    const opened = yield* channel.open({ sendBytes: 16384, receiveBytes: 16384, onPackets: () => this.read(channel) });
    this.diary.push(opened.ok ? 'open' : opened.errno);
    if (opened.ok) this.channels.push(channel);
    return opened;
  }
  *remove(channel: VmbusChannel): Routine {
    this.diary.push(`remove${channel.rescinded ? ' rescinded' : ''}`);
    if (channel.isOpen) yield* channel.close();
  }
  *suspend(channel: VmbusChannel): Routine<Outcome> {
    this.diary.push(`suspend ${channel.offer.instanceId[7]}`);
    return yield* channel.close();
  }
  *resume(channel: VmbusChannel): Routine<Outcome> {
    this.diary.push(`resume ${channel.offer.instanceId[7]}`);
    return yield* channel.open({ sendBytes: 16384, receiveBytes: 16384, onPackets: () => this.read(channel) });
  }
  private read(channel: VmbusChannel): void {
    const packet = new ReceivedPacket(256);
    while (channel.receive(packet) === 'ok') channel.requests.take(packet.transactionId ?? 0n)?.(packet);
  }
}

/** The guest is connected, and its driver has what it was offered. */
export function connected(pair: PairedHost): EchoDriver {
  const driver = new EchoDriver();
  pair.client.register(driver);
  assert.equal(pair.run(pair.client.connect()), DONE);
  pair.run(pair.client.settle());
  return driver;
}
