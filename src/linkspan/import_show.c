/* The plan of an import, in sentences. */
#include "linkspan/import_show.h"

#include "base/banned.h"
#include "base/buf.h"
#include "linkspan/connection.h"
#include "json/json.h"

const struct list_column import_columns[] = {
	{"NAME", "to_name", LIST_TEXT, false},  {"PROJECT", "project", LIST_TEXT, false},
	{"ACTION", "action", LIST_TEXT, false}, {"REVISION", "revision", LIST_REVISION, false},
	{"FROM", "name", LIST_TEXT, true},      {NULL, NULL, LIST_TEXT, false},
};

static const struct action_row {
	const char *action, *sign, *future, *past;
	bool changes;
} actions[] = {
	{"create", "+", "would be created", "created", true},
	{"overwrite", "~", "would be overwritten", "overwritten", true},
	{"rename", "+", "would be created under this name", "created under this name", true},
	{"conflict", "!", "is in the way", "is in the way", false},
	{"same", "=", "is there already", "is there already", false},
};

static const struct action_row *row_of(const struct json *item)
{
	const char *action = connection_text(item, "action");

	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		if (strcmp(actions[i].action, action) == 0)
			return &actions[i];
	return &actions[0];
}

size_t import_count_changes(const struct json *document)
{
	const struct json *items = json_get(document, "items");
	size_t count = 0;

	for (size_t i = 0; i < json_count(items); i++)
		count += row_of(json_at(items, i))->changes;
	return count;
}

static bool is_written(const struct json *file)
{
	return strcmp(connection_text(file, "action"), "write") == 0;
}

size_t import_count_files(const struct json *document)
{
	const struct json *files = json_get(document, "files");
	size_t count = 0;

	for (size_t i = 0; i < json_count(files); i++)
		count += is_written(json_at(files, i));
	return count;
}

static void show_needs(const struct json *item, struct buf *b)
{
	const struct json *missing = json_get(item, "missing");

	for (size_t i = 0; i < json_count(missing); i++) {
		const struct json *need = json_at(missing, i);
		const char *environment = connection_text(need, "environment");
		const char *path = connection_text(need, "path");
		buf_printf(b, "    missing: the %s %s", connection_text(need, "kind"),
		           connection_text(need, "name"));
		if (environment[0])
			buf_printf(b, " in %s", environment);
		if (path[0])
			buf_printf(b, ", at %s", path);
		buf_add_char(b, '\n');
	}
}

static void show_faults(const struct json *item, struct buf *b)
{
	const struct json *faults = json_get(item, "faults");

	for (size_t i = 0; i < json_count(faults); i++) {
		const struct json *fault = json_at(faults, i);
		const char *path = connection_text(fault, "path");
		buf_printf(b, "    %s: %s%s%s\n", connection_text(fault, "severity"), path,
		           path[0] ? ": " : "", connection_text(fault, "text"));
	}
}

static void show_item(const struct json *item, bool is_plan, struct buf *b)
{
	const struct action_row *row = row_of(item);
	const char *reason = connection_text(item, "reason");

	buf_printf(b, "%s %s of %s: %s", row->sign, connection_text(item, "to_name"),
	           connection_text(item, "project"), is_plan ? row->future : row->past);
	if (reason[0])
		buf_printf(b, " (%s)", reason);
	buf_add_char(b, '\n');
	show_needs(item, b);
	show_faults(item, b);
}

static void show_files(const struct json *document, bool is_plan, struct buf *b)
{
	const struct json *files = json_get(document, "files");

	for (size_t i = 0; i < json_count(files); i++) {
		const struct json *file = json_at(files, i);
		if (is_written(file))
			buf_printf(b, "+ %s: %s\n", connection_text(file, "path"),
			           is_plan ? "would be written" : "written");
	}
}

/* Where something was deployed by itself, and where it was held back. */
static void show_deployed(const struct json *document, struct buf *b)
{
	const struct json *done = json_get(document, "done");

	for (size_t i = 0; i < json_count(done); i++) {
		const struct json *item = json_at(done, i);
		const struct json *deployed = json_get(item, "deployed");
		const struct json *held = json_get(item, "held");
		for (size_t k = 0; k < json_count(deployed); k++)
			buf_printf(b, "    %s: deployed in %s\n", connection_text(item, "name"),
			           connection_text(json_at(deployed, k), "environment"));
		for (size_t k = 0; k < json_count(held); k++)
			buf_printf(b, "    %s: not deployed in %s: %s\n",
			           connection_text(item, "name"),
			           connection_text(json_at(held, k), "environment"),
			           connection_text(json_at(held, k), "reason"));
	}
}

static void show(const struct json *document, bool is_plan, struct buf *b)
{
	const struct json *items = json_get(document, "items");

	for (size_t i = 0; i < json_count(items); i++)
		show_item(json_at(items, i), is_plan, b);
	show_files(document, is_plan, b);
	show_deployed(document, b);
}

void import_show_plan(const struct cli *cli, const struct json *document, struct buf *b)
{
	(void)cli;
	show(document, true, b);
}

void import_show_done(const struct cli *cli, const struct json *document, struct buf *b)
{
	(void)cli;
	show(document, false, b);
}
