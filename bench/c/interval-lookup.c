/*
 * The peer of IntervalTree: a red-black tree's lookup as the kernel's interval_tree_iter_first does it for disjoint intervals,
 * over a tree that is balanced to begin with (no red-black tree is flatter), its nodes in memory in random order. Prints
 * nanoseconds for one lookup, a line for each sample: interval-lookup SAMPLES LOOKUPS INTERVALS
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* Each interval has PAGES pages and is followed by a hole of one. */
#define PAGES 3
#define STEP 4

struct node {
	struct node *left, *right;
	uint64_t start, last, frame;
};

static uint32_t state = 12345;

static uint32_t random_word(void)
{
	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return state;
}

static struct node *build(struct node **order, uint32_t from, uint32_t to)
{
	if (from >= to)
		return NULL;
	uint32_t middle = from + (to - from) / 2;
	struct node *node = order[middle];

	node->start = (uint64_t)middle * STEP;
	node->last = node->start + PAGES - 1;
	node->frame = node->start + 0x4000000;
	node->left = build(order, from, middle);
	node->right = build(order, middle + 1, to);
	return node;
}

__attribute__((noinline)) static int64_t find(const struct node *node, uint64_t page)
{
	while (node) {
		if (page < node->start)
			node = node->left;
		else if (page > node->last)
			node = node->right;
		else
			return node->frame + (page - node->start);
	}
	return -1;
}

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

int main(int argc, char **argv)
{
	if (argc != 4)
		return 2;
	int samples = atoi(argv[1]);
	uint32_t lookups = atoi(argv[2]), count = atoi(argv[3]);
	struct node *nodes = calloc(count, sizeof(*nodes));
	struct node **order = malloc(count * sizeof(*order));
	uint64_t *pages = malloc(lookups * sizeof(*pages));

	if (!nodes || !order || !pages)
		return 1;
	for (uint32_t i = 0; i < count; i++)
		order[i] = &nodes[i];
	for (uint32_t i = count - 1; i > 0; i--) {
		uint32_t other = random_word() % (i + 1);
		struct node *one = order[i];
		order[i] = order[other];
		order[other] = one;
	}
	struct node *root = build(order, 0, count);

	for (uint32_t i = 0; i < lookups; i++)
		pages[i] = (uint64_t)(random_word() % count) * STEP + random_word() % PAGES;
	for (int s = -1; s < samples; s++) {
		int64_t sum = 0;
		double start = now();
		for (uint32_t i = 0; i < lookups; i++)
			sum += find(root, pages[i]);
		double ns = (now() - start) / lookups;

		for (uint32_t i = 0; i < lookups; i++)
			sum -= pages[i] + 0x4000000;
		if (sum != 0 || find(root, PAGES) != -1)
			return 1;
		if (s >= 0)
			printf("lookup %.3f\n", ns);
	}
	return 0;
}
