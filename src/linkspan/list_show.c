/* A list of the API in the form that -o names. */
#include "linkspan/list_show.h"

#include <stdio.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "linkspan/colour.h"
#include "linkspan/command.h"
#include "linkspan/delivery.h"
#include "linkspan/moment.h"
#include "linkspan/session.h"
#include "linkspan/table.h"
#include "json/json.h"

enum { COLUMNS_MOST = 16, REVISION_CELLS = 12 };

/* The member that a path of keys leads to. */
static const struct json *value_at(const struct json *item, const char *path)
{
	char key[64];

	while (item && *path) {
		size_t bytes = strcspn(path, ".");
		snprintf(key, sizeof(key), "%.*s", (int)bytes, path);
		item = json_get(item, key);
		path += bytes + (path[bytes] == '.');
	}
	return item;
}

static void show_value(const struct json *value, struct buf *b)
{
	const char *text = json_as_string(value), *key;
	const void *cursor = NULL;

	switch (json_kind(value)) {
	case JSON_BOOL:
		buf_add_str(b, json_as_bool(value) ? "yes" : "no");
		break;
	case JSON_INT:
		buf_printf(b, "%lld", (long long)json_as_int(value));
		break;
	case JSON_ARRAY:
		for (size_t i = 0; i < json_count(value); i++) {
			const struct json *one = json_at(value, i);
			const struct json *name = json_get(one, "name");
			buf_add_str(b, i ? ", " : "");
			show_value(name ? name : one, b);
		}
		break;
	case JSON_OBJECT:
		for (const char *comma = ""; json_next(value, &cursor, &key); comma = ", ")
			buf_printf(b, "%s%s", comma, key);
		break;
	default:
		buf_add_str(b, text ? text : "");
	}
}

static void show_cell(const struct list_column *column, const struct json *item, int64_t now_ms,
                      struct buf *b)
{
	const struct json *value = value_at(item, column->key);
	const char *text;
	int64_t at_ms;

	switch (column->kind) {
	case LIST_TEXT:
	case LIST_STATE:
	case LIST_NUMBER:
		show_value(value, b);
		break;
	case LIST_REVISION:
		text = json_as_string(value);
		buf_printf(b, "%.*s", REVISION_CELLS, text ? text : "");
		break;
	case LIST_AGE:
		at_ms = moment_read(json_as_string(value));
		if (at_ms >= 0)
			moment_show_length(now_ms - at_ms, b);
		break;
	case LIST_WHEN:
		delivery_show_when(item, now_ms, b);
		break;
	}
}

/* The columns in force; ends with NULL. */
static size_t choose(const struct list_column *columns, bool wide,
                     const struct list_column **chosen)
{
	size_t count = 0;

	for (; columns->heading && count < COLUMNS_MOST; columns++)
		if (wide || !columns->only_wide)
			chosen[count++] = columns;
	return count;
}

static int show_table(const struct cli *cli, const struct list_column *columns,
                      const struct json *items, struct err *e)
{
	const struct list_column *chosen[COLUMNS_MOST];
	const char *headings[COLUMNS_MOST + 1] = {NULL}, *cells[COLUMNS_MOST];
	size_t count = choose(columns, cli->output == OUTPUT_WIDE, chosen);
	int64_t now_ms = clock_system.unix_ms();
	struct buf texts[COLUMNS_MOST];

	for (size_t i = 0; i < count; i++) {
		headings[i] = chosen[i]->heading;
		buf_init(&texts[i], BUF_MAX_LINE);
	}
	struct table *table = table_create(headings, !cli_has(cli, "no-headers"));
	if (colour_wanted(cli))
		table_colour(table);
	for (size_t i = 0; i < count; i++)
		if (chosen[i]->kind == LIST_NUMBER)
			table_align_right(table, i);
	for (size_t row = 0; row < json_count(items); row++) {
		for (size_t i = 0; i < count; i++) {
			buf_clear(&texts[i]);
			show_cell(chosen[i], json_at(items, row), now_ms, &texts[i]);
			cells[i] = buf_str(&texts[i]);
		}
		table_add(table, cells);
		for (size_t i = 0; i < count; i++)
			if (chosen[i]->kind == LIST_STATE)
				table_colour_cell(table, i, colour_of_state(cells[i]));
	}
	for (size_t i = 0; i < count; i++)
		buf_finish(&texts[i]);
	return table_print_and_destroy(table, e);
}

static int show_lines(const struct cli *cli, const char *name, const struct json *items,
                      struct err *e)
{
	struct buf text;

	buf_init(&text, BUF_MAX_TEXT * 4);
	for (size_t i = 0; i < json_count(items); i++) {
		if (cli->output == OUTPUT_NAME)
			show_value(value_at(json_at(items, i), name), &text);
		else
			json_write(json_at(items, i), 0, &text);
		buf_add_char(&text, '\n');
	}
	return print_and_finish(&text, e);
}

int list_show(const struct cli *cli, const struct list_column *columns, const char *name,
              const struct json *items, struct err *e)
{
	if (cli_has(cli, "quiet"))
		return 0;
	if (cli->output == OUTPUT_NDJSON || cli->output == OUTPUT_NAME)
		return show_lines(cli, name, items, e);
	return show_table(cli, columns, items, e);
}
