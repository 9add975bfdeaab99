/* Literal secrets: which are found, what stands in their place, and which are kept. */
#include <linkspan/connector.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "conf/conf.h"
#include "conf/local.h"
#include "core/literal.h"
#include "core/literal_text.h"
#include "crypto/random.h"
#include "folder.h"
#include "plug/load.h"
#include "store/store.h"
#include "suite.h"
#include "json/json.h"

/*
 * A type with a secret in each shape
 */

#define ROWS(table)                                                                                \
	.sub = (table), .sub_count = sizeof(table) / sizeof((table)[0]),                           \
	.sub_size = sizeof((table)[0])

static const struct lk_param header_rows[] = {
	{.name = "name", .type = LK_T_STRING},
	{.name = "value", .type = LK_T_STRING, .flags = LK_PRIVATE},
};
static const struct lk_param label_rows[] = {
	{.name = "name", .type = LK_T_STRING},
	{.name = "value", .type = LK_T_STRING},
};
static const struct lk_param key_rows[] = {
	{.name = "id", .type = LK_T_STRING},
	{.name = "key", .type = LK_T_STRING, .flags = LK_SECRET},
};
static const struct lk_param secret_rows[] = {
	{.name = "secret", .type = LK_T_STRING, .flags = LK_SECRET},
};
static const struct lk_param auth_rows[] = {
	{.name = "username", .type = LK_T_STRING},
	{.name = "password", .type = LK_T_STRING, .flags = LK_SECRET},
	{.name = "secrets", .type = LK_T_LIST, ROWS(secret_rows)},
	{.name = "extra", .type = LK_T_MAP, ROWS(secret_rows)},
};
static const struct lk_param rows[] = {
	{.name = "url", .type = LK_T_URL},
	{.name = "headers", .type = LK_T_LIST, ROWS(header_rows)},
	{.name = "labels", .type = LK_T_LIST, ROWS(label_rows)},
	{.name = "keys", .type = LK_T_LIST, ROWS(key_rows)},
	{.name = "auth", .type = LK_T_GROUP, ROWS(auth_rows)},
};

static struct plugin_type type = {
	.type = {.id = "t"}, .rows = rows, .row_count = sizeof(rows) / sizeof(rows[0])};
static struct plugin plugin = {.types = &type, .type_count = 1};
static struct plugin *items[] = {&plugin};
static const struct plugins plugins = {.items = items, .count = 1};

/*
 * Which texts are literal
 */

static const struct text_row {
	const char *text;
	bool as_value, as_header;
} text_rows[] = {
	{"", false, false},
	{"s3cr3t", true, true},
	{"***", true, true},
	{"Bearer s3cr3t", true, true},
	{"Bearer ", true, false},
	{"Bearer", true, true},
	{"$$", true, true},
	{"a$b", true, true},
	{"$${secret:env/T}", true, true},
	{"${secret:env/T}", false, false},
	{"${token}", false, false},
	{"${a}${secret:b/c}", false, false},
	{"${secret:env/U}:${secret:env/P}", false, false},
	{"Bearer ${secret:env/T}", false, false},
	{"bearer  ${token}", false, false},
	{"AWS4 ${secret:env/T}", false, false},
	{"session=${secret:env/T}", false, false},
	{"a=${b}; c=${d};", false, false},
	{"a=${b}; theme=dark; c=${d}", true, true},
	{"Bearer s3cr3t ${token}", true, true},
	{"Bearer sk_${token}", true, true},
	{"${token} s3cr3t", true, true},
	{"${token}s", true, true},
	{"1234 ${token}", true, true},
	{"${a} word ${b}", true, true},
	{"\xc3\xa4${b}", true, true},
	{"${never", true, true},
};

START_TEST(knows_what_is_literal)
{
	const struct text_row *row = &text_rows[_i];

	ck_assert_int_eq(literal_text_has(row->text, false), row->as_value);
	ck_assert_int_eq(literal_text_has(row->text, true), row->as_header);
}
END_TEST

static const struct header_row {
	const char *name;
	bool sensitive;
} header_names[] = {
	{"Authorization", true},  {"authorization", true}, {"Proxy-Authorization", true},
	{"Cookie", true},         {"X-Api-Key", true},     {"Api-Key", true},
	{"x-sn-apikey", true},    {"DD-API-KEY", true},    {"X-Auth-Token", true},
	{"X-Access-Token", true}, {"PRIVATE-TOKEN", true}, {"X-Hook-Secret", true},
	{"X-Password", true},     {"Content-Type", false}, {"Accept", false},
	{"X-Trace-Id", false},    {"Set-Cookie", false},   {"", false},
};

START_TEST(knows_sensitive_headers)
{
	ck_assert_int_eq(literal_is_sensitive(header_names[_i].name), header_names[_i].sensitive);
}
END_TEST

/*
 * Documents
 */

static struct arena arena;
static struct conf_host host;
static struct err err;

static void start(void)
{
	folder_create();
	ck_assert_int_eq(crypto_init(NULL), 0);
	host = (struct conf_host){.state = folder_root};
	arena_init(&arena);
	err = (struct err){0};
}

static void done(void)
{
	arena_wipe(&arena);
	folder_destroy();
}

static struct json *parse(const char *text)
{
	struct json *v;
	struct err e = {0};

	ck_assert_msg(json_read(text, strlen(text), &v, &e) == 0, "%s", e.text);
	return v;
}

static const char *print(const struct json *v)
{
	struct buf b;

	buf_init(&b, BUF_MAX_TEXT);
	ck_assert_int_eq(json_write(v, 0, &b), 0);
	const char *text = arena_strdup(&arena, buf_str(&b));
	buf_finish(&b);
	return text;
}

static void check_same(const struct json *v, const char *expected)
{
	struct json *same = parse(expected);

	ck_assert_str_eq(print(v), print(same));
	json_free(same);
}

#define DOCUMENT(type, settings) "{\"type\": \"" type "\", \"settings\": " settings "}"

static const struct find_row {
	const char *document;
	const char *paths[4];
} find_rows[] = {
	{DOCUMENT("t", "{\"url\": \"http://x/?token=abc\"}"), {NULL}},
	{DOCUMENT("t", "{\"auth\": {\"username\": \"u\", \"password\": \"p\"}}"),
         {"settings.auth.password"}},
	{DOCUMENT("t", "{\"auth\": {\"password\": \"${secret:env/P}\"}}"), {NULL}},
	{DOCUMENT("t", "{\"auth\": {\"secrets\": [\"${a}\", \"b\", \"c\"]}}"),
         {"settings.auth.secrets[1]", "settings.auth.secrets[2]"}},
	{DOCUMENT("t", "{\"auth\": {\"extra\": {\"any\": \"p\"}}}"), {"settings.auth.extra.any"}},
	{DOCUMENT("t", "{\"keys\": [{\"id\": \"1\", \"key\": \"k\"}, {\"id\": \"2\"}]}"),
         {"settings.keys[0].key"}},
	{DOCUMENT("t", "{\"headers\": [{\"name\": \"Accept\", \"value\": \"a\"},"
                       "{\"name\": \"Cookie\", \"value\": \"a=b\"}]}"),
         {"settings.headers[1].value"}},
	/* A table that says nothing of secrets is believed. */
	{DOCUMENT("t", "{\"labels\": [{\"name\": \"token\", \"value\": \"a\"}]}"), {NULL}},
	{"{\"type\": \"t\", \"settings\": {\"auth\": {\"password\": \"a\"}},"
         "\"environments\": {\"A\": {}, \"B\": {\"auth\": {\"password\": \"b\"},"
         "\"headers\": [{\"name\": \"X-Token\", \"value\": \"Token x\"}]}}}",
         {"settings.auth.password", "environments.B.auth.password",
          "environments.B.headers[0].value"}},
	/* Without rows, headers alone are known. */
	{DOCUMENT("unknown", "{\"password\": \"p\", \"headers\": [{\"name\": \"X-Api-Key\","
                             "\"value\": \"a\"}]}"),
         {"settings.headers[0].value"}},
	{"{\"settings\": {\"h\": [{\"name\": \"cookie\", \"value\": \"a\"}]}}",
         {"settings.h[0].value"}},
	/* What is no header, and what is no definition. */
	{DOCUMENT("t", "{\"headers\": [{\"name\": 5, \"value\": \"a\"}, {\"value\": \"b\"},"
                       "{\"name\": \"Cookie\", \"value\": 7}, \"Cookie\"]}"),
         {NULL}},
	{DOCUMENT("t", "{\"headers\": {\"name\": \"Cookie\", \"value\": \"a\"}}"), {NULL}},
	{DOCUMENT("t", "[\"a\"]"), {NULL}},
	{"{\"type\": 1, \"environments\": [], \"settings\": 5}", {NULL}},
	{"{\"type\": \"t\", \"environments\": {\"A\": 5}}", {NULL}},
	{"{}", {NULL}},
};

START_TEST(finds_what_is_literal)
{
	const struct find_row *row = &find_rows[_i];
	const char *const *paths;
	size_t count = 0;

	start();
	struct json *document = parse(row->document);
	ck_assert_int_eq(literals_find(&plugins, document, &arena, &paths, &err), 0);
	for (; paths[count] && row->paths[count]; count++)
		ck_assert_str_eq(paths[count], row->paths[count]);
	ck_assert_msg(!paths[count] && !row->paths[count], "%s", paths[count]);
	json_free(document);
	done();
}
END_TEST

/*
 * Lifting
 */

static struct literal *lifted;
static size_t lifted_count;

static struct json *lift(const char *text)
{
	struct json *document = parse(text);

	lifted = NULL;
	lifted_count = 0;
	ck_assert_msg(literals_lift(&host, &plugins, "My Orders", document, &arena, &lifted,
	                            &lifted_count, &err) == 0,
	              "%s", err.text);
	return document;
}

/* As the change of the catalogue does it. */
static void write_files(void)
{
	for (size_t i = 0; i < lifted_count; i++) {
		const struct store_file *file = lifted[i].file;
		ck_assert(strncmp(file->path, folder_root, strlen(folder_root)) == 0);
		ck_assert_uint_eq(file->mode, 0600);
		ck_assert_ptr_null(file->before);
		folder_write_bytes(file->path + strlen(folder_root) + 1, file->bytes,
		                   file->size_bytes);
	}
}

static void check_secret(size_t i, const char *path, const char *stem, const char *text)
{
	struct buf b;

	ck_assert_uint_lt(i, lifted_count);
	ck_assert_str_eq(lifted[i].path, path);
	ck_assert_msg(strncmp(lifted[i].reference, stem, strlen(stem)) == 0, "%s",
	              lifted[i].reference);
	const char *hex = lifted[i].reference + strlen(stem);
	ck_assert_uint_eq(strlen(hex), 4);
	ck_assert_uint_eq(strspn(hex, "0123456789abcdef"), 4);
	buf_init(&b, BUF_MAX_TEXT);
	ck_assert_msg(local_fetch(&host, lifted[i].reference + strlen("local/"), &b, &err) == 0,
	              "%s", err.text);
	ck_assert_str_eq(buf_str(&b), text);
	buf_finish(&b);
}

START_TEST(a_literal_secret_is_moved)
{
	start();
	struct json *document = lift(
		"{\"type\": \"t\", \"settings\": {\"url\": \"u\", \"auth\": {\"password\": \"pa$$s\"},"
		"\"headers\": [{\"name\": \"Authorization\", \"value\": \"Bearer abc\"}]},"
		"\"environments\": {\"E\": {\"auth\": {\"secrets\": [\"x\", \"${y}\"]}}}}");
	write_files();
	ck_assert_uint_eq(lifted_count, 3);
	check_secret(0, "settings.auth.password", "local/My_Orders.password.", "pa$s");
	check_secret(1, "settings.headers[0].value", "local/My_Orders.Authorization.", "abc");
	check_secret(2, "environments.E.auth.secrets[0]", "local/My_Orders.secrets.", "x");
	check_same(document,
	           arena_printf(&arena,
	                        "{\"type\": \"t\", \"settings\": {\"url\": \"u\", \"auth\":"
	                        "{\"password\": \"${secret:%s}\"}, \"headers\": [{\"name\":"
	                        "\"Authorization\", \"value\": \"Bearer ${secret:%s}\"}]},"
	                        "\"environments\": {\"E\": {\"auth\": {\"secrets\":"
	                        "[\"${secret:%s}\", \"${y}\"]}}}}",
	                        lifted[0].reference, lifted[1].reference, lifted[2].reference));
	json_free(document);
	done();
}
END_TEST

START_TEST(references_beside_a_secret_stay)
{
	start();
	struct json *document =
		lift(DOCUMENT("t", "{\"auth\": {\"password\": \"ab${v}cd$${secret:env/T}\"}}"));
	write_files();
	ck_assert_uint_eq(lifted_count, 2);
	check_secret(0, "settings.auth.password", "local/My_Orders.password.", "ab");
	check_secret(1, "settings.auth.password", "local/My_Orders.password.", "cd${secret:env/T}");
	check_same(document, arena_printf(&arena,
	                                  DOCUMENT("t", "{\"auth\": {\"password\":"
	                                                "\"${secret:%s}${v}${secret:%s}\"}}"),
	                                  lifted[0].reference, lifted[1].reference));
	json_free(document);
	done();
}
END_TEST

START_TEST(what_has_no_secret_is_left_as_it_is)
{
	static const char text[] =
		DOCUMENT("t", "{\"auth\": {\"password\": null}, \"url\": \"u\"}");

	start();
	struct json *document = lift(text);
	ck_assert_uint_eq(lifted_count, 0);
	check_same(document, text);
	ck_assert_int_ne(access(folder_path("secrets.key"), F_OK), 0);
	json_free(document);
	done();
}
END_TEST

START_TEST(a_name_is_given_once)
{
	static const char text[] = DOCUMENT("t", "{\"auth\": {\"password\": \"p\"}}");
	const char *seen[64];

	start();
	for (size_t i = 0; i < 64; i++) {
		json_free(lift(text));
		write_files();
		seen[i] = lifted[0].reference;
		for (size_t k = 0; k < i; k++)
			ck_assert_str_ne(seen[k], seen[i]);
	}
	done();
}
END_TEST

START_TEST(a_name_fits_the_provider)
{
	char document[2048], header[600];

	start();
	memset(header, 'x', sizeof(header) - 1);
	header[sizeof(header) - 1] = '\0';
	snprintf(document, sizeof(document),
	         "{\"settings\": {\"h\": [{\"name\": \"token %s\", \"value\": \"v\"}]}}", header);
	json_free(lift(document));
	ck_assert_uint_eq(lifted_count, 1);
	ck_assert(local_is_name(lifted[0].reference + strlen("local/")));
	json_free(lift("{\"settings\": {\"h\": [{\"name\": \"tokenä/..\", \"value\": \"v\"}]}}"));
	ck_assert(local_is_name(lifted[0].reference + strlen("local/")));
	done();
}
END_TEST

START_TEST(what_no_file_could_hold_is_refused)
{
	struct json *document = parse("{\"settings\": {\"a b\": 1}}");

	start();
	ck_assert_int_eq(
		literals_lift(&host, &plugins, "x", document, &arena, &lifted, &lifted_count, &err),
		ERR_INVALID);
	ck_assert_ptr_nonnull(strstr(err.text, "`a b`"));
	json_free(document);
	done();
}
END_TEST

/*
 * Keeping
 */

static const struct keep_row {
	const char *present, *given, *expected;
} keep_rows[] = {
	/* Absent, null, given anew. */
	{DOCUMENT("t", "{\"auth\": {\"password\": \"p\"}}"), DOCUMENT("t", "{\"auth\": {}}"),
         DOCUMENT("t", "{\"auth\": {\"password\": \"p\"}}")},
	{DOCUMENT("t", "{\"auth\": {\"password\": \"p\"}}"),
         DOCUMENT("t", "{\"auth\": {\"password\": null}}"),
         DOCUMENT("t", "{\"auth\": {\"password\": null}}")},
	{DOCUMENT("t", "{\"auth\": {\"password\": \"p\"}}"),
         DOCUMENT("t", "{\"auth\": {\"password\": \"q\"}}"),
         DOCUMENT("t", "{\"auth\": {\"password\": \"q\"}}")},
	/* What is no literal secret was shown, so that absent means removed. */
	{DOCUMENT("t", "{\"url\": \"u\", \"auth\": {\"username\": \"u\", \"password\": \"${p}\"}}"),
         DOCUMENT("t", "{\"auth\": {}}"), DOCUMENT("t", "{\"auth\": {}}")},
	/* A group that is gone takes its secrets along. */
	{DOCUMENT("t", "{\"auth\": {\"password\": \"p\"}}"), DOCUMENT("t", "{}"),
         DOCUMENT("t", "{}")},
	/* Headers by name, whatever their order, and the second of two as the second. */
	{DOCUMENT("t", "{\"headers\": [{\"name\": \"Cookie\", \"value\": \"c\"},"
                       "{\"name\": \"X-Token\", \"value\": \"1\"},"
                       "{\"name\": \"X-Token\", \"value\": \"2\"}]}"),
         DOCUMENT("t", "{\"headers\": [{\"name\": \"x-token\"}, {\"name\": \"Accept\"},"
                       "{\"name\": \"X-Token\"}, {\"name\": \"Cookie\"}]}"),
         DOCUMENT("t", "{\"headers\": [{\"name\": \"x-token\", \"value\": \"1\"},"
                       "{\"name\": \"Accept\"}, {\"name\": \"X-Token\", \"value\": \"2\"},"
                       "{\"name\": \"Cookie\", \"value\": \"c\"}]}")},
	{DOCUMENT("t", "{\"headers\": [{\"name\": \"X-Token\", \"value\": \"1\"}]}"),
         DOCUMENT("t", "{\"headers\": [{\"name\": \"X-Other-Token\"}]}"),
         DOCUMENT("t", "{\"headers\": [{\"name\": \"X-Other-Token\"}]}")},
	/* Items without a name by their place. */
	{DOCUMENT("t", "{\"keys\": [{\"id\": \"1\", \"key\": \"a\"}, {\"key\": \"b\"}]}"),
         DOCUMENT("t", "{\"keys\": [{\"id\": \"2\"}, {\"key\": null}, {}]}"),
         DOCUMENT("t", "{\"keys\": [{\"id\": \"2\", \"key\": \"a\"}, {}, {}]}")},
	/* Bare secrets: a null keeps the one in its place. */
	{DOCUMENT("t", "{\"auth\": {\"secrets\": [\"a\", \"b\", \"${c}\"]}}"),
         DOCUMENT("t", "{\"auth\": {\"secrets\": [null, \"x\", null, null]}}"),
         DOCUMENT("t", "{\"auth\": {\"secrets\": [\"a\", \"x\"]}}")},
	{DOCUMENT("t", "{\"auth\": {\"secrets\": [\"a\", \"b\"]}}"),
         DOCUMENT("t", "{\"auth\": {\"secrets\": [\"x\", null]}}"),
         DOCUMENT("t", "{\"auth\": {\"secrets\": [\"x\", \"b\"]}}")},
	{DOCUMENT("t", "{\"auth\": {\"extra\": {\"k\": \"a\", \"l\": \"b\"}}}"),
         DOCUMENT("t", "{\"auth\": {\"extra\": {\"l\": null}}}"),
         DOCUMENT("t", "{\"auth\": {\"extra\": {\"k\": \"a\"}}}")},
	/* Each environment for itself. */
	{"{\"type\": \"t\", \"environments\": {\"A\": {\"auth\": {\"password\": \"a\"}},"
         "\"B\": {\"auth\": {\"password\": \"b\"}}}}",
         "{\"type\": \"t\", \"environments\": {\"B\": {\"auth\": {}}, \"C\": {\"auth\": {}}}}",
         "{\"type\": \"t\", \"environments\": {\"B\": {\"auth\": {\"password\": \"b\"}},"
         "\"C\": {\"auth\": {}}}}"},
	/* Of another type, or another shape, nothing means the same. */
	{DOCUMENT("t", "{\"auth\": {\"password\": \"p\"}}"), DOCUMENT("u", "{\"auth\": {}}"),
         DOCUMENT("u", "{\"auth\": {}}")},
	{DOCUMENT("t", "{\"auth\": {\"password\": \"p\"}}"), DOCUMENT("t", "{\"auth\": [{}]}"),
         DOCUMENT("t", "{\"auth\": [{}]}")},
	{DOCUMENT("t", "{\"auth\": {\"password\": \"p\"}}"), DOCUMENT("t", "[]"),
         DOCUMENT("t", "[]")},
	{DOCUMENT("t", "{}"), "{\"settings\": {\"auth\": {}}, \"environments\": 5}",
         "{\"settings\": {\"auth\": {}}, \"environments\": 5}"},
};

START_TEST(keeps_what_is_absent)
{
	const struct keep_row *row = &keep_rows[_i];

	start();
	struct json *present = parse(row->present), *given = parse(row->given);
	ck_assert_msg(literals_keep(&plugins, present, given, &err) == 0, "%s", err.text);
	check_same(given, row->expected);
	check_same(present, row->present);
	json_free(present);
	json_free(given);
	done();
}
END_TEST

/*
 * Without memory
 */

static const char faulty[] =
	"{\"type\": \"t\", \"settings\": {\"auth\": {\"password\": \"p\", \"secrets\": [\"a\"]},"
	"\"headers\": [{\"name\": \"Cookie\", \"value\": \"a=${x}; b\"}]}}";

START_TEST(survives_every_failing_allocation)
{
	int rc = ERR_NO_MEMORY;

	start();
	for (unsigned n = 1; rc != 0; n++) {
		struct json *document = parse(faulty);
		const char *before = print(document);
		lifted_count = 77;
		mem_fail_at(n);
		rc = literals_lift(&host, &plugins, "x", document, &arena, &lifted, &lifted_count,
		                   NULL);
		bool pending = mem_fail_pending();
		mem_fail_at(0);
		ck_assert(rc == 0 ? pending && lifted_count == 3
		                  : rc == ERR_NO_MEMORY && lifted_count == 77);
		if (rc != 0)
			check_same(document, before);
		json_free(document);
	}
	rc = ERR_NO_MEMORY;
	for (unsigned n = 1; rc != 0; n++) {
		struct json *document = parse(faulty);
		const char *const *paths = NULL;
		mem_fail_at(n);
		rc = literals_find(&plugins, document, &arena, &paths, NULL);
		bool pending = mem_fail_pending();
		mem_fail_at(0);
		ck_assert(rc == 0 ? pending && paths : rc == ERR_NO_MEMORY && !paths);
		json_free(document);
	}
	rc = ERR_NO_MEMORY;
	for (unsigned n = 1; rc != 0; n++) {
		struct json *present = parse(faulty);
		struct json *given = parse(DOCUMENT("t", "{\"auth\": {\"secrets\": [null]},"
		                                         "\"headers\": [{\"name\": \"Cookie\"}]}"));
		mem_fail_at(n);
		rc = literals_keep(&plugins, present, given, NULL);
		bool pending = mem_fail_pending();
		mem_fail_at(0);
		ck_assert(rc == 0 ? pending : rc == ERR_NO_MEMORY);
		json_free(present);
		json_free(given);
	}
	done();
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_LOOP(knows_what_is_literal, text_rows),
	SUITE_LOOP(knows_sensitive_headers, header_names),
	SUITE_LOOP(finds_what_is_literal, find_rows),
	SUITE_TEST(a_literal_secret_is_moved),
	SUITE_TEST(references_beside_a_secret_stay),
	SUITE_TEST(what_has_no_secret_is_left_as_it_is),
	SUITE_TEST(a_name_is_given_once),
	SUITE_TEST(a_name_fits_the_provider),
	SUITE_TEST(what_no_file_could_hold_is_refused),
	SUITE_LOOP(keeps_what_is_absent, keep_rows),
	SUITE_TEST(survives_every_failing_allocation),
};

SUITE_MAIN("literal", tests)
