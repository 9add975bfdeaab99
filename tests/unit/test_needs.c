/* What definitions refer to: found by the rows of a type, and put into other words. */
#include "core/needs.h"

#include <linkspan/connector.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "plug/load.h"
#include "suite.h"
#include "json/json.h"

static const struct lk_param file_rows[] = {
	{.name = "file", .type = LK_T_FILE, .label = "F", .help = "F."},
};
static const struct lk_param pair_rows[] = {
	{.name = "name", .type = LK_T_STRING, .label = "N", .help = "N."},
	{.name = "file", .type = LK_T_FILE, .label = "F", .help = "F."},
};
static const struct lk_param rows[] = {
	{.name = "text", .type = LK_T_STRING, .label = "T", .help = "T."},
	{.name = "file", .type = LK_T_FILE, .label = "F", .help = "F."},
	{.name = "files",
         .type = LK_T_LIST,
         .label = "F",
         .help = "F.",
         .sub = file_rows,
         .sub_count = 1,
         .sub_size = sizeof(file_rows[0])},
	{.name = "pairs",
         .type = LK_T_LIST,
         .label = "P",
         .help = "P.",
         .sub = pair_rows,
         .sub_count = 2,
         .sub_size = sizeof(pair_rows[0])},
	{.name = "map",
         .type = LK_T_MAP,
         .label = "M",
         .help = "M.",
         .sub = file_rows,
         .sub_count = 1,
         .sub_size = sizeof(file_rows[0])},
	{.name = "tls",
         .type = LK_T_GROUP,
         .label = "G",
         .help = "G.",
         .sub = pair_rows,
         .sub_count = 2,
         .sub_size = sizeof(pair_rows[0])},
};

static struct plugin_type type = {
	.type = {.id = "box"},
	.rows = rows,
	.row_count = sizeof(rows) / sizeof(rows[0]),
};
static struct plugin plugin = {.types = &type, .type_count = 1};
static struct plugin *items[] = {&plugin};
static const struct plugins plugins = {.items = items, .count = 1};

static struct json *read_text(const char *text)
{
	struct json *v = NULL;
	struct err e = {0};

	ck_assert_msg(json_read(text, strlen(text), &v, &e) == 0, "%s", e.text);
	return v;
}

static void add(struct buf *b, const struct need *needs, size_t count)
{
	for (size_t i = 0; i < count; i++)
		buf_printf(b, "%s%s %s @%s", i ? ", " : "", need_kinds[needs[i].kind],
		           needs[i].name, needs[i].path);
}

static const struct {
	const char *definition, *needs;
} found[] = {
	{"{\"type\":\"box\",\"settings\":{\"file\":\"a\",\"text\":\"a\"}}",
         "file a @settings.file"},
	{"{\"type\":\"box\",\"settings\":{\"file\":\"\"}}", ""},
	{"{\"type\":\"box\",\"settings\":{\"files\":[\"a\",\"b\"]}}",
         "file a @settings.files[0], file b @settings.files[1]"},
	{"{\"type\":\"box\",\"settings\":{\"pairs\":[{\"name\":\"n\",\"file\":\"a\"}]}}",
         "file a @settings.pairs[0].file"},
	{"{\"type\":\"box\",\"settings\":{\"map\":{\"k\":\"a\"}}}", "file a @settings.map.k"},
	{"{\"type\":\"box\",\"settings\":{\"tls\":{\"file\":\"a\",\"name\":\"n\"}}}",
         "file a @settings.tls.file"},
	{"{\"type\":\"box\",\"environments\":{\"E\":{\"file\":\"a\"},\"F\":{}}}",
         "environment E @environments.E, file a @environments.E.file, "
         "environment F @environments.F"},
	{"{\"type\":\"none\",\"settings\":{\"file\":\"${v}\"}}", "variable v @settings.file"},
	{"{\"type\":\"box\",\"settings\":{\"text\":\"${a}-$${b}-$c-${secret:file/d}${a}${\"}}",
         "variable a @settings.text, secret file/d @settings.text"},
	{"{\"type\":\"box\",\"settings\":{\"more\":{\"deep\":[{\"x\":\"${a}\"}]}}}",
         "variable a @settings.more.deep[0].x"},
	{"{\"type\":\"box\",\"settings\":{\"alert_connection\":\"Alarm\"},"
         "\"environments\":{\"E\":{\"alert_connection\":\"Alarm\"}}}",
         "connection Alarm @settings.alert_connection, environment E @environments.E"},
	{"{}", ""},
	{"{\"type\":7,\"settings\":[],\"environments\":\"x\"}", ""},
};

START_TEST(what_is_referred_to_is_found)
{
	struct json *definition = read_text(found[_i].definition);
	const struct need *needs = NULL;
	struct arena arena;
	size_t count = 0;
	struct buf text;

	arena_init(&arena);
	buf_init(&text, BUF_MAX_LINE);
	ck_assert_int_eq(needs_find(&plugins, definition, &arena, &needs, &count, NULL), 0);
	add(&text, needs, count);
	ck_assert_str_eq(buf_str(&text), found[_i].needs);
	buf_finish(&text);
	arena_finish(&arena);
	json_free(definition);
}
END_TEST

START_TEST(files_of_an_environment_are_found_where_the_type_has_such_a_row)
{
	struct json *tls = read_text("{\"file\":\"a\",\"name\":\"n\"}");
	const struct need *needs = NULL;
	struct arena arena;
	size_t count = 0;

	arena_init(&arena);
	ck_assert_int_eq(
		needs_find_tls(&plugins, "box", tls, "E: tls", &arena, &needs, &count, NULL), 0);
	ck_assert_uint_eq(count, 1);
	ck_assert_str_eq(needs[0].path, "E: tls.file");
	ck_assert_int_eq(
		needs_find_tls(&plugins, "none", tls, "E: tls", &arena, &needs, &count, NULL), 0);
	ck_assert_uint_eq(count, 0);
	arena_finish(&arena);
	json_free(tls);
}
END_TEST

static const struct {
	const char *path, *text; /* NULL: there is none */
} places[] = {
	{"a", "1"},       {"b.c", "2"},  {"b.d[1]", "4"},   {"b.d[1].x", NULL},
	{"b.d[2]", NULL}, {"b.d", NULL}, {"none", NULL},    {"b.d[x]", NULL},
	{"b..c", NULL},   {"", NULL},    {"b.e[0].f", "5"},
};

START_TEST(a_text_is_replaced_at_its_place)
{
	static const char document[] =
		"{\"a\":\"1\",\"b\":{\"c\":\"2\",\"d\":[\"3\",\"4\"],\"e\":[{\"f\":\"5\"}],\"g\":null}}";
	struct json *v = read_text(document);
	struct json *changed = needs_replace(v, places[_i].path, "new");
	struct buf text;

	buf_init(&text, BUF_MAX_LINE);
	ck_assert_pstr_eq(needs_text(v, places[_i].path), places[_i].text);
	ck_assert_int_eq(changed != NULL, places[_i].text != NULL);
	if (changed) {
		ck_assert_str_eq(needs_text(changed, places[_i].path), "new");
		json_write(changed, 0, &text);
		ck_assert_uint_eq(text.len_bytes, strlen(document) + 2);
	}
	buf_finish(&text);
	json_free(changed);
	json_free(v);
}
END_TEST

START_TEST(without_memory_it_is_said)
{
	struct json *definition = read_text(found[8].definition);
	int pending = 0;

	for (unsigned n = 1; !pending; n++) {
		const struct need *needs = NULL;
		struct arena arena;
		size_t count = 0;
		arena_init(&arena);
		mem_fail_at(n);
		int rc = needs_find(&plugins, definition, &arena, &needs, &count, NULL);
		pending = mem_fail_pending();
		mem_fail_at(0);
		ck_assert_int_eq(rc, pending ? 0 : ERR_NO_MEMORY);
		arena_finish(&arena);
	}
	json_free(definition);
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_LOOP(what_is_referred_to_is_found, found),
	SUITE_TEST(files_of_an_environment_are_found_where_the_type_has_such_a_row),
	SUITE_LOOP(a_text_is_replaced_at_its_place, places),
	SUITE_TEST(without_memory_it_is_said),
};

SUITE_MAIN("needs", tests)
