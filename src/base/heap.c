/* A binary min-heap of timers. */
#include "base/heap.h"

#include "base/banned.h"
#include "base/err.h"
#include "base/mem.h"

void heap_init(struct heap *h)
{
	*h = (struct heap){0};
}

void heap_finish(struct heap *h)
{
	mem_free(h->nodes);
	heap_init(h);
}

int heap_reserve(struct heap *h, size_t count)
{
	size_t cap = h->cap ? h->cap : 16;

	if (count <= h->cap)
		return 0;
	while (cap < count)
		cap *= 2;
	struct heap_node **nodes = mem_resize(h->nodes, cap, sizeof(struct heap_node *));
	if (!nodes)
		return ERR_NO_MEMORY;
	h->nodes = nodes;
	h->cap = cap;
	return 0;
}

static void put(struct heap *h, size_t i, struct heap_node *node)
{
	h->nodes[i] = node;
	node->place = i + 1;
}

static void sift_up(struct heap *h, size_t i)
{
	struct heap_node *node = h->nodes[i];

	while (i > 0) {
		size_t parent = (i - 1) / 2;
		if (h->nodes[parent]->due_ms <= node->due_ms)
			break;
		put(h, i, h->nodes[parent]);
		i = parent;
	}
	put(h, i, node);
}

static void sift_down(struct heap *h, size_t i)
{
	struct heap_node *node = h->nodes[i];

	for (;;) {
		size_t child = 2 * i + 1;
		if (child >= h->count)
			break;
		if (child + 1 < h->count && h->nodes[child + 1]->due_ms < h->nodes[child]->due_ms)
			child++;
		if (node->due_ms <= h->nodes[child]->due_ms)
			break;
		put(h, i, h->nodes[child]);
		i = child;
	}
	put(h, i, node);
}

int heap_set(struct heap *h, struct heap_node *node, int64_t due_ms)
{
	if (!heap_holds(node)) {
		int rc = heap_reserve(h, h->count + 1);
		if (rc < 0)
			return rc;
		put(h, h->count++, node);
	}
	node->due_ms = due_ms;
	sift_up(h, node->place - 1);
	sift_down(h, node->place - 1);
	return 0;
}

void heap_remove(struct heap *h, struct heap_node *node)
{
	if (!heap_holds(node))
		return;
	size_t i = node->place - 1;
	struct heap_node *last = h->nodes[--h->count];

	node->place = 0;
	if (last == node)
		return;
	put(h, i, last);
	sift_up(h, i);
	sift_down(h, last->place - 1);
}

struct heap_node *heap_first(const struct heap *h)
{
	return h->count ? h->nodes[0] : NULL;
}

struct heap_node *heap_pop_due(struct heap *h, int64_t now_ms)
{
	struct heap_node *node = heap_first(h);

	if (!node || node->due_ms > now_ms)
		return NULL;
	heap_remove(h, node);
	return node;
}
