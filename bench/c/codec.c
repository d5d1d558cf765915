/*
 * The peer of decode and encode: bytes to a plain struct with every field apart, and back, for the three structs of the other
 * cases. One call for each struct, as a library has it. Prints "NAME NANOSECONDS", a line for each sample and kind of work:
 * codec SAMPLES DESCRIPTOR INTERRUPT PAGE, the last three the bytes as hex digits. Encoding what was decoded has to give them back.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LIST 507
#define TIMES 64
#define OUT __attribute__((noinline))
#define KEEP(p) __asm__ volatile("" : : "r"(p) : "memory")

#define GET(name, type)                       \
	static inline type name(const uint8_t *p) \
	{                                         \
		type v;                               \
		memcpy(&v, p, sizeof v);              \
		return v;                             \
	}
GET(get16, uint16_t)
GET(get32, uint32_t)
GET(get64, uint64_t)
#define PUT(at, value, type)               \
	do {                                   \
		type v = (type)(value);            \
		memcpy((at), &v, sizeof v);        \
	} while (0)

struct descriptor {
	uint16_t type, offset8, len8, flags;
	uint64_t trans_id;
};

OUT static void decode_descriptor(struct descriptor *to, const uint8_t *p)
{
	*to = (struct descriptor){ get16(p), get16(p + 2), get16(p + 4), get16(p + 6), get64(p + 8) };
}

OUT static void encode_descriptor(uint8_t *p, const struct descriptor *from)
{
	PUT(p, from->type, uint16_t);
	PUT(p + 2, from->offset8, uint16_t);
	PUT(p + 4, from->len8, uint16_t);
	PUT(p + 6, from->flags, uint16_t);
	PUT(p + 8, from->trans_id, uint64_t);
}

struct interrupt {
	uint32_t message_type, dev, func, rsvd, vector;
	uint8_t delivery_mode, reserved;
	uint16_t vector_count, processor_count;
	const uint8_t *lent;
	uint16_t processors[32];
};

static inline void interrupt_head(struct interrupt *to, const uint8_t *p)
{
	uint32_t slot = get32(p + 4);
	to->message_type = get32(p);
	to->dev = slot & 31;
	to->func = slot >> 5 & 7;
	to->rsvd = slot >> 8;
	to->vector = get32(p + 8);
	to->delivery_mode = p[12];
	to->reserved = p[13];
	to->vector_count = get16(p + 14);
	to->processor_count = get16(p + 16);
}

OUT static void decode_interrupt(struct interrupt *to, const uint8_t *p)
{
	interrupt_head(to, p);
	memcpy(to->processors, p + 18, sizeof to->processors);
}

OUT static void lend_interrupt(struct interrupt *to, const uint8_t *p)
{
	interrupt_head(to, p);
	to->lent = p + 18;
}

OUT static void encode_interrupt(uint8_t *p, const struct interrupt *from)
{
	PUT(p, from->message_type, uint32_t);
	PUT(p + 4, from->dev | from->func << 5 | from->rsvd << 8, uint32_t);
	PUT(p + 8, from->vector, uint32_t);
	p[12] = from->delivery_mode;
	p[13] = from->reserved;
	PUT(p + 14, from->vector_count, uint16_t);
	PUT(p + 16, from->processor_count, uint16_t);
	memcpy(p + 18, from->processors, sizeof from->processors);
}

struct vtl {
	uint8_t target, use, reserved;
};

struct page {
	uint64_t partition_id;
	struct vtl owner_vtl, target_vtl;
	uint8_t padding0[7], padding[3];
	uint32_t domain_type, domain_reserved, domain_id, map_flags;
	uint64_t target_device_va_base;
	const uint8_t *lent;
	uint64_t list[LIST];
};

static inline struct vtl get_vtl(uint8_t byte)
{
	return (struct vtl){ byte & 15, byte >> 4 & 1, byte >> 5 };
}

static inline uint8_t put_vtl(struct vtl vtl)
{
	return vtl.target | vtl.use << 4 | vtl.reserved << 5;
}

static inline void page_head(struct page *to, const uint8_t *p)
{
	uint64_t domain = get64(p + 16);
	to->partition_id = get64(p);
	to->owner_vtl = get_vtl(p[8]);
	memcpy(to->padding0, p + 9, 7);
	to->domain_type = domain & 15;
	to->domain_reserved = domain >> 4 & 0xfffffff;
	to->domain_id = domain >> 32;
	to->target_vtl = get_vtl(p[24]);
	memcpy(to->padding, p + 25, 3);
	to->map_flags = get32(p + 28);
	to->target_device_va_base = get64(p + 32);
}

OUT static void decode_page(struct page *to, const uint8_t *p, uint32_t count)
{
	page_head(to, p);
	for (uint32_t i = 0; i < count; i++)
		to->list[i] = get64(p + 40 + 8 * i);
}

OUT static void lend_page(struct page *to, const uint8_t *p)
{
	page_head(to, p);
	to->lent = p + 40;
}

OUT static void encode_page(uint8_t *p, const struct page *from, uint32_t count)
{
	PUT(p, from->partition_id, uint64_t);
	p[8] = put_vtl(from->owner_vtl);
	memcpy(p + 9, from->padding0, 7);
	PUT(p + 16, from->domain_type | from->domain_reserved << 4 | (uint64_t)from->domain_id << 32, uint64_t);
	p[24] = put_vtl(from->target_vtl);
	memcpy(p + 25, from->padding, 3);
	PUT(p + 28, from->map_flags, uint32_t);
	PUT(p + 32, from->target_device_va_base, uint64_t);
	for (uint32_t i = 0; i < count; i++)
		PUT(p + 40 + 8 * i, from->list[i], uint64_t);
}

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

static size_t from_hex(uint8_t *to, const char *text)
{
	size_t n = strlen(text) / 2;
	for (size_t i = 0; i < n; i++) {
		unsigned byte;
		sscanf(text + 2 * i, "%2x", &byte);
		to[i] = byte;
	}
	return n;
}

#define TIME(name, loops, call)                                     \
	do {                                                            \
		double start = now();                                       \
		for (int loop = 0; loop < (loops); loop++)                  \
			for (int i = 0; i < TIMES; i++) {                       \
				call;                                               \
			}                                                       \
		if (s >= 0)                                                 \
			printf("%s %.3f\n", name, (now() - start) / (loops) / TIMES); \
	} while (0)

static struct descriptor descriptors[TIMES];
static struct interrupt interrupts[TIMES];
static struct page page;
static uint8_t in_descriptors[TIMES * 16], in_interrupt[128], in_page[4096], out[4096];

int main(int argc, char **argv)
{
	if (argc != 5)
		return 2;
	int samples = atoi(argv[1]);
	volatile uint32_t count = LIST;
	size_t interrupt_bytes = from_hex(in_interrupt, argv[3]), page_bytes = from_hex(in_page, argv[4]);
	for (int i = 0; i < TIMES; i++)
		from_hex(in_descriptors + 16 * i, argv[2]);

	for (int s = -1; s < samples; s++) {
		TIME("decode descriptor", 10000, decode_descriptor(&descriptors[i], in_descriptors + 16 * i); KEEP(descriptors));
		TIME("encode descriptor", 10000, encode_descriptor(out, &descriptors[i]); KEEP(out));
		if (memcmp(out, in_descriptors, 16) != 0)
			return 1;
		TIME("lend interrupt", 10000, lend_interrupt(&interrupts[i], in_interrupt); KEEP(interrupts));
		TIME("decode interrupt", 10000, decode_interrupt(&interrupts[i], in_interrupt); KEEP(interrupts));
		TIME("encode interrupt", 10000, encode_interrupt(out, &interrupts[i]); KEEP(out));
		if (memcmp(out, in_interrupt, interrupt_bytes) != 0)
			return 1;
		TIME("lend page", 10000, lend_page(&page, in_page); KEEP(&page));
		TIME("decode page", 600, decode_page(&page, in_page, count); KEEP(&page));
		TIME("encode page", 600, encode_page(out, &page, count); KEEP(out));
		if (memcmp(out, in_page, page_bytes) != 0)
			return 1;
	}
	return 0;
}
