/* What `linkspan apply` would do, or has done. */
#include "linkspan/apply_show.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/banned.h"
#include "base/buf.h"
#include "linkspan/changes_show.h"
#include "linkspan/connection.h"
#include "linkspan/definition_files.h"
#include "json/json.h"

const struct list_column apply_columns[] = {
	{"NAME", "name", LIST_TEXT, false},     {"PROJECT", "project", LIST_TEXT, false},
	{"ACTION", "action", LIST_TEXT, false}, {"REVISION", "revision", LIST_REVISION, false},
	{NULL, NULL, LIST_TEXT, false},
};

/* How an action reads before and after it. */
static const struct action_row {
	const char *action, *sign, *future, *past;
} actions[] = {
	{"create", "+", "would be created", "created"},
	{"update", "~", "would be changed", "changed"},
	{"enable", "~", "would be enabled", "enabled"},
	{"disable", "~", "would be disabled", "disabled"},
	{"rename", "~", "would be renamed", "renamed"},
	{"move", "~", "would be moved", "moved"},
	{"delete", "-", "would be deleted", "deleted"},
};

static bool is_none(const struct json *item)
{
	return strcmp(connection_text(item, "action"), "none") == 0;
}

static void show_action(const struct json *item, bool is_plan, struct buf *b)
{
	const char *action = connection_text(item, "action");
	const struct action_row *row = NULL;

	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]) && !row; i++)
		if (strcmp(actions[i].action, action) == 0)
			row = &actions[i];
	buf_printf(b, "%s %s of %s: %s\n", row ? row->sign : "=", connection_text(item, "name"),
	           connection_text(item, "project"),
	           !row      ? "as it was"
	           : is_plan ? row->future
	                     : row->past);
	changes_show(json_get(item, "changes"), "    ", b);
}

/* Where it was deployed, and where it was not, and why. */
static void show_deployed(const struct json *item, bool is_plan, struct buf *b)
{
	const struct json *deployed = json_get(item, "deployed"), *held = json_get(item, "held");

	for (size_t i = 0; i < json_count(deployed); i++) {
		const struct json *one = json_at(deployed, i);
		const char *env = json_as_string(one);
		int64_t number = json_as_int(json_get(one, "number"));
		buf_printf(b, "    %s in %s", is_plan ? "would be deployed" : "deployed",
		           env ? env : connection_text(one, "environment"));
		if (number > 0)
			buf_printf(b, ", number %lld", (long long)number);
		buf_add_char(b, '\n');
	}
	for (size_t i = 0; i < json_count(held); i++) {
		const struct json *one = json_at(held, i);
		buf_printf(b, "    not deployed in %s: %s\n", connection_text(one, "environment"),
		           connection_text(one, "reason"));
	}
}

static void show(const struct json *document, bool is_plan, struct buf *b)
{
	const struct json *items = json_get(document, "items");
	size_t same = 0;

	for (size_t i = 0; i < json_count(items); i++) {
		const struct json *item = json_at(items, i);
		bool untouched = is_none(item) && json_count(json_get(item, "deployed")) == 0 &&
		                 json_count(json_get(item, "held")) == 0;
		same += untouched;
		if (untouched)
			continue;
		show_action(item, is_plan, b);
		show_deployed(item, is_plan, b);
	}
	if (same > 0)
		buf_printf(b, "= %zu %s as %s\n", same, same == 1 ? "stays" : "stay",
		           same == 1 ? "it is" : "they are");
}

void apply_show_plan(const struct cli *cli, const struct json *document, struct buf *b)
{
	(void)cli;
	show(document, true, b);
}

void apply_show_done(const struct cli *cli, const struct json *document, struct buf *b)
{
	(void)cli;
	show(document, false, b);
}

size_t apply_count_changes(const struct json *document)
{
	const struct json *items = json_get(document, "items");
	size_t count = 0;

	for (size_t i = 0; i < json_count(items); i++)
		count += !is_none(json_at(items, i)) ||
		         json_count(json_get(json_at(items, i), "deployed")) > 0;
	return count;
}

size_t apply_count_held(const struct json *document)
{
	const struct json *items = json_get(document, "items");
	size_t count = 0;

	for (size_t i = 0; i < json_count(items); i++)
		count += json_count(json_get(json_at(items, i), "held"));
	return count;
}

/* "/items/3/definition/settings/url": the fourth one, "/settings/url". */
void apply_show_fault(const struct definitions *d, const char *pointer, const char *text,
                      struct buf *b)
{
	static const char items[] = "/items/", definition[] = "/definition";
	char *rest = NULL;
	unsigned long at = d->count;

	if (strncmp(pointer, items, sizeof(items) - 1) == 0)
		at = strtoul(pointer + sizeof(items) - 1, &rest, 10);
	if (at >= d->count) {
		buf_printf(b, "%s%s%s\n", pointer, pointer[0] ? ": " : "", text);
		return;
	}
	if (strncmp(rest, definition, sizeof(definition) - 1) == 0)
		rest += sizeof(definition) - 1;
	definitions_fault(&d->items[at], rest, text, b);
}
