/* linkspan status: the host and its links. */
#include <stdio.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "linkspan/client.h"
#include "linkspan/command.h"
#include "linkspan/interrupt.h"
#include "linkspan/link_show.h"
#include "linkspan/moment.h"
#include "linkspan/output.h"
#include "linkspan/session.h"
#include "json/json.h"

enum { ASK_EVERY_MS = 50, READY_TIMEOUT_MS = 2000 };

/* 0 when the daemon is ready, ERR_UNREACHABLE when it is not, and why. */
static int ask_ready(struct client *c, struct err *e)
{
	const struct fetch_request request = {
		.method = "GET",
		.target = "/readyz",
		.timeout_ms = READY_TIMEOUT_MS,
	};
	int rc = client_run(c, &request, e);

	if (rc < 0 || c->reply.status == 200)
		return rc;
	const char *body = buf_str(&c->reply.body);
	return err_set(e, ERR_UNREACHABLE, "the daemon is not ready: %.*s",
	               (int)strcspn(body, "\r\n"), body);
}

static int wait_ready(struct client *c, const char *text, struct err *e)
{
	int64_t length_ms;
	struct err why = {0};

	int rc = moment_parse_length("wait", text, &length_ms, e);
	if (rc < 0)
		return rc;
	int64_t end_ms = clock_system.mono_ms() + length_ms;
	while ((rc = ask_ready(c, &why)) < 0) {
		if (rc != ERR_UNREACHABLE && !fetch_is_unknown(rc))
			return err_set(e, rc, "%s", why.text);
		if (clock_system.mono_ms() >= end_ms)
			return err_set(e, ERR_UNREACHABLE, "not ready within %s: %s", text,
			               why.text);
		if (!interrupt_sleep(ASK_EVERY_MS))
			return err_set(e, ERR_INTERRUPTED, "interrupted");
		err_clear(&why);
	}
	return 0;
}

static void show_host(const struct json *status, struct buf *b)
{
	const struct json *configuration = json_get(status, "configuration");
	const struct json *store = json_get(status, "store");
	const char *name = json_as_string(json_get(status, "name"));
	const char *version = json_as_string(json_get(status, "version"));
	const char *problem = json_as_string(json_get(configuration, "problem"));

	buf_printf(b, "%s, linkspand %s, process %lld, up ", name ? name : "?",
	           version ? version : "?", (long long)json_as_int(json_get(status, "pid")));
	moment_show_length(json_as_int(json_get(status, "uptime_s")) * 1000, b);
	buf_printf(b,
	           "%s\n%lld messages wait, %lld are being worked on; the store has %.1f MiB%s\n",
	           json_as_bool(json_get(status, "ready")) ? "" : ", NOT READY",
	           (long long)json_as_int(json_get(store, "queued")),
	           (long long)json_as_int(json_get(status, "active")),
	           (double)json_as_int(json_get(store, "size_bytes")) / (1024.0 * 1024.0),
	           json_as_bool(json_get(store, "full")) ? " and is FULL" : "");
	if (problem)
		buf_printf(b, "the last reload failed, the old definitions stay: %s\n", problem);
	buf_add_char(b, '\n');
}

static int show(const struct cli *cli, struct json *status, struct err *e)
{
	static const struct output_shape shape = {link_columns, "connection", "links", NULL};
	struct buf text;
	int rc = 0;

	if (cli->output == OUTPUT_TEXT && !cli_has(cli, "quiet")) {
		buf_init(&text, BUF_MAX_TEXT);
		show_host(status, &text);
		rc = print_and_finish(&text, e);
	}
	if (rc == 0)
		return output_show(cli, &shape, status, e);
	json_free(status);
	return rc;
}

int cmd_status(struct cli *cli, struct err *e)
{
	const char *wait = cli_option(cli, "wait");
	struct json *status = NULL;
	struct client c;

	int rc = client_open(&c, cli, e);
	if (rc == 0 && wait)
		rc = wait_ready(&c, wait, e);
	if (rc == 0)
		rc = client_get(&c, "/api/v1/status", &status, e);
	if (rc == 0)
		rc = show(cli, status, e);
	client_close(&c);
	return rc;
}
