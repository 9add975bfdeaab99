/* linkspan send: one message through a connection; here, or by the daemon. */
#include <linkspan/connector.h>
#include <stdio.h>

#include "admin/answer.h"
#include "base/banned.h"
#include "base/buf.h"
#include "base/err.h"
#include "core/deployment.h"
#include "core/host.h"
#include "core/message.h"
#include "linkspan/call.h"
#include "linkspan/command.h"
#include "linkspan/output.h"
#include "linkspan/place.h"
#include "linkspan/send_daemon.h"
#include "linkspan/send_show.h"
#include "linkspan/session.h"
#include "linkspan/show.h"
#include "plug/hostapi.h"
#include "json/json.h"

/* A host with the one link that is needed. */
static int open_host(struct session *s, const struct cli *cli, struct host **ret_host,
                     struct send_call *call, struct err *e)
{
	const struct conf_connection *connection = NULL;
	const struct conf_environment *environment = NULL;
	struct deployment *deployment = NULL;
	struct host_options options = {.plugins = &s->plugins, .lanes = 1};

	int rc = session_verdict(s, e);
	if (rc == 0)
		rc = session_transforms(s, &options.transforms, e);
	if (rc == 0)
		rc = place_connection(s, cli, cli->args[0], &connection, e);
	if (rc == 0)
		rc = place_environment(s, cli, connection, &environment, e);
	if (rc < 0)
		return rc;
	report_finish(&s->report);
	report_init(&s->report);
	rc = deployment_create(&s->conf, &s->plugins, connection, environment, &deployment,
	                       &s->report);
	int verdict = session_verdict(s, e);
	if (rc < 0)
		return verdict < 0 ? verdict : err_set(e, rc, "the connection cannot be deployed");

	call->project = connection->project;
	call->connection = connection->name;
	call->environment = environment->name;
	rc = host_create(&options, ret_host, e);
	if (rc < 0) {
		deployment_destroy(deployment);
		return rc;
	}
	return host_open(*ret_host, deployment, e);
}

static int describe(struct host *host, const struct send_call *call, struct outcome **ret,
                    struct err *e)
{
	struct send_call question = *call;
	struct send_answer answer;

	question.kind = LK_OP_DESCRIBE;
	int rc = host_send_wait(host, &question, &answer, e);
	if (rc < 0)
		return rc;
	if (answer.outcome->result != LK_DONE) {
		rc = err_set(e, ERR_FAILED, "%s: %s", answer.outcome->reason,
		             answer.outcome->detail ? answer.outcome->detail : "refused");
		outcome_destroy(answer.outcome);
		return rc;
	}
	*ret = answer.outcome;
	return 0;
}

/* What --print-request, --curl and --dry-run ask for, before anything is sent.  Formats that programs
 * read get one document: the request of --dry-run, or later the answer. */
static int show_before(const struct cli *cli, const struct outcome *request, struct err *e)
{
	static const struct list_column columns[] = {
		{"METHOD", "method", LIST_TEXT, false},
		{"URL", "url", LIST_TEXT, false},
		{NULL, NULL, LIST_TEXT, false},
	};
	static const struct output_shape shape = {columns, "url", NULL, NULL};
	struct buf text;

	if (cli_has(cli, "quiet"))
		return 0;
	buf_init(&text, BUF_MAX_TEXT * 2);
	if (cli_has(cli, "curl"))
		show_curl(request, &text);
	else if (cli_has(cli, "print-request") && cli->output == OUTPUT_TEXT)
		show_request(request, &text);
	else if (cli_has(cli, "dry-run") && cli->output != OUTPUT_TEXT)
		return output_show(cli, &shape, answer_request_json(request), e);
	return print_and_finish(&text, e);
}

static int send_and_show(struct cli *cli, struct host *host, const struct send_call *call,
                         const struct outcome *request, struct err *e)
{
	const char *id = message_get(call->message)->id;
	struct send_answer answer;

	int rc = host_send_wait(host, call, &answer, e);
	if (rc < 0)
		return rc;
	rc = send_show(cli, answer_json(&answer, id, request ? answer_request_json(request) : NULL),
	               e);
	if (strcmp(answer.outcome->reason, "disabled") == 0)
		cli->exit_status = err_exit_status(ERR_CONFLICT);
	else if (answer.outcome->result != LK_DONE)
		cli->exit_status = err_exit_status(ERR_FAILED);
	outcome_destroy(answer.outcome);
	return rc;
}

static int send_in(struct session *s, struct cli *cli, struct err *e)
{
	struct send_call call = {.kind = LK_OP_SEND};
	struct host *host = NULL;
	struct outcome *request = NULL;
	bool only_show = cli_has(cli, "curl") || cli_has(cli, "dry-run");

	int rc = call_message(cli, &call.message, e);
	if (rc == 0)
		rc = open_host(s, cli, &host, &call, e);
	if (rc == 0 && (only_show || cli_has(cli, "print-request")))
		rc = describe(host, &call, &request, e);
	if (rc == 0 && request)
		rc = show_before(cli, request, e);
	if (rc == 0 && !only_show)
		rc = send_and_show(cli, host, &call, request, e);
	outcome_destroy(request);
	host_destroy(host);
	message_unref(call.message);
	return rc;
}

int cmd_send(struct cli *cli, struct err *e)
{
	static const char *const stored[] = {"durable", "wait", "idempotency-key", "ordering-key",
	                                     NULL};
	struct session s;

	if (!cli_has(cli, "standalone"))
		return send_by_daemon(cli, e);
	for (size_t i = 0; stored[i]; i++)
		if (cli_has(cli, stored[i]))
			return err_set(e, ERR_USAGE,
			               "--%s needs the daemon: --standalone stores nothing",
			               stored[i]);
	int rc = session_open(&s, cli, e);
	if (rc == 0)
		rc = send_in(&s, cli, e);
	session_finish(&s);
	return rc;
}
