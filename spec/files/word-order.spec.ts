import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { hexToBytes } from '../../src/bytes/hex.js';
import { contradictsOrder, OrderVotes, type WordOrder, wordOrderOf } from '../../src/files/word-order.js';

const test = suite('files/word-order');

const rows: readonly (readonly [characters: string, shown: string, wordBytes: number, order: WordOrder])[] = [
  ['abcd', '61626364', 4, 'as-shown'],
  ['dcba', '61626364', 4, 'reversed'],
  ['badc', '61626364', 2, 'reversed'],
  ['a..a', '61000061', 4, 'either'],
  ['....', '01020304', 4, 'either'],
  ['.b..', '01020304', 4, 'neither'],
  // A dot may be a dot: 0x2e is printable.
  ['....', '2e002e2e', 4, 'either'],
  // A word cut short at the end is reversed within what is left of it.
  ['dcbafe', '616263646566', 4, 'reversed'],
  ['    ', '20202020', 4, 'either'],
  ['.~.~', '7f7e807e', 4, 'as-shown'],
];

for (const [characters, shown, wordBytes, order] of rows) {
  test(`"${characters}" over ${shown} in words of ${wordBytes}: ${order}`, () => {
    const bytes = hexToBytes(shown);
    assert.is(wordOrderOf(`>>${characters}`, 2, bytes, bytes.length, wordBytes), order);
    assert.is(contradictsOrder(characters, 0, bytes, bytes.length, wordBytes), order === 'reversed');
  });
}

test('votes count rows with characters and words with zeros at one end', () => {
  const votes = new OrderVotes();
  votes.addRow('abcd', 0, hexToBytes('61626364'), 4, 4);
  votes.addRow('dcba', 0, hexToBytes('61626364'), 4, 4);
  votes.addRow('....', 0, hexToBytes('00000001'), 4, 4);
  votes.addRow('', -1, hexToBytes('0000000100000200'), 8, 4);
  assert.equal([votes.asShown, votes.reversed, votes.withText, votes.valueLike], [1, 1, 3, 1 + 1 + 1]);
});

test.run();
