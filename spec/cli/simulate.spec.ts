import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readProjectText, withTempFolder } from '../support/project.js';
import { hvabi } from './run-cli.js';

const test = suite('cli: simulate');

for (const page of ['simulate', 'iommu'])
  test(`the commands of docs/${page}.md: a recorded run is read back without a difference`, async () => {
    const text = readProjectText('docs', `${page}.md`);
    const lines = [...text.matchAll(/^ {4}hvabi (.*)$/gm)].map(([, line]) => line!);
    assert.is(lines.length, 3);
    await withTempFolder((folder) => {
      for (const line of lines) {
        const args = line.split(' ').map((arg) => (arg.endsWith('.jsonl') ? join(folder, arg) : arg));
        const { code, err, out } = hvabi(args);
        assert.equal([line, code, err], [line, 0, '']);
        assert.match(
          out,
          args[0] === 'decode' ? /(\d+) with bytes, \1 decoded, \1 re-encoded/ : /(\d+) of \1 checks hold/,
        );
      }
    });
  });

test('a timeline names what crosses, in both directions', () => {
  const { out, code } = hvabi(['simulate', 'boot']);
  assert.is(code, 0);
  for (const line of [
    /→ CHANNELMSG_INITIATE_CONTACT +version 5\.3/,
    /← CHANNELMSG_OFFERCHANNEL +channel 3 {2}HV_PCIE_GUID/,
    /→ PCI_CREATE_INTERRUPT_MESSAGE3 .*vector 0xef/,
    /→ HVCALL_RETARGET_INTERRUPT/,
    /→ PCI_EJECTION_COMPLETE/,
  ])
    assert.match(out, line);
});

test('quiet is one line a run; protocols are four runs; a version can be chosen', () => {
  const { out } = hvabi(['simulate', 'protocols', '-q']);
  assert.equal(
    out
      .trimEnd()
      .split('\n')
      .map((line) => /^multi, x64, vPCI (\S+): (\d+) of \2 checks hold/.exec(line)?.[1]),
    ['1.1', '1.2', '1.3', '1.4'],
  );
  assert.match(hvabi(['simulate', 'boot', '-q', '--proto', '1.2']).out, /^boot, x64, vPCI 1\.2: /);
});

test('many orders, and a Worker for each VP', () => {
  assert.is(hvabi(['simulate', 'hibernate', '--seeds', '20']).out, 'hibernate, x64: 20 of 20 orders hold\n');
  const { out, err, code } = hvabi(['simulate', 'boot', '--workers', '-q']);
  assert.equal([code, err], [0, '']);
  assert.match(out, /^boot, x64: (\d+) of \1 checks hold, \d+ events, [\d.]+ ms of real time\n$/);
});

for (const [args, title] of [
  [['pviommu'], 'pviommu, x64'],
  [['pviommu', '--iommu', 'blocked'], 'pviommu, x64, IOMMU blocked'],
  [['pviommu', '--iommu', 'off', '--workers'], 'pviommu, x64, IOMMU off'],
  [['races', '--iommu', 'paging', '--dma', 'strict', '--seed', '3'], 'races, x64, IOMMU paging, DMA strict'],
] as const)
  test(`E2E-01 an IOMMU in front of the disks: ${args.join(' ')}`, () => {
    const { out, err, code } = hvabi(['simulate', ...args, '-q']);
    assert.equal([code, err], [0, '']);
    assert.match(out, new RegExp(`^${title}: (\\d+) of \\1 checks hold`));
  });

test('E2E-01 a record of it: what the host translated and what it refused, in words', async () => {
  await withTempFolder((folder) => {
    const file = join(folder, 'pviommu.hvc.jsonl');
    assert.is(hvabi(['simulate', 'pviommu', '-q', '--record', file]).code, 0);
    const { out, code } = hvabi(['decode', file, '--check']);
    assert.is(code, 0);
    assert.match(out, /dma +device 0x37a94e00 {2}iova 0xffffd000 {2}gpa 0x[0-9a-f]+000 {2}length 4096 {2}access write/);
    assert.match(out, /iommu_fault +device 0x37a94e00 {2}iova 0x1000 {2}access write {2}reason not mapped/);
  });
});

test('a record of one of the protocols is read back', async () => {
  await withTempFolder((folder) => {
    const file = join(folder, 'old.hvc.jsonl');
    assert.is(hvabi(['simulate', 'protocols', '--proto', '1.1', '-q', '--record', file]).code, 0);
    const { code, err } = hvabi(['decode', file, '--check', '-q']);
    assert.equal([code, err], [0, '']);
  });
});

for (const [args, error] of [
  [['simulate'], /scenario/],
  [['simulate', 'nothing'], /boot, multi/],
  [['simulate', 'boot', '--proto', '2.0'], /^hvabi: --proto 2\.0: no such version\n {2}takes 1\.1, 1\.2, 1\.3, 1\.4/],
  [['simulate', 'boot', '--workers', '--seed', '1'], /--workers runs in real time/],
  [['simulate', 'boot', '--seeds', '2', '--record', 'x'], /--record keeps one run/],
  [['simulate', 'protocols', '--record', 'x'], /protocols makes four\n {2}name the one with --proto/],
  [['simulate', 'boot', '--seeds', '0'], /^hvabi: --seeds 0: no order to run\n {2}takes a count/],
  [['simulate', 'boot', '--record', 'no/such/x'], /^hvabi: no\/such\/x: cannot be written: no such folder\n {2}name a/],
  [['simulate', 'boot', '--iommu', 'all'], /paging, identity, blocked, off/],
  [['simulate', 'boot', '--iommu', 'blocked'], /--iommu blocked: boot needs its disks\n {2}pviommu shows/],
  [['simulate', 'boot', '--arch', 'arm64', '--iommu', 'paging'], /on x64 only\n {2}leave --arch out/],
  [['simulate', 'root-passthrough', '--dma', 'strict'], /has an IOMMU of its own\n {2}leave --iommu/],
] as const)
  test(`${args.join(' ')} is refused`, () => {
    const { code, err } = hvabi(args);
    assert.is(code, 2);
    assert.match(err, error);
  });

test.run();
