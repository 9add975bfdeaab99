/* How a stored message looks to a person. */
#include "linkspan/delivery.h"

#include <string.h>

#include "base/banned.h"
#include "base/buf.h"
#include "linkspan/moment.h"
#include "suite.h"
#include "json/json.h"

#define NOW "2026-11-24T22:00:00.000Z"

static const char *show(const char *text,
                        void (*how)(const struct json *delivery, int64_t now_ms, struct buf *b))
{
	static char shown[4096];
	struct json *delivery;
	struct buf b;

	ck_assert_int_eq(json_read(text, strlen(text), &delivery, NULL), 0);
	buf_init(&b, BUF_MAX_LINE);
	how(delivery, moment_read(NOW), &b);
	ck_assert_uint_lt(b.len_bytes, sizeof(shown));
	memcpy(shown, buf_str(&b), b.len_bytes + 1);
	buf_finish(&b);
	json_free(delivery);
	return shown;
}

static const struct {
	const char *json, *text;
} states[] = {
	{"{\"state\": \"ready\", \"attempts\": 3, \"due\": \"2026-11-24T22:04:12.000Z\","
         " \"reason\": \"http_503\"}",
         "waiting, 3 attempts, next in 4 m 12 s (http_503)"},
	{"{\"state\": \"ready\", \"attempts\": 0, \"due\": \"2026-11-24T21:59:59.000Z\"}",
         "waiting, 0 attempts, due"},
	{"{\"state\": \"ready\", \"attempts\": 0, \"due\": \"" NOW "\", \"held\": \"paused\"}",
         "waiting, 0 attempts, held: paused"},
	{"{\"state\": \"leased\", \"attempts\": 1, \"due\": null}", "being sent, 1 attempt"},
	{"{\"state\": \"done\", \"attempts\": 1, \"ended\": \"2026-11-24T20:00:00.000Z\","
         " \"reason\": \"ok\"}",
         "delivered, 1 attempt, 2 h ago"},
	{"{\"state\": \"dead\", \"attempts\": 12, \"ended\": \"2026-11-24T21:59:50.000Z\","
         " \"reason\": \"http_4xx\"}",
         "given up, 12 attempts, 10 s ago (http_4xx)"},
	{"{\"state\": \"quarantined\", \"attempts\": 2, \"ended\": \"" NOW "\"}",
         "quarantined, 2 attempts, 0 s ago"},
	{"{\"state\": \"new\", \"attempts\": 2}", "in an unknown state, 2 attempts"},
	{"{}", "in an unknown state, 0 attempts"},
};

START_TEST(a_state_is_told_in_words)
{
	ck_assert_str_eq(show(states[_i].json, delivery_show_state), states[_i].text);
}
END_TEST

static const struct {
	const char *state;
	bool has_ended, is_done;
} ends[] = {
	{"ready", false, false}, {"leased", false, false},     {"done", true, true},
	{"dead", true, false},   {"quarantined", true, false}, {"cancelled", true, false},
	{"new", false, false},
};

START_TEST(only_some_states_are_an_end)
{
	struct json *delivery = json_object();

	ck_assert_int_eq(json_set(delivery, "state", json_string(ends[_i].state)), 0);
	ck_assert_int_eq(delivery_has_ended(delivery), ends[_i].has_ended);
	ck_assert_int_eq(delivery_is_done(delivery), ends[_i].is_done);
	json_free(delivery);
}
END_TEST

/* Replays count anew, so an attempt says which one it belongs to. */
START_TEST(everything_is_shown)
{
	const char *text = show(
		"{\"id\": \"msg_1\", \"state\": \"dead\", \"attempts\": 1, \"replay\": 1,"
		" \"suspect\": 2, \"ended\": \"" NOW "\", \"ordering_key\": \"k\","
		" \"attributes\": {\"uri.tag\": [\"a\", \"b\"]}, \"body_base64\": \"AA==\","
		" \"log\": [{\"replay\": 0, \"number\": 1, \"at\": \"" NOW "\", \"duration_ms\": 5,"
		" \"outcome\": \"dead\", \"reason\": \"refused\"}, {\"replay\": 1, \"number\": 1,"
		" \"at\": \"" NOW "\", \"duration_ms\": 7, \"outcome\": \"dead\", \"status\": 404,"
		" \"reason\": \"http_4xx\", \"detail\": \"no\", \"excerpt\": \"gone\\n\"}]}",
		delivery_show);

	ck_assert_str_eq(text, "id             msg_1\n"
	                       "state          given up, 1 attempt, 0 s ago\n"
	                       "ended          " NOW "\n"
	                       "ordering key   k\n"
	                       "replays        1\n"
	                       "crashes        2\n"
	                       "uri.tag        a\n"
	                       "uri.tag        b\n"
	                       "attempts\n"
	                       "  " NOW "  attempt 1: dead, 5 ms, refused\n"
	                       "  " NOW "  replay 1, attempt 1: dead, status 404, 7 ms, "
	                       "http_4xx: no\n"
	                       "    gone\n"
	                       "\n(the body is no text; -o json has it in base64)\n");
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_LOOP(a_state_is_told_in_words, states),
	SUITE_LOOP(only_some_states_are_an_end, ends),
	SUITE_TEST(everything_is_shown),
};

SUITE_MAIN("delivery_show", tests)
