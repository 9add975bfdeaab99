/*
 * A binary min-heap of timers: intrusive nodes ordered by their due time.
 *
 * The heap holds pointers; nodes belong to the caller and stay where they are.  One thread at a
 * time.  heap_set() is the only function that can fail, and only when it must grow: heap_reserve()
 * beforehand makes it certain.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct heap_node {
	int64_t due_ms;
	size_t place; /* index + 1; 0: in no heap */
};

struct heap {
	struct heap_node **nodes;
	size_t count, cap;
};

void heap_init(struct heap *h);
void heap_finish(struct heap *h); /* nodes are forgotten, not freed */
int heap_reserve(struct heap *h, size_t count);

/* Puts the node in, or moves it, so that it is due at due_ms.  0, or ERR_NO_MEMORY. */
int heap_set(struct heap *h, struct heap_node *node, int64_t due_ms);
void heap_remove(struct heap *h, struct heap_node *node);       /* no harm when it is not in */
struct heap_node *heap_first(const struct heap *h);             /* NULL when empty */
struct heap_node *heap_pop_due(struct heap *h, int64_t now_ms); /* NULL when nothing is due */

static inline bool heap_holds(const struct heap_node *node)
{
	return node->place > 0;
}
