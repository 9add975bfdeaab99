/* linkspan delivery replay: ended messages go out anew, after a question. */
#include <stdio.h>
#include <unistd.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "linkspan/client.h"
#include "linkspan/command.h"
#include "linkspan/delivery_filter.h"
#include "linkspan/interrupt.h"
#include "linkspan/progress.h"
#include "linkspan/session.h"
#include "json/json.h"

enum { STEP = 1000 };

struct replay {
	struct client client;
	const struct cli *cli;
	int64_t now_ms; /* "2h" means the same in every step */
	int64_t all, done;
};

/* The filter, with what else a step needs; NULL after an error. */
static struct json *body_of(const struct replay *r, const char *cursor, struct err *e)
{
	struct json *body = json_object();
	int rc = delivery_filter_set(r->cli, r->now_ms, body, e);

	if (rc == 0 && !cli_has(r->cli, "state"))
		rc = json_set(body, "state", json_string("dead,quarantined"));
	if (rc == 0)
		rc = json_set(body, "limit", json_int(STEP));
	if (rc == 0 && cursor)
		rc = json_set(body, "cursor", json_string(cursor));
	if (rc == 0)
		return body;
	json_free(body);
	if (rc == ERR_NO_MEMORY)
		err_no_memory(e);
	return NULL;
}

static int ask_count(struct replay *r, struct err *e)
{
	struct json *body = body_of(r, NULL, e), *answer = NULL;

	if (!body)
		return e->code;
	int rc =
		client_post(&r->client, "/api/v1/deliveries:replay?dry_run=true", body, &answer, e);
	if (rc == 0)
		r->all = json_as_int(json_get(answer, "count"));
	json_free(answer);
	return rc;
}

/* 0: go on; ERR_CONFLICT: the answer was no. */
static int confirm(const struct replay *r, struct err *e)
{
	char answer[16] = "";

	if (cli_has(r->cli, "yes"))
		return 0;
	if (cli_has(r->cli, "no-input") || !isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
		return err_set(e, ERR_USAGE, "%lld message%s would be replayed; say --yes to do it",
		               (long long)r->all, r->all == 1 ? "" : "s");
	fprintf(stderr, "Replay %lld message%s? [y/N] ", (long long)r->all, r->all == 1 ? "" : "s");
	if (!interrupt_wait_input(STDIN_FILENO))
		return err_set(e, ERR_INTERRUPTED, "nothing was replayed");
	if (fgets(answer, sizeof(answer), stdin) && (answer[0] == 'y' || answer[0] == 'Y'))
		return 0;
	return err_set(e, ERR_CONFLICT, "nothing was replayed");
}

/* One step; *cursor is replaced, and NULL at the end. */
static int step(struct replay *r, char **cursor, struct err *e)
{
	struct json *body = body_of(r, *cursor, e), *answer = NULL;

	if (!body)
		return e->code;
	int rc = client_post(&r->client, "/api/v1/deliveries:replay", body, &answer, e);
	mem_free(*cursor);
	*cursor = NULL;
	if (rc == 0) {
		const char *next = json_as_string(json_get(answer, "next"));
		r->done += json_as_int(json_get(answer, "replayed"));
		if (next && !(*cursor = mem_strdup(next)))
			rc = err_no_memory(e);
	}
	json_free(answer);
	return rc;
}

static int replay_all(struct replay *r, struct err *e)
{
	struct progress progress;
	struct err why = {0};
	char *cursor = NULL;
	int rc;

	progress_begin(&progress, r->cli);
	do {
		rc = step(r, &cursor, &why);
		progress_show(&progress, r->done, r->all, "%lld of %lld replayed",
		              (long long)r->done, (long long)r->all);
	} while (rc == 0 && cursor);
	progress_end(&progress);
	mem_free(cursor);
	if (rc == 0)
		return 0;
	if (r->done > 0 && rc != ERR_INTERRUPTED)
		rc = ERR_PARTLY;
	return err_set(e, rc, "%s (%lld of %lld replayed)", why.text, (long long)r->done,
	               (long long)r->all);
}

static int print_result(const struct replay *r, const char *key, int64_t number, struct err *e)
{
	struct buf text;

	if (r->cli->output == OUTPUT_JSON) {
		struct json *document = json_object();
		if (json_set(document, key, json_int(number)) < 0) {
			json_free(document);
			document = NULL;
		}
		return print_json(document, e);
	}
	buf_init(&text, BUF_MAX_LINE);
	if (!cli_has(r->cli, "quiet"))
		buf_printf(&text, "%lld message%s%s\n", (long long)number, number == 1 ? "" : "s",
		           strcmp(key, "replayed") == 0 ? " replayed" : "");
	return print_and_finish(&text, e);
}

static int run(struct replay *r, struct err *e)
{
	int rc = ask_count(r, e);

	if (rc < 0)
		return rc;
	if (cli_has(r->cli, "dry-run"))
		return print_result(r, "count", r->all, e);
	if (r->all > 0) {
		rc = confirm(r, e);
		if (rc == 0)
			rc = replay_all(r, e);
	}
	return rc < 0 ? rc : print_result(r, "replayed", r->done, e);
}

int cmd_delivery_replay(struct cli *cli, struct err *e)
{
	struct replay r = {.cli = cli, .now_ms = clock_system.unix_ms()};

	int rc = client_open(&r.client, cli, e);
	if (rc == 0)
		rc = run(&r, e);
	client_close(&r.client);
	return rc;
}
