/* The tables of a plugin, copied to the row size of this host. */
#include <string.h>

#include "base/banned.h"
#include "base/mem.h"
#include "schema/check.h"

/* No table of use is nested that deeply; a table that contains itself is. */
enum { DEPTH_MAX = 8 };

static struct lk_param *import(struct arena *a, const struct lk_param *rows, uint32_t count,
                               uint32_t stride, unsigned depth)
{
	struct lk_param *copy = arena_array(a, count, sizeof(*copy));
	size_t bytes = stride < sizeof(*copy) ? stride : sizeof(*copy);

	for (uint32_t i = 0; copy && i < count; i++) {
		struct lk_param *row = &copy[i];
		memcpy(row, (const char *)rows + (size_t)i * stride, bytes);
		if (!row->sub || depth == DEPTH_MAX)
			row->sub_count = 0;
		/* Rows of one plugin have one size, said or not. */
		uint32_t sub_stride = row->sub_size ? row->sub_size : stride;
		row->sub_size = sizeof(*row);
		if (row->sub_count == 0) {
			row->sub = NULL;
			continue;
		}
		row->sub = import(a, row->sub, row->sub_count, sub_stride, depth + 1);
		if (!row->sub)
			return NULL;
	}
	return copy;
}

struct lk_param *schema_import(struct arena *a, const struct lk_param *rows, uint32_t count,
                               uint32_t stride)
{
	return import(a, rows, count, stride, 1);
}
