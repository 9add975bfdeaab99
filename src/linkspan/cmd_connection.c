/* linkspan connection: pausing, resuming, and how things stand. */
#include "base/banned.h"
#include "base/buf.h"
#include "base/err.h"
#include "linkspan/client.h"
#include "linkspan/command.h"
#include "linkspan/link_show.h"
#include "linkspan/output.h"
#include "linkspan/route.h"
#include "json/json.h"

static void show_text(const struct cli *cli, const struct json *answer, struct buf *b)
{
	const struct json *items = json_get(answer, "items");

	(void)cli;
	for (size_t i = 0; i < json_count(items); i++) {
		link_show_sentence(json_at(items, i), b);
		link_show_checks(json_at(items, i), b);
	}
}

/* What is not deployed is no link, and does not say whose it would be. */
static int name_items(struct json *answer, const char *name)
{
	const struct json *items = json_get(answer, "items");
	struct json *named = json_array();
	int rc = named ? 0 : -1;

	for (size_t i = 0; i < json_count(items) && rc == 0; i++) {
		struct json *item = json_copy(json_at(items, i));
		if (item && !json_get(item, "connection"))
			rc = json_set(item, "connection", json_string(name));
		rc |= json_push(named, item);
	}
	return json_set(answer, "items", named) | rc;
}

static int show(const struct cli *cli, struct json *answer, struct err *e)
{
	static const struct output_shape shape = {link_columns, "connection", "items", show_text};

	if (name_items(answer, cli->args[0]) == 0)
		return output_show(cli, &shape, answer, e);
	json_free(answer);
	return err_no_memory(e);
}

/* body: taken, NULL for none; post false: a question. */
static int ask(struct cli *cli, const char *rest, bool post, struct json *body, struct err *e)
{
	struct json *answer = NULL;
	struct client c;
	struct buf target;

	buf_init(&target, BUF_MAX_LINE);
	route_connection(&target, cli_option(cli, "project"), cli->args[0], rest);
	route_query(&target, "env", cli_option(cli, "env"));
	int rc = client_open(&c, cli, e);
	if (rc == 0 && buf_failed(&target))
		rc = err_set(e, ERR_USAGE, "the name is too long");
	if (rc < 0)
		json_free(body);
	else if (post)
		rc = client_post(&c, buf_str(&target), body, &answer, e);
	else
		rc = client_get(&c, buf_str(&target), &answer, e);
	if (rc == 0)
		rc = show(cli, answer, e);
	client_close(&c);
	buf_finish(&target);
	return rc;
}

int cmd_connection_status(struct cli *cli, struct err *e)
{
	return ask(cli, "/status", false, NULL, e);
}

int cmd_connection_pause(struct cli *cli, struct err *e)
{
	const char *reason = cli_option(cli, "reason");
	struct json *body = NULL;

	if (reason) {
		body = json_object();
		if (json_set(body, "reason", json_string(reason)) < 0) {
			json_free(body);
			return err_no_memory(e);
		}
	}
	return ask(cli, ":pause", true, body, e);
}

int cmd_connection_resume(struct cli *cli, struct err *e)
{
	return ask(cli, ":resume", true, NULL, e);
}
