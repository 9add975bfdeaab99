/* linkspan delivery tail: events as they happen. */
#include <stdio.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/err.h"
#include "linkspan/client.h"
#include "linkspan/command.h"
#include "linkspan/session.h"
#include "json/json.h"

enum { WAIT_S = 30, COUNT_MOST = 1000000000 };

struct tail {
	const struct cli *cli;
	const char *connection, *environment; /* NULL: all */
	long left;                            /* events still to print; -1: no end */
};

static const char *text_of(const struct json *event, const char *key)
{
	const char *text = json_as_string(json_get(event, key));

	return text ? text : "";
}

static bool is_wanted(const struct tail *t, const struct json *event)
{
	return (!t->connection || strcmp(t->connection, text_of(event, "connection")) == 0) &&
	       (!t->environment || strcmp(t->environment, text_of(event, "environment")) == 0);
}

static void show_event(const struct json *event, struct buf *b)
{
	const char *delivery = text_of(event, "delivery"), *detail = text_of(event, "detail");

	buf_printf(b, "%s %-16s", text_of(event, "at"), text_of(event, "kind"));
	if (text_of(event, "connection")[0])
		buf_printf(b, " %s/%s", text_of(event, "connection"),
		           text_of(event, "environment"));
	if (delivery[0])
		buf_printf(b, " %s attempt %lld", delivery,
		           (long long)json_as_int(json_get(event, "attempt")));
	if (json_as_int(json_get(event, "status")))
		buf_printf(b, " status %lld", (long long)json_as_int(json_get(event, "status")));
	if (text_of(event, "reason")[0])
		buf_printf(b, " %s", text_of(event, "reason"));
	buf_printf(b, "%s%s", detail[0] ? ": " : "", detail);
	if (text_of(event, "next_attempt")[0])
		buf_printf(b, " (next %s)", text_of(event, "next_attempt"));
}

static int print_events(struct tail *t, const struct json *items, struct err *e)
{
	struct buf text;

	buf_init(&text, BUF_MAX_TEXT);
	for (size_t i = 0; i < json_count(items) && t->left != 0; i++) {
		const struct json *event = json_at(items, i);
		if (!is_wanted(t, event))
			continue;
		if (t->cli->output == OUTPUT_TEXT)
			show_event(event, &text);
		else
			json_write(event, 0, &text);
		buf_add_char(&text, '\n');
		if (t->left > 0)
			t->left--;
	}
	return print_and_finish(&text, e);
}

/* after: where to go on, "newest" at first. */
static int ask(struct client *c, const char *after, struct json **ret, struct err *e)
{
	struct buf target;

	buf_init(&target, BUF_MAX_LINE);
	buf_printf(&target, "/api/v1/events?after=%s&wait=%d", after, WAIT_S);
	const struct fetch_request request = {
		.method = "GET",
		.target = buf_str(&target),
		.timeout_ms = CLIENT_TIMEOUT_MS + WAIT_S * 1000,
	};
	int rc = client_json(c, &request, ret, e);
	buf_finish(&target);
	return rc;
}

static int follow(struct client *c, struct tail *t, struct err *e)
{
	char after[32];
	int rc = 0;

	snprintf(after, sizeof(after), "%s", cli_has(t->cli, "all") ? "0" : "newest");
	while (rc == 0 && t->left != 0) {
		struct json *answer = NULL;
		rc = ask(c, after, &answer, e);
		if (rc < 0)
			break;
		long long lost = json_as_int(json_get(answer, "lost"));
		if (lost > 0)
			fprintf(stderr,
			        "linkspan: %lld events were dropped before they could be "
			        "read\n",
			        lost);
		rc = print_events(t, json_get(answer, "items"), e);
		snprintf(after, sizeof(after), "%lld",
		         (long long)json_as_int(json_get(answer, "next")));
		json_free(answer);
	}
	return rc;
}

int cmd_delivery_tail(struct cli *cli, struct err *e)
{
	struct tail t = {
		.cli = cli,
		.connection = cli_option(cli, "connection"),
		.environment = cli_option(cli, "env"),
	};
	struct client c;
	long count = 0;

	int rc = client_open(&c, cli, e);
	if (rc == 0)
		rc = cli_number(cli, "count", 0, COUNT_MOST, &count, e);
	t.left = count ? count : -1;
	if (rc == 0)
		rc = follow(&c, &t, e);
	client_close(&c);
	return rc;
}
