/* A small program and its input of 512 bytes, for measurements of transformations. */
#pragma once

#include <stdio.h>
#include <string.h>

enum { SAMPLE_BYTES = 512 };

static const char sample_program[] = "{id: .order.id, total: .order.total, "
				     "items: [.items[] | {sku, n: .count}]}";

/* sample: SAMPLE_BYTES + 1. */
static inline void sample_fill(char *sample)
{
	static const char begin[] = "{\"order\":{\"id\":4711,\"total\":99.5},\"items\":["
				    "{\"sku\":\"A-1\",\"count\":2},{\"sku\":\"B-2\",\"count\":1}],"
				    "\"note\":\"";

	memset(sample, 'x', SAMPLE_BYTES);
	memcpy(sample, begin, sizeof(begin) - 1);
	memcpy(sample + SAMPLE_BYTES - 2, "\"}", 3);
}
