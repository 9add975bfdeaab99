/* Counting answers of the API. */
#include "admin/answers.h"

#include <stdio.h>

#include "admin/route.h"
#include "admin/sheet.h"
#include "base/banned.h"
#include "base/err.h"
#include "base/mem.h"

int answers_init(struct answers *a)
{
	a->counts = mem_array(route_count + 1, sizeof(*a->counts));
	return a->counts ? 0 : ERR_NO_MEMORY;
}

void answers_finish(struct answers *a)
{
	mem_free(a->counts);
}

void answers_count(struct answers *a, unsigned route, unsigned status)
{
	if (route <= route_count && status - ANSWERS_STATUS_LEAST < ANSWERS_STATUSES)
		atomic_fetch_add_explicit(&a->counts[route][status - ANSWERS_STATUS_LEAST], 1,
		                          memory_order_relaxed);
}

/* The pattern, never the path, which holds names and ids. */
static void write_route(const struct answers *a, struct sheet *s, size_t route)
{
	const char *pattern = route ? routes[route - 1].pattern : "";
	const char *method = route ? routes[route - 1].method : "";
	char labels[256];

	for (unsigned i = 0; i < ANSWERS_STATUSES; i++) {
		uint64_t count = atomic_load_explicit(&a->counts[route][i], memory_order_relaxed);
		if (count == 0)
			continue;
		snprintf(labels, sizeof(labels), "route=\"%s\",method=\"%s\",code=\"%u\"", pattern,
		         method, i + ANSWERS_STATUS_LEAST);
		sheet_count(s, labels, "", count);
	}
}

void answers_write(const struct answers *a, struct sheet *s)
{
	for (size_t route = 0; route <= route_count; route++)
		write_route(a, s, route);
}
