/* Where a fault of a deployment stands in the definition that it was made from. */
#include <string.h>

#include "base/banned.h"
#include "core/catalog_impl.h"
#include "schema/node.h"
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

void faults_place_in(struct report *report, size_t first, const struct conf_connection *definition,
                     const char *environment)
{
	if (report->count == first)
		return;
	const struct node *parts = definition->environments;
	const struct node *part = parts ? node_get(parts, environment) : NULL;
	struct json *said = part ? definition_json(part) : NULL;
	faults_place(report, first, environment, said);
	json_free(said);
}
