import { failure } from '../../ports/outcome.js';
import type { ConfigBlocks } from './config-blocks.js';

/** Configuration blocks of a guest without virtual PCI: drivers can be made to use them all the same (VPCI-113). */
export const NO_CONFIG_BLOCKS: ConfigBlocks = {
  // biome-ignore lint/correctness/useYield: there is nothing to wait for
  *read() {
    return failure('EOPNOTSUPP');
  },
  // biome-ignore lint/correctness/useYield: there is nothing to wait for
  *write() {
    return failure('EOPNOTSUPP');
  },
  onInvalidate: () => failure('EOPNOTSUPP'),
};
