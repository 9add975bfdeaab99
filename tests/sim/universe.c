/* Shared memory for a simulation, and its dice. */
#include "universe.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { CLASSES = 40, CLASS_LEAST = 5 };

/* Before each piece: its class, so that it can go back. */
struct piece {
	union {
		unsigned class;
		struct piece *next;
	};
	max_align_t data[];
};

/* At the beginning of the memory itself. */
struct universe {
	size_t bytes, used, pieces;
	struct piece *free[CLASSES];
};

static struct universe *universe;

void universe_begin(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
	               MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED) {
		perror("the universe has no room");
		exit(EXIT_FAILURE);
	}
	universe = p;
	universe->bytes = bytes;
	universe->used = (sizeof(*universe) + 63) / 64 * 64;
}

void universe_end(void)
{
	munmap(universe, universe->bytes);
	universe = NULL;
}

static unsigned class_of(size_t bytes)
{
	unsigned class = CLASS_LEAST;

	while (((size_t)1 << class) < bytes + sizeof(struct piece))
		class ++;
	return class;
}

static size_t room_of(unsigned class)
{
	return ((size_t)1 << class) - sizeof(struct piece);
}

static struct piece *carve(unsigned class)
{
	size_t bytes = (size_t)1 << class;
	struct piece *piece = (struct piece *)(void *)((char *)universe + universe->used);

	if (bytes > universe->bytes - universe->used) {
		fprintf(stderr, "the universe is full: %zu pieces, %zu bytes\n", universe->pieces,
		        universe->used);
		abort();
	}
	universe->used += bytes;
	return piece;
}

void *universe_alloc(size_t bytes)
{
	unsigned class = class_of(bytes);
	struct piece *piece = universe->free[class];

	if (piece)
		universe->free[class] = piece->next;
	else
		piece = carve(class);
	memset(piece, 0, sizeof(*piece) + bytes);
	piece->class = class;
	universe->pieces++;
	return piece->data;
}

static struct piece *piece_of(void *p)
{
	return (struct piece *)(void *)((char *)p - offsetof(struct piece, data));
}

void universe_free(void *p)
{
	if (!p)
		return;
	struct piece *piece = piece_of(p);
	unsigned class = piece->class;
	piece->next = universe->free[class];
	universe->free[class] = piece;
	universe->pieces--;
}

void *universe_resize(void *p, size_t bytes)
{
	if (!p)
		return universe_alloc(bytes);
	size_t room = room_of(piece_of(p)->class);
	if (bytes <= room)
		return p;
	void *larger = universe_alloc(bytes);
	memcpy(larger, p, room);
	universe_free(p);
	return larger;
}

void *universe_dup(const void *p, size_t bytes)
{
	if (!p)
		return NULL;
	char *copy = universe_alloc(bytes + 1);
	memcpy(copy, p, bytes);
	return copy;
}

char *universe_strdup(const char *s)
{
	return s ? universe_dup(s, strlen(s)) : NULL;
}

size_t universe_pieces(void)
{
	return universe->pieces;
}

/* SplitMix64: small, and every seed is as good as any other. */
uint64_t dice_next(struct dice *d)
{
	uint64_t z = d->state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

uint64_t dice_below(struct dice *d, uint64_t limit)
{
	return limit ? dice_next(d) % limit : 0;
}

int64_t dice_between(struct dice *d, int64_t least, int64_t most)
{
	return least + (int64_t)dice_below(d, (uint64_t)(most - least) + 1);
}

bool dice_chance(struct dice *d, double probability)
{
	return (double)(dice_next(d) >> 11) < probability * 0x1p53;
}

int64_t dice_wait_ms(struct dice *d, int64_t mean_ms)
{
	double uniform = ((double)(dice_next(d) >> 11) + 1) * 0x1p-53;

	return (int64_t)(-log(uniform) * (double)mean_ms);
}
