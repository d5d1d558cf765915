import { suite } from 'uvu';
import { DomainIds, NULL_ID } from '../../src/guest/root-iommu/domain-ids.js';
import { SkipList } from '../../src/guest/root-iommu/skip-list.js';
import { twoSided } from './two-sided.js';

const s1 = suite('criticism of the root IOMMU: skip list and numbers');
const both = twoSided(s1);

/** Whether a list of functions has the one at device `device` of bus 0. */
type Skips = (list: string, device: number) => boolean;

const ENTRY = /\(([0-9a-f]+):([0-9a-f]+):([0-9a-f]+)\.([0-9a-f]+)\)/y;

/** Stops reading where an entry was read, and goes on where none was. */
const invertedScan: Skips = (list, device) => {
  let entry: number | undefined;
  for (let at = 0; at < list.length; at++) {
    ENTRY.lastIndex = at;
    const found = ENTRY.exec(list);
    if (found !== null) break;
    // Nothing was read that could be compared.
    if (entry === device) return true;
    entry = undefined;
  }
  return false;
};

both<Skips>('IOMMU-12: every entry of a skip list is read, up to the first malformed one', {
  check: (skips) => {
    const list = '(0:0:3.0)(0:0:4.0)(0:0:5.0)';
    return {
      'the first is skipped': skips(list, 3),
      'the second is skipped': skips(list, 4),
      'the last is skipped': skips(list, 5),
      'one in front of a malformed one is skipped': skips('(0:0:3.0)(0:0:zz.0)(0:0:5.0)', 3),
      'one behind a malformed one is not': !skips('(0:0:3.0)(0:0:zz.0)(0:0:5.0)', 5),
      'one that is not listed is not': !skips(list, 6) && !skips('', 3),
    };
  },
  ours: () => (list, device) => new SkipList(list).has({ segment: 0, bus: 0, device, function: 0 }),
  criticised: {
    'the test of the scan inverted': [
      () => invertedScan,
      'the first is skipped',
      'the second is skipped',
      'the last is skipped',
      'one in front of a malformed one is skipped',
    ],
  },
});

/** Numbers of domains. `takeInSteps` gives way to others where an algorithm can be interrupted; `toTheTop` goes to the last ones. */
interface Numbers {
  take(): number | undefined;
  give(id: number): void;
  takeInSteps(): Generator<void, number | undefined>;
  toTheTop(): void;
}

class OurNumbers extends DomainIds implements Numbers {
  // biome-ignore lint/correctness/useYield: a number is taken in one step
  *takeInSteps(): Generator<void, number | undefined> {
    return this.take();
  }

  toTheTop(): void {
    Reflect.set(this, 'next', NULL_ID - 2);
  }
}

/** One more than the last number, of 32 bits; a number that was given back is not used again. */
class PlusPlus implements Numbers {
  protected last = 0;

  take(): number | undefined {
    this.last = (this.last + 1) >>> 0;
    return this.last;
  }

  give(_id: number): void {}

  *takeInSteps(): Generator<void, number | undefined> {
    const read = this.last;
    yield;
    this.last = read + 1;
    return this.last;
  }

  toTheTop(): void {
    this.last = NULL_ID - 3;
  }
}

/** One step for each increment, as an atomic counter has it, and the end of the numbers is told. */
class Atomic extends PlusPlus {
  override take(): number | undefined {
    return this.last >= NULL_ID - 1 ? undefined : ++this.last;
  }

  // biome-ignore lint/correctness/useYield: an atomic increment is one step
  override *takeInSteps(): Generator<void, number | undefined> {
    return this.take();
  }
}

/** Two who take a number at the same time, a step each in turn. */
function atOnce(numbers: Numbers): (number | undefined)[] {
  const pair = [numbers.takeInSteps(), numbers.takeInSteps()];
  const results = pair.map((one) => one.next());
  return results.map((result, i) => {
    let step = result;
    while (step.done !== true) step = pair[i]!.next();
    return step.value;
  });
}

both<Numbers>(
  'IOMMU-22: numbers of domains: two that live never share one, none is 0 or all ones, and they do not run out',
  {
    check: (numbers) => {
      const [a, b] = atOnce(numbers);
      numbers.toTheTop();
      const top = Array.from({ length: 5 }, () => numbers.take());
      for (const id of top) if (id !== undefined) numbers.give(id);
      return {
        'two at the same time get two numbers': a !== undefined && a !== b,
        'none is that of the default or the null domain': !top.includes(0) && !top.includes(NULL_ID),
        'none is that of a domain that lives': !top.some((id) => id === a || id === b),
        'there are more where some were given back':
          top.every((id) => id !== undefined) && numbers.take() !== undefined,
      };
    },
    ours: () => new OurNumbers(),
    criticised: {
      'a counter that wraps, without a lock': [
        () => new PlusPlus(),
        'two at the same time get two numbers',
        'none is that of the default or the null domain',
        'none is that of a domain that lives',
      ],
      'a counter that ends': [() => new Atomic(), 'there are more where some were given back'],
    },
  },
);

s1.run();
