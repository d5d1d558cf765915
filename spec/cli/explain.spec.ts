import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { hvabi } from './run-cli.js';

const test = suite('cli: explain');

const linesOf = (args: readonly string[]): string[] =>
  hvabi(['explain', ...args])
    .out.split('\n')
    .filter((line) => line !== '');

test('numbers of ioctls and events, and their names', () => {
  assert.equal(linesOf(['0x3b93', 'IOMMU_DESTROY', 'EVT_ID_ACCESS_FAULT']), [
    '0x3b93  0x0000000000003b93  15251',
    '  ● ioctl of /dev/iommu IOMMU_VEVENTQ_ALLOC  --as ioctl',
    '      · takes iommu_veventq_alloc: 32 bytes, 28 at least',
    'IOMMU_DESTROY',
    '  ● ioctl of /dev/iommu IOMMU_DESTROY  --as ioctl',
    '      · takes iommu_destroy: 8 bytes',
    'EVT_ID_ACCESS_FAULT',
    '  ● event of the SMMUv3 EVT_ID_ACCESS_FAULT  --as smmuv3-event',
  ]);
});

test('names that are none', () => {
  for (const name of ['EVT_ID_NOTHING', 'constructor']) {
    const { code, err } = hvabi(['explain', name]);
    assert.is(code, 2);
    assert.match(err, new RegExp(`"${name}" is no 64-bit value`));
  }
});

test.run();
