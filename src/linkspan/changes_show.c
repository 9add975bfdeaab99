/* What differs between two revisions of a definition. */
#include "linkspan/changes_show.h"

#include "base/banned.h"
#include "base/buf.h"
#include "json/json.h"

void changes_show_value(const struct json *value, struct buf *b)
{
	json_write(value, 0, b);
}

static void show_side(const char *prefix, char sign, const char *path, const struct json *value,
                      struct buf *b)
{
	if (json_kind(value) == JSON_NULL)
		return;
	buf_printf(b, "%s%c %s = ", prefix, sign, path);
	changes_show_value(value, b);
	buf_add_char(b, '\n');
}

void changes_show(const struct json *changes, const char *prefix, struct buf *b)
{
	for (size_t i = 0; i < json_count(changes); i++) {
		const struct json *change = json_at(changes, i);
		const char *path = json_as_string(json_get(change, "path"));
		show_side(prefix, '-', path ? path : "", json_get(change, "before"), b);
		show_side(prefix, '+', path ? path : "", json_get(change, "after"), b);
	}
}
