import { suite } from 'uvu';
import { bits } from '../../src/layout/bits.js';
import { perArch, versions } from '../../src/layout/group.js';
import { rep } from '../../src/layout/list.js';
import { messages } from '../../src/layout/messages.js';
import { enumeration, u8 } from '../../src/layout/scalar.js';
import { struct } from '../../src/layout/struct.js';
import { anon, union } from '../../src/layout/union.js';
import { checkWrong, loose } from '../support/wrong-table.js';

const pair = struct('pair', 2, { a: u8, b: u8 });
const pairs = struct('pairs', 1, { n: u8, list: rep(pair) });

const names = suite('layout: wrong names');

checkWrong(names, 'E_LAYOUT_NAME', [
  [
    'an integer for a key',
    () => struct('s', 2, loose<never>({ b: u8, 1: u8 })),
    's: key "1" looks like an integer: objects would reorder it',
  ],
  [
    'an integer for an arm',
    () => union('u', 1, { 0: u8 }),
    'u: key "0" looks like an integer: objects would reorder it',
  ],
  [
    'an integer for a bit-field',
    () => bits('b', u8, { 8: 8 }),
    'b: key "8" looks like an integer: objects would reorder it',
  ],
  [
    'an integer for a constant',
    () => enumeration('e', { 1: 1 }),
    'e: key "1" looks like an integer: objects would reorder it',
  ],
  ['a key that is no identifier', () => struct('s', 1, loose<never>({ 'a-b': u8 })), 's: "a-b" cannot be a name'],
  ['a key that is code', () => struct('s', 1, loose<never>({ 'a:1}/*': u8 })), 's: "a:1}/*" cannot be a name'],
  ['a struct name that is code', () => struct('s(){}/*', 1, { a: u8 }), 's(){}/*: "s(){}/*" cannot be a name'],
  ['a union name that is code', () => union('u v', 1, { a: u8 }), 'u v: "u v" cannot be a name'],
  ['a bits name that is code', () => bits('b.c', u8, { a: 8 }), 'b.c: "b.c" cannot be a name'],
  [
    'a key that objects take for something else',
    () => struct('s', 1, loose<never>({ ['__proto__']: u8 })),
    's: "__proto__" cannot be a name',
  ],
  ['an arm with the name of the bytes of no arm', () => union('u', 1, { raw: u8 }), 'u: "raw" cannot be a name'],
  ['an arm with the name of the bytes behind one', () => union('u', 1, { tail: u8 }), 'u: "tail" cannot be a name'],
  [
    'a member of an unnamed struct that its owner has too',
    () => struct('s', 2, loose<never>({ a: u8, inner: anon(struct({ a: u8 })) })),
    's.a: field is declared twice',
  ],
  [
    'a bit-field of unnamed bits that another has too',
    () => struct('s', 2, { x: anon(bits(u8, { a: 8 })), y: anon(bits(u8, { a: 8 })) }),
    's.a: field is declared twice',
  ],
  ['versions of two names', () => versions({ v1: pair, v2: pairs }), 'pair: versions of pair cannot hold pairs'],
  ['architectures of two names', () => perArch({ x64: pair, arm64: pairs }), 'perArch holds pair and pairs'],
  [
    'a message type used twice',
    () => messages('m', { A: { code: 1, is: [] }, B: { code: 1, is: [] } }),
    'm.B: code 0x1 is used twice',
  ],
  [
    'an alias that is a message',
    () => messages('m', { A: { code: 1, is: [] }, B: { code: 2, is: [], alias: ['A'] } }),
    'm.A: name is used twice',
  ],
]);

names.run();
