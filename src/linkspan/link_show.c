/* Links, as the daemon describes them. */
#include "linkspan/link_show.h"

#include <stdio.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/err.h"
#include "linkspan/list_show.h"
#include "json/json.h"

/* What each state means for a message that is sent now. */
static const struct state_row {
	const char *state;
	const char *meaning;
	bool has_detail;
} states[] = {
	{"idle", "messages go out at once", false},
	{"sending", "messages go out", false},
	{"waiting", "messages go out; some wait for their next attempt", true},
	{"disabled",
         "nothing goes out: the connection is disabled; direct sends are refused, stored "
         "messages wait",
         true},
	{"paused",
         "nothing goes out: the connection is paused; direct sends are refused, stored "
         "messages wait until `linkspan connection resume`",
         true},
	{"undeployed",
         "nothing goes out: the connection is not deployed here; sends are refused, stored "
         "messages wait",
         true},
	{"blocked",
         "nothing goes out until somebody mends something; one message probes from time to "
         "time",
         true},
	{"breaker_open", "nothing goes out for now: the receiver failed too often", true},
	{"breaker_half_open", "one message at a time probes whether the receiver is well again",
         true},
};

static const char *text_of(const struct json *link, const char *key)
{
	const char *text = json_as_string(json_get(link, key));

	return text ? text : "";
}

const struct list_column link_columns[] = {
	{"CONNECTION", "connection", LIST_TEXT, false},
	{"PROJECT", "project", LIST_TEXT, true},
	{"ENVIRONMENT", "environment", LIST_TEXT, false},
	{"STATE", "state", LIST_STATE, false},
	{"WAITING", "waiting", LIST_NUMBER, false},
	{"IN FLIGHT", "in_flight", LIST_NUMBER, false},
	{"LIMIT", "concurrency_limit", LIST_NUMBER, true},
	{"DEAD", "dead", LIST_NUMBER, false},
	{"DELIVERED", "delivered", LIST_NUMBER, true},
	{"FAILED", "failed", LIST_NUMBER, true},
	{"OLDEST", "oldest", LIST_AGE, true},
	{"DETAIL", "detail", LIST_TEXT, false},
	{NULL, NULL, LIST_TEXT, false},
};

static void show_certificate(const struct json *c, struct buf *b)
{
	long long days = json_as_int(json_get(c, "days_left"));

	buf_printf(b, "  certificate (%s)%s%s %s %.10s, %lld days %s\n", text_of(c, "source"),
	           text_of(c, "subject")[0] ? " " : "", text_of(c, "subject"),
	           days < 0 ? "ended" : "ends", text_of(c, "not_after"), days < 0 ? -days : days,
	           days < 0 ? "ago" : "left");
}

void link_show_sentence(const struct json *link, struct buf *b)
{
	const char *state = text_of(link, "state"), *detail = text_of(link, "detail");
	const struct json *fault = json_get(link, "last_error");
	const struct json *test = json_get(link, "last_test");
	const struct json *certificates = json_get(link, "certificates");
	const struct state_row *row = NULL;

	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]) && !row; i++)
		if (strcmp(states[i].state, state) == 0)
			row = &states[i];
	buf_printf(b, "%s in %s: %s", text_of(link, "connection"), text_of(link, "environment"),
	           row ? row->meaning : state);
	if (detail[0] && (!row || row->has_detail))
		buf_printf(b, " (%s)", detail);
	buf_add_char(b, '\n');
	if (!json_get(link, "waiting"))
		return;
	buf_printf(b, "  %lld waiting, %lld in flight, %lld delivered, %lld dead\n",
	           (long long)json_as_int(json_get(link, "waiting")),
	           (long long)json_as_int(json_get(link, "in_flight")),
	           (long long)json_as_int(json_get(link, "delivered")),
	           (long long)json_as_int(json_get(link, "dead")));
	if (json_count(test) > 0)
		buf_printf(b, "  last test %s: %s\n", text_of(test, "at"),
		           json_as_bool(json_get(test, "ok")) ? "ok" : text_of(test, "reason"));
	for (size_t i = 0; i < json_count(certificates); i++)
		show_certificate(json_at(certificates, i), b);
	if (json_count(fault) > 0)
		buf_printf(b, "  last error %s: %s%s%s\n", text_of(fault, "at"),
		           text_of(fault, "reason"), text_of(fault, "detail")[0] ? ": " : "",
		           text_of(fault, "detail"));
}

void link_show_checks(const struct json *link, struct buf *b)
{
	const struct json *checks = json_get(link, "checks");

	for (size_t i = 0; i < json_count(checks); i++) {
		const struct json *check = json_at(checks, i);
		const char *mend = text_of(check, "mend");
		if (json_as_bool(json_get(check, "ok")))
			continue;
		buf_printf(b, "  not ok: %s\n", text_of(check, "text"));
		if (mend[0])
			buf_printf(b, "    mend: %s\n", mend);
	}
}
