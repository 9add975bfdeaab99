/* Tests of trace context: what is made, what is valid, what an attempt sends. */
#include "core/trace.h"

#include <string.h>

#include "core/message.h"
#include "suite.h"

#define PARENT "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

static const struct {
	const char *text;
	int valid;
} rows[] = {
	{PARENT, 1},
	{"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00", 1},
	{"", 0},
	{"00", 0},
	{PARENT "-", 0},
	{"01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", 0},
	{"00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01", 0},
	{"00-00000000000000000000000000000000-00f067aa0ba902b7-01", 0},
	{"00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01", 0},
	{"00-4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7-01", 0},
	{"00-4bf92f3577b34da6a3ce929d0e0e473--00f067aa0ba902b7-01", 0},
	{"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0g", 0},
};

START_TEST(only_well_formed_parents_count)
{
	ck_assert_int_eq(trace_valid(rows[_i].text), rows[_i].valid);
}
END_TEST

START_TEST(a_new_trace_is_valid_and_new)
{
	char one[TRACE_BYTES], other[TRACE_BYTES];

	for (int i = 0; i < 100; i++) {
		trace_new(one);
		trace_new(other);
		ck_assert_int_eq(trace_valid(one), 1);
		ck_assert_str_ne(one, other);
	}
}
END_TEST

START_TEST(an_attempt_is_a_child_of_the_same_trace)
{
	static const char *const attrs[] = {"uri.id", "7", "traceparent", PARENT};
	struct trace t = {0};
	char first[TRACE_BYTES];

	const char *const *child = trace_attrs(&t, attrs, 2);
	ck_assert_str_eq(child[0], "uri.id");
	ck_assert_str_eq(child[1], "7");
	ck_assert_int_eq(trace_valid(child[3]), 1);
	ck_assert_int_eq(strncmp(child[3], PARENT, 36), 0);
	ck_assert_str_ne(child[3], PARENT);
	ck_assert_str_eq(child[3] + 53, "01"); /* sampled stays sampled */
	memcpy(first, child[3], sizeof(first));
	child = trace_attrs(&t, attrs, 2);
	ck_assert_str_ne(child[3], first);
	trace_finish(&t);
}
END_TEST

START_TEST(what_is_no_trace_passes_unchanged)
{
	static const char *const none[] = {"uri.id", "7"}, *const bad[] = {"traceparent", "x"};
	struct trace t = {0};

	ck_assert_ptr_eq(trace_attrs(&t, none, 1), none);
	ck_assert_ptr_eq(trace_attrs(&t, bad, 1), bad);
	ck_assert_ptr_null(trace_attrs(&t, NULL, 0));
	trace_finish(&t);
}
END_TEST

START_TEST(a_message_gets_a_trace_unless_it_has_one)
{
	static const char *const own[] = {"traceparent", PARENT};
	struct message_parts parts = {.traced = true};
	struct message *m = NULL;

	ck_assert_int_eq(message_create(&parts, &m, NULL), 0);
	ck_assert_uint_eq(message_get(m)->attr_count, 1);
	ck_assert_str_eq(message_get(m)->attrs[0], "traceparent");
	ck_assert_int_eq(trace_valid(message_get(m)->attrs[1]), 1);
	message_unref(m);

	parts.attrs = own;
	parts.attr_count = 1;
	ck_assert_int_eq(message_create(&parts, &m, NULL), 0);
	ck_assert_uint_eq(message_get(m)->attr_count, 1);
	ck_assert_str_eq(message_get(m)->attrs[1], PARENT);
	message_unref(m);
}
END_TEST

static const struct {
	const char *key, *value, *id; /* NULL: none */
} ids[] = {
	{"traceparent", PARENT, "4bf92f3577b34da6a3ce929d0e0e4736"},
	{"traceparent", "00-1-2-01", NULL},
	{"header.traceparent", PARENT, NULL},
};

START_TEST(a_trace_has_an_id)
{
	const char *const attrs[] = {"a", "b", ids[_i].key, ids[_i].value};
	char id[TRACE_ID_BYTES] = "untouched";

	ck_assert_int_eq(trace_id(attrs, 2, id), ids[_i].id != NULL);
	ck_assert_str_eq(id, ids[_i].id ? ids[_i].id : "untouched");
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_LOOP(only_well_formed_parents_count, rows),
	SUITE_TEST(a_new_trace_is_valid_and_new),
	SUITE_LOOP(a_trace_has_an_id, ids),
	SUITE_TEST(an_attempt_is_a_child_of_the_same_trace),
	SUITE_TEST(what_is_no_trace_passes_unchanged),
	SUITE_TEST(a_message_gets_a_trace_unless_it_has_one),
};

SUITE_MAIN("trace", tests)
