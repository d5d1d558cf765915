// The ring of src/ring with one writing and one reading thread: the same control words, packets, checks and publish
// interval. Prints nanoseconds per packet, one line a round.
//
//   ring PAYLOAD_BYTES DATA_BYTES INTERVAL PACKETS ROUNDS [one]      "one": both ends in one thread
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { WRITE_INDEX = 0, READ_INDEX = 1, INTERRUPT_MASK = 2, PENDING = 3, FEATURES = 16, PAGE = 4096 };

typedef struct {
  uint16_t type, offset8, len8, flags;
  uint64_t id;
} descriptor;

static uint32_t *control;
static uint8_t *data;
static uint32_t size, payload_bytes, interval, packets, rounds;
static int started;

typedef struct {
  uint32_t cursor, published, seen, space;
  uint32_t payload[16384];
} writer;

typedef struct {
  uint32_t cursor, released, seen, left;
  uint32_t packet[16384];
} reader;

static writer w;
static reader r;

static uint32_t wrap(uint32_t at) { return at >= size ? at - size : at; }
static uint32_t distance(uint32_t from, uint32_t to) { return to >= from ? to - from : to - from + size; }
static uint32_t load(int word) { return __atomic_load_n(&control[word], __ATOMIC_SEQ_CST); }
static void store(int word, uint32_t value) { __atomic_store_n(&control[word], value, __ATOMIC_SEQ_CST); }

static uint32_t load_index(int word) {
  uint32_t index = load(word);
  if (index >= size || (index & 7)) abort();
  return index;
}

static void copy_in(const void *from, uint32_t at, uint32_t bytes) {
  uint32_t first = size - at;
  if (bytes <= first) memcpy(data + at, from, bytes);
  else {
    memcpy(data + at, from, first);
    memcpy(data, (const uint8_t *)from + first, bytes - first);
  }
}

static void copy_out(void *to, uint32_t at, uint32_t bytes) {
  uint32_t first = size - at;
  if (bytes <= first) memcpy(to, data + at, bytes);
  else {
    memcpy(to, data + at, first);
    memcpy((uint8_t *)to + first, data, bytes - first);
  }
}

// False when the ring is full.
static int append(const void *payload, uint32_t bytes, uint64_t id) {
  uint32_t padded = (bytes + 7) & ~7u, packet = sizeof(descriptor) + padded, total = packet + 8;
  if (total > w.space) {
    uint32_t index = load_index(READ_INDEX), freed = distance(w.seen, index);
    if (freed > distance(w.seen, w.published)) abort();
    w.space += freed;
    w.seen = index;
    if (total > w.space) return 0;
  }
  descriptor d = {6, 2, (uint16_t)(packet / 8), 0, id};
  uint32_t start = w.cursor, trailer[2] = {0, start};
  copy_in(&d, start, sizeof d);
  copy_in(payload, wrap(start + sizeof d), bytes);
  uint32_t end = wrap(start + packet);
  memcpy(data + end, trailer, 8);
  w.cursor = wrap(end + 8);
  w.space -= total;
  return 1;
}

// 1 when the reader has to be signalled.
static int publish(void) {
  uint32_t before = w.published;
  if (w.cursor == before) return 0;
  w.published = w.cursor;
  store(WRITE_INDEX, w.cursor);
  return load(INTERRUPT_MASK) == 0 && load(READ_INDEX) == before;
}

// Bytes of the packet copied to r.packet, 0 when the ring is empty.
static uint32_t read_packet(void) {
  if (r.left == 0) {
    uint32_t index = load_index(WRITE_INDEX);
    if (index == r.seen) return 0;
    r.left += distance(r.seen, index);
    if (r.left + distance(r.released, r.cursor) > size - 8) abort();
    r.seen = index;
  }
  descriptor d;
  copy_out(&d, r.cursor, 8);
  uint32_t length = d.len8 * 8u;
  if (r.left < 24 || d.offset8 < 2 || d.len8 < d.offset8 || length + 8 > r.left || d.flags > 1) abort();
  if (d.type != 6 && d.type != 11) abort();
  memcpy(r.packet, &d, 8);
  copy_out((uint8_t *)r.packet + 8, wrap(r.cursor + 8), length - 8);
  r.cursor = wrap(r.cursor + length + 8);
  r.left -= length + 8;
  return length;
}

// 1 when the writer has to be signalled.
static int release(void) {
  uint32_t before = r.released;
  if (r.cursor == before) return 0;
  r.released = r.cursor;
  store(READ_INDEX, r.cursor);
  uint32_t pending = load(PENDING) & ~7u;
  if (pending == 0) return 0;
  uint32_t after = size - 8 - distance(r.cursor, load(WRITE_INDEX));
  return after - distance(before, r.cursor) < pending && after >= pending;
}

static void make_payload(uint32_t sequence) {
  for (uint32_t i = 0; i < payload_bytes / 4; i++) w.payload[i] = sequence + i;
}

static uint32_t check_packet(uint32_t sequence, uint32_t length) {
  uint32_t wrong = (length - 16) ^ payload_bytes;
  const uint32_t *at = r.packet + 4;
  for (uint32_t i = 0; i < payload_bytes / 4; i++) wrong |= at[i] ^ (sequence + i);
  return wrong | (r.packet[2] ^ sequence);
}

static void meet(int round) {
  __atomic_add_fetch(&started, 1, __ATOMIC_SEQ_CST);
  while (__atomic_load_n(&started, __ATOMIC_SEQ_CST) < 2 * (round + 1));
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e9 + t.tv_nsec;
}

static void *write_all(void *unused) {
  for (uint32_t round = 0; round < rounds; round++) {
    meet(round);
    for (uint32_t sequence = 0, open = 0; sequence < packets; sequence++) {
      make_payload(sequence);
      while (!append(w.payload, payload_bytes, sequence))
        if (open > 0) publish(), open = 0;
      if (++open == interval) publish(), open = 0;
    }
    publish();
  }
  return unused;
}

static void *read_all(void *unused) {
  for (uint32_t round = 0; round < rounds; round++) {
    meet(round);
    double start = now();
    uint32_t wrong = 0;
    for (uint32_t sequence = 0, open = 0; sequence < packets;) {
      uint32_t length = read_packet();
      if (length == 0) {
        if (open > 0) release(), open = 0;
        continue;
      }
      wrong |= check_packet(sequence++, length);
      if (++open == interval) release(), open = 0;
    }
    release();
    if (wrong) abort();
    printf("%.3f\n", (now() - start) / packets);
  }
  return unused;
}

// Write `interval` packets, read them, in turns.
static void in_one_thread(void) {
  for (uint32_t round = 0; round < rounds; round++) {
    double start = now();
    uint32_t wrong = 0;
    for (uint32_t written = 0, sequence = 0; written < packets;) {
      for (uint32_t i = 0; i < interval && written < packets; i++, written++) {
        make_payload(written);
        if (!append(w.payload, payload_bytes, written)) break;
      }
      publish();
      for (uint32_t length; (length = read_packet()) != 0;) wrong |= check_packet(sequence++, length);
      release();
    }
    if (wrong) abort();
    printf("%.3f\n", (now() - start) / packets);
  }
}

int main(int argc, char **argv) {
  if (argc < 6) return 2;
  payload_bytes = atoi(argv[1]), size = atoi(argv[2]), interval = atoi(argv[3]), packets = atoi(argv[4]);
  rounds = atoi(argv[5]);
  uint8_t *memory = aligned_alloc(PAGE, PAGE + size);
  if (!memory || payload_bytes + 24 > size - 8 || payload_bytes + 24 > sizeof r.packet) return 2;
  memset(memory, 0, PAGE + size);
  control = (uint32_t *)memory, data = memory + PAGE;
  store(FEATURES, 1), store(INTERRUPT_MASK, 1);
  w.space = size - 8;
  if (argc > 6) {
    in_one_thread();
    return 0;
  }
  pthread_t threads[2];
  pthread_create(&threads[0], 0, write_all, 0);
  pthread_create(&threads[1], 0, read_all, 0);
  pthread_join(threads[0], 0), pthread_join(threads[1], 0);
  return 0;
}
