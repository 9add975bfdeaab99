/* Header fields: names, values, what may be shown, and the precedence of sources. */
#include "webhook/header.h"

#include <linkspan/connector.h>
#include <stdio.h>
#include <string.h>

#include "suite.h"
#include "webhook/text.h"

#define TEN     "abcdefghij"
#define FIFTY   TEN TEN TEN TEN TEN
#define NAME256 FIFTY FIFTY FIFTY FIFTY FIFTY "abcdef"

static const struct {
	const char *name, *message; /* NULL: good; else contains this */
} names[] = {
	{"Authorization", NULL},
	{"x", NULL},
	{"!#$%&'*+-.^_`|~0aZ", NULL},
	{NAME256, NULL},
	{"Content-Type", NULL},
	{"Content-Lengths", NULL},
	{"Hosts", NULL},
	{"Proxy", NULL},
	{"Upgrade-Insecure-Requests", NULL},
	{"", "empty"},
	{NAME256 "x", "at most 256"},
	{"X Y", "only letters, digits"},
	{" X", "only letters, digits"},
	{"X ", "only letters, digits"},
	{"X:", "only letters, digits"},
	{"X: y\r\nZ", "only letters, digits"},
	{"X\n", "only letters, digits"},
	{"X\tY", "only letters, digits"},
	{"X(Y)", "only letters, digits"},
	{"X/Y", "only letters, digits"},
	{"X\"", "only letters, digits"},
	{"X\x7f", "only letters, digits"},
	{"\xc3\x9cx", "only letters, digits"},
	{"Host", "transport"},
	{"host", "transport"},
	{"CONTENT-LENGTH", "transport"},
	{"Transfer-Encoding", "transport"},
	{"Connection", "transport"},
	{"Expect", "transport"},
	{"TE", "transport"},
	{"te", "transport"},
	{"Trailer", "transport"},
	{"Upgrade", "transport"},
	{"Keep-Alive", "transport"},
	{"Proxy-Authorization", "transport"},
	{"proxy-connection", "transport"},
	{"Proxy-", "transport"},
};

START_TEST(a_name_is_a_token_and_not_reserved)
{
	const char *message = NULL;
	int rc = header_check_name(names[_i].name, &message);

	ck_assert_int_eq(rc, names[_i].message ? LK_EINVAL : 0);
	if (names[_i].message)
		ck_assert_msg(strstr(message, names[_i].message), "%s: %s", names[_i].name,
		              message);
	else
		ck_assert_ptr_null(message);
}
END_TEST

#define VALUE(text) text, sizeof(text) - 1

static const struct {
	const char *value;
	size_t bytes;
	const char *message; /* NULL: good; else contains this */
} values[] = {
	{VALUE("x"), NULL},
	{VALUE("Bearer abc=="), NULL},
	{VALUE("a \t b"), NULL},
	{VALUE("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"), NULL},
	{VALUE("gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80"), NULL},
	{VALUE("\xc2\xa0"), NULL},
	{VALUE(""), "empty"},
	{VALUE(" x"), "begin or end"},
	{VALUE("x "), "begin or end"},
	{VALUE("\tx"), "begin or end"},
	{VALUE("x\t"), "begin or end"},
	{VALUE(" "), "begin or end"},
	{VALUE("a\r\nX-Other: b"), "line ends"},
	{VALUE("a\rb"), "line ends"},
	{VALUE("a\nb"), "line ends"},
	{VALUE("a\r\n"), "line ends"},
	{VALUE("a\0b"), "control characters"},
	{VALUE("a\x01"), "control characters"},
	{VALUE("\x1f"), "control characters"},
	{VALUE("\x7f"), "control characters"},
	{VALUE("a\xc2\x80"), "control characters"},
	{VALUE("a\xc2\x85z"), "control characters"},
	{VALUE("a\xc2\x9f"), "control characters"},
	{VALUE("\xff"), "UTF-8"},
	{VALUE("a\xc3"), "UTF-8"},
	{VALUE("\xc0\x8a"), "UTF-8"},
	{VALUE("\xed\xa0\x80"), "UTF-8"},
	{VALUE("gr\xfc\xdf"), "UTF-8"},
};

START_TEST(a_value_has_no_line_ends_or_controls)
{
	const char *message = NULL;
	int rc = header_check_value(values[_i].value, values[_i].bytes, &message);

	ck_assert_int_eq(rc, values[_i].message ? LK_EINVAL : 0);
	if (values[_i].message)
		ck_assert_msg(strstr(message, values[_i].message), "%s", message);
	else
		ck_assert_ptr_null(message);
}
END_TEST

START_TEST(a_value_has_at_most_8192_bytes)
{
	static char value[HEADER_VALUE_MAX_BYTES + 2];
	const char *message = NULL;

	memset(value, 'v', HEADER_VALUE_MAX_BYTES + 1);
	ck_assert_int_eq(header_check_value(value, HEADER_VALUE_MAX_BYTES, &message), 0);
	ck_assert_int_eq(header_check_value(value, HEADER_VALUE_MAX_BYTES + 1, &message),
	                 LK_EINVAL);
	ck_assert_ptr_nonnull(strstr(message, "at most 8192"));
}
END_TEST

static const struct {
	const char *name;
	bool show;
} shown[] = {
	{"Accept", true},
	{"accept-language", true},
	{"Content-Type", true},
	{"User-Agent", true},
	{"Date", true},
	{"If-None-Match", true},
	{"traceparent", true},
	{"X-Request-Id", true},
	{"webhook-id", true},
	{"webhook-timestamp", true},
	{"ce-type", true},
	{"Retry-After", true},
	{"ETag", true},
	{"Authorization", false},
	{"Cookie", false},
	{"Set-Cookie", false},
	{"X-Api-Key", false},
	{"webhook-signature", false},
	{"Location", false},
	{"Dates", false},
	{"X-Accept", false},
	{"X-Anything", false},
	{"", false},
};

START_TEST(only_known_harmless_headers_are_shown)
{
	ck_assert_msg(header_may_show(shown[_i].name) == shown[_i].show, "%s", shown[_i].name);
}
END_TEST

struct source_row {
	enum header_source source;
	const char *name, *value;
};

static const struct {
	struct source_row add[6];
	const char *lines; /* joined by "|" */
} merges[] = {
	{{{0}}, ""},
	{{{HEADER_FROM_CALL, "A", "1"}, {HEADER_FROM_CONNECTION, "B", "2"}}, "A: 1|B: 2"},
	{{{HEADER_FROM_CALL, "X-A", "call"}, {HEADER_FROM_CONNECTION, "x-a", "connection"}},
         "X-A: call"},
	{{{HEADER_FROM_CALL, "A", "1"},
          {HEADER_FROM_CALL, "a", "2"},
          {HEADER_FROM_CONNECTION, "A", "3"}},
         "A: 1|a: 2"},
	{{{HEADER_FROM_CONNECTION, "A", "1"}, {HEADER_FROM_CONNECTION, "A", "2"}}, "A: 1|A: 2"},
	{{{HEADER_FROM_CALL, "Content-Type", "text/a"},
          {HEADER_FROM_CONNECTION, "content-type", "text/b"},
          {HEADER_FROM_CONTENT_TYPE, "Content-Type", "text/c"}},
         "Content-Type: text/a"},
	{{{HEADER_FROM_CONNECTION, "content-type", "text/b"},
          {HEADER_FROM_CONTENT_TYPE, "Content-Type", "text/c"}},
         "content-type: text/b"},
	{{{HEADER_FROM_CONNECTION, "Content-Typ", "x"},
          {HEADER_FROM_CONTENT_TYPE, "Content-Type", "text/c"}},
         "Content-Typ: x|Content-Type: text/c"},
	{{{HEADER_FROM_CALL, "A", "1"},
          {HEADER_FROM_CONNECTION, "AB", "2"},
          {HEADER_FROM_CONNECTION, "A", "3"},
          {HEADER_FROM_CONNECTION, "B", "4"}},
         "A: 1|AB: 2|B: 4"},
};

START_TEST(the_earlier_source_wins)
{
	struct header_set set;
	struct text lines;
	const char *message = NULL;

	header_set_init(&set);
	for (const struct source_row *r = merges[_i].add; r->name; r++)
		ck_assert_int_eq(header_set_add(&set, r->source, r->name, r->value, &message), 0);
	text_init(&lines, 1000);
	for (size_t i = 0; i < set.count; i++)
		text_printf(&lines, "%s%s", i ? "|" : "", header_set_line(&set, i));
	ck_assert_str_eq(text_str(&lines), merges[_i].lines);
	text_finish(&lines);
	header_set_finish(&set);
}
END_TEST

START_TEST(a_set_gives_names_and_values_back)
{
	struct header_set set;
	const char *message;

	header_set_init(&set);
	ck_assert(!header_set_has(&set, "X-A"));
	ck_assert_int_eq(header_set_add(&set, HEADER_FROM_CALL, "X-A", "b: c", &message), 0);
	ck_assert(header_set_has(&set, "x-a"));
	ck_assert(!header_set_has(&set, "X-"));
	ck_assert_uint_eq(header_set_name_bytes(&set, 0), 3);
	ck_assert_str_eq(header_set_value(&set, 0), "b: c");
	header_set_finish(&set);
	ck_assert_uint_eq(set.count, 0);
	header_set_finish(&set);
}
END_TEST

static const struct {
	const char *name, *value;
} unsendable[] = {
	{"Host", "evil"}, {"X\r\nY", "z"}, {"X", "a\r\nY: z"}, {"X", ""}, {"", "x"}, {"X", "\xff"},
};

START_TEST(what_may_not_be_sent_does_not_get_in)
{
	struct header_set set;
	const char *message = NULL;

	header_set_init(&set);
	ck_assert_int_eq(header_set_add(&set, HEADER_FROM_CALL, unsendable[_i].name,
	                                unsendable[_i].value, &message),
	                 LK_EINVAL);
	ck_assert_ptr_nonnull(message);
	ck_assert_uint_eq(set.count, 0);
	header_set_finish(&set);
}
END_TEST

START_TEST(four_hundred_of_the_largest_fit)
{
	static char value[HEADER_VALUE_MAX_BYTES + 1];
	struct header_set set;
	const char *message = "";
	char name[HEADER_NAME_MAX_BYTES + 1];

	memset(value, 'v', HEADER_VALUE_MAX_BYTES);
	header_set_init(&set);
	for (int i = 0; i < HEADER_SET_MAX; i++) {
		snprintf(name, sizeof(name), "%0256d", i);
		ck_assert_int_eq(header_set_add(&set, HEADER_FROM_CALL, name, value, &message), 0);
	}
	ck_assert_int_eq(header_set_add(&set, HEADER_FROM_CALL, "x", "y", &message), LK_EINVAL);
	ck_assert_ptr_nonnull(strstr(message, "at most 400"));
	ck_assert_uint_eq(strlen(header_set_line(&set, HEADER_SET_MAX - 1)), 256 + 2 + 8192);
	header_set_finish(&set);
}
END_TEST

START_TEST(survives_every_failed_allocation)
{
	int pending = 0;

	for (unsigned n = 1; !pending; n++) {
		struct header_set set;
		const char *message;
		char name[16];
		int rc = 0, i;

		header_set_init(&set);
		wh_fail_at(n);
		for (i = 0; rc == 0 && i < 40; i++) {
			snprintf(name, sizeof(name), "X-%d", i);
			rc = header_set_add(&set, HEADER_FROM_CALL, name, "value", &message);
		}
		pending = wh_fail_pending();
		wh_fail_at(0);
		ck_assert_int_eq(rc, pending ? 0 : LK_ENOMEM);
		ck_assert_uint_eq(set.count, pending ? 40 : (size_t)i - 1);
		header_set_finish(&set);
		ck_assert_uint_lt(n, 20);
	}
}
END_TEST

/* A fixed sequence (xorshift), so that a failure can be repeated. */
static uint32_t next_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

START_TEST(random_bytes_never_make_a_second_line)
{
	uint32_t state = 521288629u;
	unsigned taken = 0;

	for (int round = 0; round < 5000; round++) {
		char name[8] = "", value[8] = "";
		struct header_set set;
		const char *message = NULL;

		for (uint32_t i = 0, n = next_random(&state) % 5; i < n; i++)
			name[i] = (char)(next_random(&state) % 128);
		for (uint32_t i = 0, n = next_random(&state) % 5; i < n; i++)
			value[i] = (char)(next_random(&state) % 256);
		header_set_init(&set);
		if (header_set_add(&set, HEADER_FROM_CALL, name, value, &message) == 0) {
			const char *line = header_set_line(&set, 0);
			size_t bytes = strlen(line);
			ck_assert_uint_eq(strcspn(line, "\r\n"), bytes);
			ck_assert_uint_eq(strcspn(line, ":"), strlen(name));
			ck_assert(line[bytes - 1] != ' ');
			taken++;
		} else {
			ck_assert_ptr_nonnull(message);
		}
		header_set_finish(&set);
	}
	ck_assert_uint_gt(taken, 100);
	ck_assert_uint_lt(taken, 4500);
}
END_TEST

static const struct sensitive_row {
	const char *name;
	bool sensitive;
} sensitive_rows[] = {
	{"Authorization", true}, {"authorization", true}, {"Cookie", true},
	{"X-Api-Key", true},     {"DD-API-KEY", true},    {"PRIVATE-TOKEN", true},
	{"X-Auth-Token", true},  {"Content-Type", false}, {"X-Trace-Id", false},
	{"Accept", false},       {"X-Author", false},
};

START_TEST(names_of_credentials_are_known)
{
	const struct sensitive_row *row = &sensitive_rows[_i];

	ck_assert_int_eq(header_is_sensitive(row->name), row->sensitive);
	if (row->sensitive)
		ck_assert(!header_may_show(row->name));
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_LOOP(names_of_credentials_are_known, sensitive_rows),
	SUITE_LOOP(a_name_is_a_token_and_not_reserved, names),
	SUITE_LOOP(a_value_has_no_line_ends_or_controls, values),
	SUITE_TEST(a_value_has_at_most_8192_bytes),
	SUITE_LOOP(only_known_harmless_headers_are_shown, shown),
	SUITE_LOOP(the_earlier_source_wins, merges),
	SUITE_TEST(a_set_gives_names_and_values_back),
	SUITE_LOOP(what_may_not_be_sent_does_not_get_in, unsendable),
	SUITE_TEST(four_hundred_of_the_largest_fit),
	SUITE_TEST(survives_every_failed_allocation),
	SUITE_TEST(random_bytes_never_make_a_second_line),
};

SUITE_MAIN("header", tests)
