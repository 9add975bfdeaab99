/* Merge patches (RFC 7396). */
#pragma once

struct json;

enum {
	/* A member that the patch removes stays in the result as null, so that it can be told from one that was never
	 * there. */
	MERGE_KEEPS_NULL = 1,
};

/* What the target becomes by the patch, a value of its own; target NULL: there is none.  NULL: no memory. */
struct json *merge_patch(const struct json *target, const struct json *patch, unsigned flags);
