/* linkspan connection test: what is saved, or a draft in a file; by the daemon, or here. */
#include "admin/test_answer.h"
#include "base/banned.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "conf/definition.h"
#include "conf/read.h"
#include "core/deployment.h"
#include "core/deployment_check.h"
#include "core/host.h"
#include "core/probe.h"
#include "linkspan/command.h"
#include "linkspan/connection.h"
#include "linkspan/definition_files.h"
#include "linkspan/place.h"
#include "linkspan/problem.h"
#include "linkspan/session.h"
#include "linkspan/test_show.h"
#include "plug/hostapi.h"
#include "json/json.h"

/* The one definition of --file, when there is that option. */
static int read_draft(const struct cli *cli, struct definitions *d, struct err *e)
{
	const char *file = cli_option(cli, "file");

	if (!file)
		return 0;
	int rc = definitions_add(d, file, e);
	if (rc == 0 || rc == ERR_INVALID) {
		int verdict = definitions_verdict(d, e);
		rc = verdict < 0 ? verdict : rc;
	}
	if (rc == 0 && d->count != 1)
		rc = err_set(e, ERR_USAGE, "-f %s: one definition is needed, and there are %zu",
		             file, d->count);
	return rc;
}

static const struct json *draft_of(const struct definitions *d)
{
	return d->count > 0 ? d->items[0].definition : NULL;
}

/*
 * By the daemon
 */

/* NULL: no memory. */
static struct json *body_of(const struct cli *cli, const char *environment,
                            const struct json *draft)
{
	struct json *body = json_object();
	int rc = json_set(body, "environment", json_string(environment));

	if (rc == 0 && draft)
		rc = json_set(body, "definition", json_copy(draft));
	if (rc == 0 && cli_has(cli, "confirm-secrets"))
		rc = json_set(body, "confirm_secrets", json_bool(true));
	if (rc == 0)
		return body;
	json_free(body);
	return NULL;
}

static int ask(struct connection *c, const struct json *draft, struct json **ret, struct err *e)
{
	struct json *keep = NULL;
	const char *environment = NULL;
	char code[PROBLEM_CODE_BYTES];

	int rc = draft ? 0 : connection_find(c, e);
	if (rc == 0)
		rc = connection_environment(c, &keep, &environment, e);
	struct json *body = rc == 0 ? body_of(c->cli, environment, draft) : NULL;
	if (rc == 0 && !body)
		rc = err_no_memory(e);
	json_free(keep);
	if (rc < 0)
		return rc;
	rc = connection_post(c, ":test", body, ret, e);
	if (rc == ERR_CONFLICT) {
		problem_read_code(&c->client.reply, code);
		if (strcmp(code, "secret_origin") == 0)
			connection_show_pairs(&c->client.reply);
	}
	return rc;
}

static int test_by_daemon(struct cli *cli, struct definitions *d, struct err *e)
{
	struct json *answer = NULL;
	struct connection c;

	int rc = connection_open(&c, cli, cli->args[0], e);
	if (rc == 0 && d->count > 0 && d->items[0].project && !cli_option(cli, "project"))
		c.project = d->items[0].project;
	if (rc == 0)
		rc = ask(&c, draft_of(d), &answer, e);
	if (rc == 0)
		rc = test_show(cli, answer, e);
	connection_close(&c);
	return rc;
}

/*
 * Here
 */

/* The draft as a connection of a configuration of its own. */
static int read_here(struct session *s, const struct cli *cli, const struct definition_source *from,
                     struct conf *conf, struct err *e)
{
	const char *project = cli_option(cli, "project");
	const char *in = project ? project : from->project ? from->project : CONF_GLOBAL;
	struct node *group = NULL;
	struct arena arena;
	struct buf text;

	arena_init(&arena);
	buf_init(&text, READ_MAX_BYTES);
	struct json *document = json_copy(from->definition);
	int rc = document ? json_set(document, "name", json_string(cli->args[0])) : ERR_NO_MEMORY;
	if (rc == 0)
		rc = definition_node(&arena, document, "connection", from->file, &group, e);
	if (rc == 0)
		rc = definition_write(group, NULL, 0, &text, NULL);
	if (rc == 0)
		rc = conf_read_connection(conf, &s->conf, in, cli->args[0], from->file,
		                          buf_str(&text), text.len_bytes, &s->report);
	json_free(document);
	buf_wipe(&text);
	buf_finish(&text);
	arena_wipe(&arena);
	if (rc == ERR_NO_MEMORY)
		return err_no_memory(e);
	int verdict = session_verdict(s, e);
	return verdict < 0 ? verdict : rc;
}

static int make_deployment(struct session *s, const struct cli *cli,
                           const struct conf_connection *connection, struct deployment **ret,
                           struct err *e)
{
	const struct conf_environment *environment = NULL;
	struct conf_connection enabled = *connection;
	struct deployment_check check = {
		.conf = &s->conf, .plugins = &s->plugins, .report = &s->report};

	int rc = place_environment(s, cli, connection, &environment, e);
	if (rc < 0)
		return rc;
	enabled.enabled = true; /* what is switched off can be tested all the same */
	rc = session_transforms(s, &check.transforms, e);
	if (rc < 0)
		return rc;
	rc = deployment_check_in(&check, &enabled, environment, ret);
	int verdict = session_verdict(s, e);
	if (rc < 0)
		return verdict < 0 ? verdict : err_set(e, rc, "the connection cannot be deployed");
	return 0;
}

/* Takes the deployment. */
static int test_deployment(struct session *s, struct cli *cli, struct deployment *d, struct err *e)
{
	const struct host_options options = {.plugins = &s->plugins, .lanes = 1};
	struct test_case tested;
	struct send_answer answer;
	struct host *host = NULL;
	struct json *document = NULL;

	test_case_of(&tested, d);
	int rc = host_create(&options, &host, e);
	if (rc < 0) {
		deployment_destroy(d);
		return rc;
	}
	rc = host_probe_wait(host, d, &answer, e);
	int64_t now_ms = host_clock(host)->unix_ms();
	if (rc == ERR_INVALID) {
		document = test_refused_json(&tested, e->text, now_ms);
		err_clear(e);
		rc = 0;
	} else if (rc == 0) {
		document = test_answer_json(&tested, &answer, now_ms);
		outcome_destroy(answer.outcome);
	}
	host_destroy(host);
	return rc < 0 ? rc : test_show(cli, document, e);
}

static int test_here(struct session *s, struct cli *cli, const struct definitions *d, struct err *e)
{
	const struct conf_connection *connection = NULL;
	struct deployment *deployment = NULL;
	struct conf draft = {0};

	arena_init(&draft.arena);
	int rc = session_verdict(s, e);
	report_finish(&s->report);
	report_init(&s->report);
	if (rc == 0 && d->count > 0) {
		rc = read_here(s, cli, &d->items[0], &draft, e);
		connection = draft.connections;
	} else if (rc == 0) {
		rc = place_connection(s, cli, cli->args[0], &connection, e);
	}
	if (rc == 0)
		rc = make_deployment(s, cli, connection, &deployment, e);
	conf_finish(&draft);
	return rc < 0 ? rc : test_deployment(s, cli, deployment, e);
}

int cmd_connection_test(struct cli *cli, struct err *e)
{
	struct definitions d;
	struct session s;

	definitions_init(&d);
	int rc = read_draft(cli, &d, e);
	if (rc == 0 && cli_has(cli, "standalone")) {
		rc = session_open(&s, cli, e);
		if (rc == 0)
			rc = test_here(&s, cli, &d, e);
		session_finish(&s);
	} else if (rc == 0) {
		rc = test_by_daemon(cli, &d, e);
	}
	definitions_finish(&d);
	return rc;
}
