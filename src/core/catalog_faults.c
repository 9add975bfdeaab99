/* Where a fault of a deployment stands in the definition that it was made from. */
#include <string.h>

#include "base/banned.h"
#include "core/catalog_impl.h"
#include "json/json.h"

enum { KEY_BYTES = 128 };

/* The first name of a path. */
static void first_key(const char *path, char key[KEY_BYTES])
{
	size_t length = strcspn(path, ".[");

	if (length >= KEY_BYTES)
		length = KEY_BYTES - 1;
	memcpy(key, path, length);
	key[length] = '\0';
}

static bool is_placed(const char *path)
{
	static const char *const roots[] = {"connection", "settings", "environments"};
	char key[KEY_BYTES];

	first_key(path, key);
	for (size_t i = 0; i < sizeof(roots) / sizeof(roots[0]); i++)
		if (strcmp(key, roots[i]) == 0)
			return true;
	return false;
}

void faults_place(struct report *report, size_t first, const char *environment,
                  const struct json *part)
{
	for (size_t i = first; i < report->count; i++) {
		struct fault *fault = &report->faults[i];
		const char *dot = fault->path[0] ? "." : "", *placed;
		char key[KEY_BYTES];
		if (is_placed(fault->path))
			continue;
		first_key(fault->path, key);
		if (json_get(part, key))
			placed = arena_printf(&report->arena, "environments.%s%s%s", environment,
			                      dot, fault->path);
		else
			placed = arena_printf(&report->arena, "settings%s%s", dot, fault->path);
		if (placed)
			fault->path = placed;
	}
}
