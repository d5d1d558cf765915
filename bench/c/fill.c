/*
 * The peer of SharedGuestMemory.fillPfns: consecutive page frame numbers at the place where the list of an input page
 * starts. Prints nanoseconds for one list, a line for each sample: fill SAMPLES LISTS ENTRIES...
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static _Alignas(4096) uint64_t page[512];

__attribute__((noinline)) static void fill(uint64_t *list, uint64_t first, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		list[i] = first + i;
}

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

static int run(int samples, int lists, uint32_t count)
{
	uint64_t *list = page + 5;

	for (int s = -1; s < samples; s++) {
		double start = now();
		for (int l = 0; l < lists; l++) {
			fill(list, 0x100000 + l, count);
			__asm__ volatile("" : : "r"(list) : "memory");
		}
		double ns = (now() - start) / lists;
		for (uint32_t i = 0; i < count; i++)
			if (list[i] != 0x100000 + (uint64_t)lists - 1 + i)
				return 1;
		if (s >= 0)
			printf("%u entries %.3f\n", count, ns);
	}
	return 0;
}

int main(int argc, char **argv)
{
	for (int i = 3; i < argc; i++) {
		int count = atoi(argv[i]);
		if (count < 1 || count > 507 || run(atoi(argv[1]), atoi(argv[2]), count) != 0)
			return 1;
	}
	return argc > 3 ? 0 : 2;
}
