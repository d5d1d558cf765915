/*
 * The peer of MapBatch.write: one input page of HVCALL_MAP_DEVICE_GPA_PAGES, a header that was prepared, its address, and a
 * list of consecutive frames. Prints "map page NANOSECONDS", a line for each sample: map-encode SAMPLES PAGES.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct map_input {
	uint64_t partition_id;
	uint8_t owner_vtl, padding0[7];
	uint64_t domain_id;
	uint8_t target_vtl, padding[3];
	uint32_t map_flags;
	uint64_t target_device_va_base;
	uint64_t gpa_page_list[];
};
_Static_assert(sizeof(struct map_input) == 40, "header");

static _Alignas(4096) unsigned char page[4096];

__attribute__((noinline)) static void encode(struct map_input *input, const struct map_input *header, uint64_t iova_page,
					     uint64_t first, uint32_t count)
{
	*input = *header;
	input->target_device_va_base = iova_page << 12;
	for (uint32_t i = 0; i < count; i++)
		input->gpa_page_list[i] = first + i;
}

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

int main(int argc, char **argv)
{
	int samples = argc > 1 ? atoi(argv[1]) : 10, pages = argc > 2 ? atoi(argv[2]) : 20000;
	/* Not known when compiling, as for a library. */
	volatile uint32_t count = 507;
	struct map_input header = { .partition_id = ~0ull, .domain_id = 7ull << 32, .map_flags = 3 };
	struct map_input *input = (struct map_input *)page;

	for (int s = -1; s < samples; s++) {
		double start = now();
		for (int p = 0; p < pages; p++) {
			encode(input, &header, p, 0x100000 + p, count);
			__asm__ volatile("" : : "r"(input) : "memory");
		}
		double ns = (now() - start) / pages;
		for (uint32_t i = 0; i < count; i++)
			if (input->gpa_page_list[i] != 0x100000 + (uint64_t)pages - 1 + i)
				return 1;
		if (s >= 0)
			printf("map page %.3f\n", ns);
	}
	return 0;
}
