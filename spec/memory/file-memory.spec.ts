import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesToHex } from '../../src/bytes/hex.js';
import { FileGuestMemory } from '../../src/memory/file-memory.node.js';
import { hasCompiler, runProgram } from '../support/compiler.js';
import { inProject } from '../support/project.js';
import { skipUnless } from '../support/skip.js';
import { refuses } from './thrown.js';
import { withFile } from './with-file.js';

const PAGE = 4096;
const file = suite('FileGuestMemory');

file('lends no window, and says so only inside the memory', () => {
  withFile(PAGE, (path) => {
    const memory = FileGuestMemory.open(path);
    assert.is(memory.window(0, PAGE), undefined);
    refuses('E_GPA', () => memory.window(8, PAGE), 8);
    memory.close();
  });
});

file('covers the whole pages of the file by default', () => {
  withFile(2 * PAGE + 100, (path) => {
    const memory = FileGuestMemory.open(path);
    assert.is(memory.size, 2 * PAGE);
    memory.writeU32(PAGE + 4, 0x0a0b_0c0d);
    memory.close();
    assert.is(bytesToHex(readFileSync(path).subarray(PAGE, PAGE + 12)), '000000000d0c0b0a00000000');
  });
});

file('a file that is empty, missing or becomes shorter', () => {
  withFile(0, (path) => refuses('E_GPA', () => FileGuestMemory.open(path)));
  withFile(0, (path) => {
    assert.throws(
      () => FileGuestMemory.open(`${path}-missing`),
      (error: NodeJS.ErrnoException) => error.code === 'ENOENT',
    );
  });
  withFile(2 * PAGE, (path) => {
    const memory = FileGuestMemory.open(path);
    truncateSync(path, PAGE);
    assert.is(memory.readU32(PAGE - 4), 0);
    refuses('E_GPA', () => memory.readU32(PAGE), PAGE);
    memory.close();
  });
});

file('a descriptor of the caller stays open', () => {
  withFile(PAGE, (path) => {
    const fd = openSync(path, 'r+');
    const memory = new FileGuestMemory(fd, [{ gpa: 0x10_0000, length: PAGE, offset: 0 }]);
    memory.storeU32(0x10_0000, 5);
    assert.is(new FileGuestMemory(fd).loadU32(0), 5);
    closeSync(fd);
  });
});

/** The part of the memory that a change of bits writes. */
class Recording extends FileGuestMemory {
  readonly written: [gpa: number, hex: string][] = [];

  override write(gpa: number, from: Uint8Array): void {
    this.written.push([gpa, bytesToHex(from)]);
    super.write(gpa, from);
  }
}

file('a change of bits writes only the bytes that change', () => {
  withFile(PAGE, (path) => {
    const fd = openSync(path, 'r+');
    const memory = new Recording(fd);
    assert.is(memory.orU32(8, 0x0100_0002), 0);
    assert.equal(memory.written, [
      [8, '02'],
      [11, '01'],
    ]);
    assert.is(memory.orU32(8, 0x0100_0002), 0x0100_0002);
    assert.is(memory.clearU32(8, 0x00ff_ff00), 0x0100_0002);
    assert.is(memory.written.length, 2);
    assert.is(memory.clearU32(8, 0xff00_0000), 0x0100_0002);
    assert.equal(memory.written[2], [11, '00']);
    closeSync(fd);
  });
});

/** Maps the file, says so, waits for a word, answers into the next page with what it read. */
const MAPPER = `
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>
int main(int count, char **argument) {
  int fd = open(argument[1], O_RDWR);
  volatile uint32_t *memory = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (count != 2 || memory == MAP_FAILED) return 1;
  puts("mapped");
  fflush(stdout);
  for (int turn = 0; turn < 20000; turn++) {
    uint32_t word = __atomic_load_n(&memory[16], __ATOMIC_ACQUIRE);
    if (word != 0) {
      memory[1025] = memory[2] + 1;
      __atomic_store_n(&memory[1024], ~word, __ATOMIC_RELEASE);
      __atomic_fetch_or(&memory[1026], 0x80000000u, __ATOMIC_ACQ_REL);
      return 0;
    }
    usleep(1000);
  }
  return 2;
}
`;

const whenGcc = skipUnless(hasCompiler('gcc'), 'no gcc on PATH');
whenGcc(file, 'a process that maps the file sees each word, and is seen', async () => {
  const folder = mkdtempSync(inProject('.build', 'temp-'));
  try {
    const [source, program, path] = ['mapper.c', 'mapper', 'memory'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    writeFileSync(source, MAPPER);
    writeFileSync(path, new Uint8Array(2 * PAGE));
    const made = runProgram('gcc', ['-O2', '-o', program, source]);
    assert.is(made.code, 0, made.output);
    const memory = FileGuestMemory.open(path);
    const child = spawn(program, [path], { stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = once(child, 'exit');
    await once(child.stdout, 'data');
    memory.writeU32(8, 0x4141_4141);
    memory.orU32(PAGE + 8, 1);
    memory.storeU32(64, 0x1234_5678);
    const [code] = (await ended) as [number | null];
    assert.is(code, 0);
    for (let turn = 0; memory.loadU32(PAGE) === 0 && turn < 100; turn++) await wait(1);
    assert.is(memory.loadU32(PAGE), ~0x1234_5678 >>> 0);
    assert.is(memory.readU32(PAGE + 4), 0x4141_4142);
    assert.is(memory.loadU32(PAGE + 8), 0x8000_0001);
    memory.close();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

file.run();
