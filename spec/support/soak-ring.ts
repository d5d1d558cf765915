import { runTraffic } from './ring-traffic.js';

/** Ten million packets between two Workers, in rings of several sizes. Throws when one packet or one signal is wrong. */
export async function soakRing(packets = 10_000_000, seed = 1, say: (line: string) => void = () => {}): Promise<void> {
  const rings = [
    { dataBytes: 16384, maxPayload: 256 },
    { dataBytes: 4096, maxPayload: 1000 },
    { dataBytes: 65536, maxPayload: 4000 },
    { dataBytes: 12288, maxPayload: 64 },
  ];
  for (const [i, ring] of rings.entries()) {
    const share = Math.ceil(packets / rings.length);
    const start = (((seed + i) * 1032) % ring.dataBytes) & ~7;
    const result = await runTraffic({ ...ring, packets: share, seed: seed + i, start });
    if (result.fault !== '') throw new Error(`ring of ${ring.dataBytes} bytes, seed ${seed + i}: ${result.fault}`);
    say(`ring ${ring.dataBytes}: ${share} packets, ${result.wraps} wraps, ${result.counts.signals} signals: exact`);
  }
}
