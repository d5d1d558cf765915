import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { hv_input_map_device_gpa_pages } from '../../src/abi/hv/device-attach.js';
import { hexToBytes } from '../../src/bytes/hex.js';
import { decode, encode } from '../../src/layout/codec.js';
import { bundleShipped, loadBundle } from '../support/bundle.js';
import { canonical, outcome } from '../support/canonical.js';
import { withTempFolder } from '../support/project.js';

// Who reads and writes one struct in a browser carries that struct and its code: not the other declarations, and not the
// engines that could make code for any of them.

const MOST_BYTES = 15_000;

const ENTRY = `
import { decode, encode, hv_input_map_device_gpa_pages } from '%/src/index.ts';
export const read = (bytes: Uint8Array) => decode(hv_input_map_device_gpa_pages, bytes);
export const write = (value: ReturnType<typeof read>) => encode(hv_input_map_device_gpa_pages, value);
`;

interface Bundle {
  read(bytes: Uint8Array): unknown;
  write(value: unknown): Uint8Array;
}

const PAGE = hexToBytes(
  `ffffffffffffffff0000000000000000000000000100000012000000030000000000100000000000${'3412000000000000'.repeat(3)}`,
);

const law = suite('law: bundle size');

law('decode and encode of one struct is a small bundle that runs anywhere', async () => {
  await withTempFolder(async (folder) => {
    const text = await bundleShipped(ENTRY, folder, { minify: true, platform: 'browser' });
    assert.ok(text.length < MOST_BYTES, `${text.length} bytes`);
    assert.not.match(text, /node:|\brequire\b|\bFunction\(|\beval\(/);

    const { read, write } = await loadBundle<Bundle>(text, folder);
    const value = decode(hv_input_map_device_gpa_pages, PAGE);
    const same = read(PAGE) as typeof value;
    // Lists of the bundle are of a class of its own.
    const plain = (one: typeof value): string => canonical({ ...one, gpa_page_list: one.gpa_page_list.toArray() });
    assert.is(plain(same), plain(value));
    assert.is(canonical(write(same)), canonical(PAGE));
    assert.is(
      canonical(write({ ...same, gpa_page_list: [1n, 2n] })),
      canonical(encode(hv_input_map_device_gpa_pages, { ...value, gpa_page_list: [1n, 2n] })),
    );
  });
});

law('its errors say what those of the whole library say', async () => {
  await withTempFolder(async (folder) => {
    const { read, write } = await loadBundle<Bundle>(
      await bundleShipped(ENTRY, folder, { minify: true, platform: 'browser' }),
      folder,
    );
    const says = (call: () => unknown): string => {
      try {
        return canonical(call());
      } catch (error) {
        return (error as Error).message;
      }
    };
    for (let length = 0; length < 40; length++) {
      const cut = PAGE.subarray(0, length);
      assert.is(
        says(() => read(cut)),
        says(() => decode(hv_input_map_device_gpa_pages, cut)),
      );
    }
    const value = decode(hv_input_map_device_gpa_pages, PAGE);
    const list = [1n];
    const wrong: object[] = [
      { ...value, gpa_page_list: list, map_flags: -1 },
      { ...value, gpa_page_list: list, map_flags: 'rw' },
      { ...value, gpa_page_list: list, target_device_va_base: 1n << 64n },
      { ...value, gpa_page_list: list, target_vtl: { target_vtl: 16, use_target_vtl: false } },
      { ...value, gpa_page_list: list, padding: new Uint8Array(2) },
      { ...value, gpa_page_list: list, device_domain: undefined },
      { ...value, gpa_page_list: [1n, 2] },
      { ...value, gpa_page_list: 7 },
    ];
    for (const one of wrong) {
      const expected = outcome(() => encode(hv_input_map_device_gpa_pages, one as typeof value));
      assert.match(expected, /^EncodeError E_/);
      assert.is(
        says(() => write(one)),
        says(() => encode(hv_input_map_device_gpa_pages, one as typeof value)),
      );
    }
  });
});

law.run();
