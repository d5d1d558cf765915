import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { hv_status } from '../../src/abi/hv/status.js';
import { bytesToHex, hexToBytes } from '../../src/bytes/hex.js';
import { hiOf, loOf } from '../../src/bytes/word.js';
import type { FlushRequest } from '../../src/hypervisor/partition-options.js';
import type { PostedMessage } from '../../src/ports/host-port.js';
import { readProjectText } from '../support/project.js';
import { INPUT, OUTPUT, PartitionRig } from './partition-rig.js';

interface Row {
  readonly name: string;
  readonly control: string;
  readonly input: string;
  readonly expect: Readonly<Record<string, string>>;
  readonly result?: string;
}

const { cases } = JSON.parse(readProjectText('fixtures/vectors/hypercall-inputs.json')) as { cases: Row[] };
const VPS = [0, 1, 2, 3, 64, 65];
const FAST = 0x10000;

/** VPs that a case names: the mask, the banks, or all. */
function vpsOf({ name }: Row): readonly number[] {
  if (/all processors|SET_ALL/.test(name)) return VPS;
  return VPS.filter((vp) => new RegExp(`VP (\\d+ and )?${vp}\\b`).test(name));
}

const inputs = suite('hypervisor: inputs of the kernels own tests');

inputs('there are 15', () => assert.is(cases.length, 15));

for (const row of cases) {
  inputs(`${row.name}`, () => {
    const flushes: FlushRequest[] = [];
    const posts: PostedMessage[] = [];
    const arch = row.result === undefined ? 'x64' : 'arm64';
    const rig = new PartitionRig({ arch, vps: VPS, onFlush: (request) => flushes.push(request) });
    for (let id = 0x10; id < 0x14; id++)
      rig.partition.listenMessages(id, (message) => {
        posts.push(message);
        return hv_status.HV_STATUS_SUCCESS;
      });
    const gate = rig.partition.gate(0);
    const control = BigInt(row.control);
    const bytes = hexToBytes(row.input);
    if ((loOf(control) & FAST) !== 0) {
      const registers = new BigUint64Array(14);
      new Uint8Array(registers.buffer).set(bytes);
      gate.hypercallFast(loOf(control), hiOf(control), registers);
    } else {
      rig.memory.write(INPUT, bytes);
      gate.hypercall(loOf(control), hiOf(control), INPUT, OUTPUT);
    }
    if (row.result !== undefined) {
      assert.equal([gate.resultLo, gate.resultHi], [Number(row.result), 0]);
      return;
    }
    assert.equal([gate.resultLo, gate.resultHi], [0, hiOf(control)]);
    const { expect } = row;
    if (expect.vector !== undefined)
      assert.equal(
        rig.interrupts,
        vpsOf(row).map((vp) => [vp, Number(expect.vector)]),
      );
    else if (expect.message_type !== undefined) {
      assert.is(posts.length, 1);
      assert.is(posts[0]!.type, Number(expect.message_type));
      const payload = new Uint8Array(8);
      new DataView(payload.buffer).setBigUint64(0, BigInt(expect['payload[0]']!), true);
      assert.is(bytesToHex(posts[0]!.payload), bytesToHex(payload));
    } else {
      assert.is(flushes.length, 1);
      const [flush] = flushes;
      assert.equal(flush!.vps, vpsOf(row));
      assert.is(flush!.flags, Number(expect.flags ?? '0x2'));
      assert.equal(flush!.ranges, expect['gva_list[0]'] === undefined ? [] : [BigInt(expect['gva_list[0]'])]);
    }
  });
}

inputs.run();
