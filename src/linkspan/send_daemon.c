/* linkspan send by the daemon: directly, or stored first. */
#include "linkspan/send_daemon.h"

#include <stdio.h>

#include "base/banned.h"
#include "base/clock.h"
#include "base/err.h"
#include "core/message.h"
#include "crypto/random.h"
#include "linkspan/call.h"
#include "linkspan/client.h"
#include "linkspan/command.h"
#include "linkspan/delivery.h"
#include "linkspan/delivery_columns.h"
#include "linkspan/interrupt.h"
#include "linkspan/moment.h"
#include "linkspan/output.h"
#include "linkspan/problem.h"
#include "linkspan/progress.h"
#include "linkspan/send_show.h"
#include "json/json.h"

enum {
	ASK_AGAIN_MOST = 3, /* when it is not known whether a message was accepted */
	ASK_AGAIN_MS = 500,
	WAIT_S = 30,         /* one long poll of --wait */
	WAIT_TERMINAL_S = 2, /* where somebody watches */
};

static struct fetch_request request_of(const struct send_route *r, const struct message *m,
                                       int64_t timeout_ms)
{
	const struct message_parts *parts = message_get(m);

	return (struct fetch_request){
		.method = "POST",
		.target = buf_str(&r->target),
		.headers = r->headers,
		.header_count = r->header_count,
		.body = parts->body,
		.body_bytes = parts->body_bytes,
		.timeout_ms = timeout_ms,
	};
}

static int send_direct(struct client *c, struct cli *cli, const struct message *m, struct err *e)
{
	struct send_route route;
	struct json *answer = NULL;

	int rc = send_route_init(&route, cli, m, "direct", e);
	if (rc == 0) {
		struct fetch_request request = request_of(&route, m, c->timeout_ms);
		rc = client_json(c, &request, &answer, e);
	}
	send_route_finish(&route);
	if (rc < 0)
		return rc;
	if (!json_as_bool(json_get(answer, "ok")))
		cli->exit_status = err_exit_status(ERR_FAILED);
	return send_show(cli, answer, e);
}

/* What one try says: whether the message may have been accepted, whether to try again. */
static void judge(const struct client *c, int rc, bool *is_unknown, bool *is_passing)
{
	const struct fetch_reply *reply = &c->reply;
	char code[PROBLEM_CODE_BYTES] = "";

	if (reply->status) {
		problem_read_code(reply, code);
		*is_unknown = problem_is_unknown(reply->status, code);
		*is_passing = problem_is_passing(reply->status, code);
	} else {
		*is_unknown = fetch_is_unknown(rc);
		*is_passing = *is_unknown || rc == ERR_UNREACHABLE;
	}
}

/* Once it is not known whether the message was accepted, only the same key can tell: then whatever
 * passes by itself is waited for. */
static int submit(struct client *c, const struct fetch_request *request, const char *key,
                  struct json **ret, struct err *e)
{
	bool was_unknown = false, is_unknown, is_passing;

	for (int i = 0;; i++) {
		struct err why = {0};
		int rc = client_json(c, request, ret, &why);
		if (rc == 0)
			return 0;
		judge(c, rc, &is_unknown, &is_passing);
		was_unknown = was_unknown || is_unknown;
		if (was_unknown && is_passing && rc != ERR_INTERRUPTED && i < ASK_AGAIN_MOST &&
		    interrupt_sleep(ASK_AGAIN_MS))
			continue;
		if (!was_unknown)
			return err_set(e, rc, "%s", why.text);
		return err_set(e, rc,
		               "%s; it is not known whether the message was accepted: ask again "
		               "with --idempotency-key %s",
		               why.text, key);
	}
}

static int store(struct client *c, const struct cli *cli, const struct message *m,
                 struct json **ret, struct err *e)
{
	const char *key = cli_option(cli, "idempotency-key");
	struct send_route route;
	char made[MESSAGE_ID_BYTES];

	int rc = crypto_init(e);
	if (rc == 0)
		rc = send_route_init(&route, cli, m, "durable", e);
	else
		return rc;
	if (!key) {
		client_make_key(made);
		key = made;
	}
	if (rc == 0) {
		route.headers[route.header_count++] = (struct fetch_header){"Idempotency-Key", key};
		struct fetch_request request = request_of(&route, m, c->timeout_ms);
		rc = submit(c, &request, key, ret, e);
	}
	send_route_finish(&route);
	return rc;
}

static void show_accepted(const struct cli *cli, const struct json *document, struct buf *b)
{
	const char *id = json_as_string(json_get(document, "id"));

	(void)cli;
	buf_printf(b, "%s\n", id ? id : "");
}

static const struct list_column accepted_columns[] = {
	{"ID", "id", LIST_TEXT, false},
	{"STATE", "state", LIST_STATE, false},
	{"REPEATED", "repeated", LIST_TEXT, false},
	{"REASON", "reason", LIST_TEXT, false},
	{NULL, NULL, LIST_TEXT, false},
};

static const struct output_shape accepted_shape = {accepted_columns, "id", NULL, show_accepted};

static void show_ended(const struct cli *cli, const struct json *delivery, struct buf *b)
{
	(void)cli;
	delivery_show_line(delivery, b);
}

static const struct output_shape ended_shape = {delivery_columns, "id", NULL, show_ended};

/* Why an accepted message does not go out yet. */
static void warn_held(const struct cli *cli, const struct json *accepted)
{
	const char *reason = json_as_string(json_get(accepted, "reason"));

	if (reason && !cli_has(cli, "quiet"))
		fprintf(stderr, "linkspan: the message is held: the connection is %s\n", reason);
}

/* 0 and the delivery once it has ended, ERR_TIMEOUT with the state it is in. */
static int wait_for_end(struct client *c, const struct cli *cli, const char *id, struct json **ret,
                        struct err *e)
{
	int64_t end_ms = cli_has(cli, "timeout") ? clock_system.mono_ms() + c->timeout_ms : -1;
	struct progress progress;
	int rc;

	progress_begin(&progress, cli);
	for (;;) {
		int64_t wait_s = progress.shown ? WAIT_TERMINAL_S : WAIT_S;
		if (end_ms >= 0) {
			int64_t left_s = (end_ms - clock_system.mono_ms() + 999) / 1000;
			wait_s = left_s < wait_s ? left_s : wait_s;
		}
		rc = delivery_fetch(c, id, wait_s > 0 ? wait_s : 0, ret, e);
		if (rc < 0 || delivery_has_ended(*ret))
			break;
		struct buf line;
		buf_init(&line, BUF_MAX_LINE);
		delivery_show_state(*ret, clock_system.unix_ms(), &line);
		progress_show(&progress, 0, 0, "%s: %s", id, buf_str(&line));
		if (end_ms >= 0 && clock_system.mono_ms() >= end_ms)
			rc = err_set(e, ERR_TIMEOUT, "%s has not ended in time: %s", id,
			             buf_str(&line));
		buf_finish(&line);
		json_free(*ret);
		*ret = NULL;
		if (rc < 0)
			break;
	}
	progress_end(&progress);
	return rc;
}

static int wait_and_show(struct client *c, struct cli *cli, const struct json *accepted,
                         struct err *e)
{
	const char *id = json_as_string(json_get(accepted, "id"));
	struct json *delivery = NULL;

	if (!id)
		return err_set(e, ERR_IO, "the daemon's answer names no message");
	warn_held(cli, accepted);
	int rc = wait_for_end(c, cli, id, &delivery, e);
	if (rc < 0)
		return rc;
	if (!delivery_is_done(delivery))
		cli->exit_status = err_exit_status(ERR_FAILED);
	return output_show(cli, &ended_shape, delivery, e);
}

static int send_durable(struct client *c, struct cli *cli, const struct message *m, struct err *e)
{
	struct json *accepted = NULL;

	int rc = store(c, cli, m, &accepted, e);
	if (rc < 0)
		return rc;
	if (!cli_has(cli, "wait")) {
		warn_held(cli, accepted);
		return output_show(cli, &accepted_shape, accepted, e);
	}
	rc = wait_and_show(c, cli, accepted, e);
	json_free(accepted);
	return rc;
}

static int check_options(const struct cli *cli, struct err *e)
{
	static const char *const alone[] = {"print-request", "curl", "dry-run", NULL};
	static const char *const stored[] = {"wait", "idempotency-key", "ordering-key", NULL};

	for (size_t i = 0; stored[i] && !cli_has(cli, "durable"); i++)
		if (cli_has(cli, stored[i]))
			return err_set(e, ERR_USAGE, "--%s needs --durable", stored[i]);
	return cli_needs_standalone(cli, alone, e);
}

/* One message can do without a daemon, unless it is to be stored. */
static void offer_standalone(const struct cli *cli, struct err *e)
{
	size_t length = strlen(e->text);

	if (!cli_has(cli, "durable"))
		snprintf(e->text + length, sizeof(e->text) - length,
		         ", or send without it: --standalone");
}

int send_by_daemon(struct cli *cli, struct err *e)
{
	struct message *message = NULL;
	struct client c = {0};

	int rc = check_options(cli, e);
	if (rc < 0)
		return rc;
	rc = client_open(&c, cli, e);
	if (rc == 0)
		rc = call_message(cli, &message, e);
	if (rc == 0)
		rc = cli_has(cli, "durable") ? send_durable(&c, cli, message, e)
		                             : send_direct(&c, cli, message, e);
	if (rc == ERR_UNREACHABLE)
		offer_standalone(cli, e);
	message_unref(message);
	client_close(&c);
	return rc;
}
