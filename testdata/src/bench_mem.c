// bench_mem: a memory-bound loop for measuring the speed of an engine. One round
// sums up 8 MiB in order, writes every word of one of its 64 parts, and follows
// 64 Ki pointers in a random cycle through 4 MiB. argv[1]: the number of rounds.
#include "rt/rt.h"

enum { WORDS = 1 << 20, PARTS = 64, NODES = 1 << 16 };

struct node {
	struct node *next;
	uint64_t value;
	uint64_t pad[6]; // a cache line each
};

static uint64_t words[WORDS];
static struct node nodes[NODES];
static uint32_t order[NODES];

// link_nodes makes one random cycle of all nodes.
static void link_nodes(void)
{
	uint64_t x = 12345;
	for (uint32_t i = 0; i < NODES; i++)
		order[i] = i;
	for (uint32_t i = NODES - 1; i > 0; i--) {
		x = x * 6364136223846793005u + 1442695040888963407u;
		uint32_t j = (uint32_t)((x >> 33) % (i + 1));
		uint32_t t = order[i];
		order[i] = order[j];
		order[j] = t;
	}
	for (uint32_t i = 0; i < NODES; i++) {
		nodes[order[i]].next = &nodes[order[(i + 1) % NODES]];
		nodes[order[i]].value = i;
	}
}

static NOINLINE uint64_t sum_words(void)
{
	uint64_t sum = 0;
	for (int i = 0; i < WORDS; i++)
		sum += words[i] ^ (uint64_t)i; //@hot
	return sum;
}

static NOINLINE void write_part(int part, uint64_t v)
{
	uint64_t *p = words + part * (WORDS / PARTS);
	for (int i = 0; i < WORDS / PARTS; i++)
		p[i] = v + (uint64_t)i; //@write
}

static NOINLINE uint64_t chase(const struct node *n)
{
	uint64_t sum = 0;
	for (int i = 0; i < NODES; i++) {
		sum = sum * 3 + n->value;
		n = n->next; //@chase
	}
	return sum;
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? (int)parse_int(argv[1]) : 1;
	link_nodes();
	uint64_t h = FNV_INIT;
	for (int r = 0; r < rounds; r++) {
		write_part(r % PARTS, h);
		h = fnv(h, sum_words());
		h = fnv(h, chase(&nodes[r % NODES]));
	}
	print("bench_mem %d: %016lx\n", rounds, h);
	return 0;
}
