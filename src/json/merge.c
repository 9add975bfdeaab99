/* The algorithm of RFC 7396, 2. */
#include "json/merge.h"

#include "base/banned.h"
#include "base/err.h"
#include "json/json.h"

/* One member of the patch, where the target has `before` or nothing. */
static int merge_member(struct json *result, const char *name, const struct json *before,
                        const struct json *patch, unsigned flags)
{
	if (json_kind(patch) != JSON_NULL)
		return json_set(result, name, merge_patch(before, patch, flags));
	return flags & MERGE_KEEPS_NULL ? json_set(result, name, json_null()) : 0;
}

struct json *merge_patch(const struct json *target, const struct json *patch, unsigned flags)
{
	const struct json *value, *change,
		*before = json_kind(target) == JSON_OBJECT ? target : NULL;
	const void *cursor = NULL;
	const char *name;

	if (json_kind(patch) != JSON_OBJECT)
		return json_copy(patch);
	struct json *result = json_object();
	int rc = result ? 0 : ERR_NO_MEMORY;
	while (rc == 0 && (value = json_next(before, &cursor, &name))) {
		change = json_get(patch, name);
		rc = change ? merge_member(result, name, value, change, flags)
		            : json_set(result, name, json_copy(value));
	}
	cursor = NULL;
	while (rc == 0 && (change = json_next(patch, &cursor, &name)))
		if (!json_get(before, name))
			rc = merge_member(result, name, NULL, change, flags);
	if (rc == 0)
		return result;
	json_free(result);
	return NULL;
}
