/* linkspan delivery replay: ended messages go out anew, after a question. */
#include <stdio.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "linkspan/client.h"
#include "linkspan/command.h"
#include "linkspan/confirm.h"
#include "linkspan/delivery_filter.h"
#include "linkspan/output.h"
#include "linkspan/progress.h"
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

static int ask(const struct replay *r, struct err *e)
{
	char what[64];

	snprintf(what, sizeof(what), "%lld message%s", (long long)r->all, r->all == 1 ? "" : "s");
	return confirm(r->cli, e, "Replay %s?", what);
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

static void show_text(const struct cli *cli, const struct json *document, struct buf *b)
{
	const struct json *replayed = json_get(document, "replayed");
	long long number = json_as_int(replayed ? replayed : json_get(document, "count"));

	(void)cli;
	buf_printf(b, "%lld message%s%s\n", number, number == 1 ? "" : "s",
	           replayed ? " replayed" : "");
}

static int print_result(const struct replay *r, const char *key, int64_t number, struct err *e)
{
	static const struct list_column columns[] = {
		{"COUNT", "count", LIST_NUMBER, false},
		{"REPLAYED", "replayed", LIST_NUMBER, false},
		{NULL, NULL, LIST_TEXT, false},
	};
	const struct output_shape shape = {columns, key, NULL, show_text};
	struct json *document = json_object();

	if (json_set(document, key, json_int(number)) < 0) {
		json_free(document);
		document = NULL;
	}
	return output_show(r->cli, &shape, document, e);
}

static int run(struct replay *r, struct err *e)
{
	int rc = ask_count(r, e);

	if (rc < 0)
		return rc;
	if (cli_has(r->cli, "dry-run"))
		return print_result(r, "count", r->all, e);
	if (r->all > 0) {
		rc = ask(r, e);
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
