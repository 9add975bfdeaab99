/* The conversation with the daemon. */
#include "linkspan/client.h"

#include <stdio.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "conf/conf.h"
#include "core/message.h"
#include "crypto/random.h"
#include "linkspan/command.h"
#include "linkspan/interrupt.h"
#include "linkspan/problem.h"
#include "linkspan/remote.h"
#include "linkspan/session.h"
#include "schema/report.h"
#include "json/json.h"

enum { TIMEOUT_MOST_S = 86400 };

/* The socket that the context names, or that of the host which the configuration describes. */
static int find_socket(struct client *c, const struct cli *cli, bool quietly, struct err *e)
{
	struct report report;
	struct conf conf;
	const char *path = config_path(cli);

	if (!config_is_here(cli) && cli_option(cli, "socket")) {
		c->socket = mem_strdup(cli_option(cli, "socket"));
		return c->socket ? 0 : err_no_memory(e);
	}
	report_init(&report);
	int rc = conf_load_host(&conf, path, &report);
	if (rc == ERR_NO_MEMORY)
		err_no_memory(e);
	else if (!conf.host.socket && quietly)
		rc = err_set(e, ERR_INVALID, "no host can be read from %s", path);
	else if (!conf.host.socket)
		rc = report_refuse(&report, rc == ERR_IO ? ERR_NOT_FOUND : ERR_INVALID, path, e);
	else {
		c->config = mem_strdup(conf.host.file);
		c->socket = mem_strdup(conf.host.socket);
		rc = c->config && c->socket ? 0 : err_no_memory(e);
	}
	conf_finish(&conf);
	report_finish(&report);
	return rc;
}

static int create_fetch(struct client *c, const struct cli *cli, bool quietly, struct err *e)
{
	const char *url = remote_url(cli);
	struct remote remote = {0};

	int rc = url ? 0 : find_socket(c, cli, quietly, e);
	if (rc == 0)
		rc = remote_read(&remote, cli, e);
	if (rc == 0) {
		const struct fetch_options options = {
			.url = url ? url : "http://localhost",
			.socket = c->socket,
			.ca_file = remote.ca_file,
			.bearer = remote.token,
			.server = "linkspand",
			.stop = interrupt_stop,
		};
		rc = fetch_create(&options, &c->fetch, e);
	}
	remote_finish(&remote);
	return rc;
}

static int open_client(struct client *c, const struct cli *cli, bool quietly, struct err *e)
{
	long timeout_s = CLIENT_TIMEOUT_MS / 1000;

	*c = (struct client){0};
	fetch_reply_init(&c->reply);
	int rc = cli_number(cli, "timeout", 1, TIMEOUT_MOST_S, &timeout_s, e);
	if (rc == 0)
		rc = interrupt_catch(e);
	if (rc < 0)
		return rc;
	c->timeout_ms = (int64_t)timeout_s * 1000;
	return create_fetch(c, cli, quietly, e);
}

int client_open(struct client *c, const struct cli *cli, struct err *e)
{
	return open_client(c, cli, false, e);
}

int client_open_quietly(struct client *c, const struct cli *cli, struct err *e)
{
	return open_client(c, cli, true, e);
}

void client_close(struct client *c)
{
	fetch_destroy(c->fetch);
	fetch_reply_finish(&c->reply);
	mem_free(c->config);
	mem_free(c->socket);
}

int client_run(struct client *c, const struct fetch_request *request, struct err *e)
{
	int rc = fetch_run(c->fetch, request, &c->reply, e);

	if (rc == ERR_UNREACHABLE && e && c->config) {
		size_t length = strlen(e->text);
		snprintf(e->text + length, sizeof(e->text) - length,
		         "; start it with: linkspand --config %s", c->config);
	}
	return rc;
}

static int read_document(struct client *c, struct json **ret, struct err *e)
{
	const struct buf *body = &c->reply.body;
	int rc = json_read(buf_str(body), body->len_bytes, ret, NULL);

	if (rc == ERR_NO_MEMORY)
		return err_no_memory(e);
	return rc < 0 ? err_set(e, ERR_IO, "the daemon's answer is not the JSON that was expected")
	              : 0;
}

int client_json(struct client *c, const struct fetch_request *request, struct json **ret,
                struct err *e)
{
	int rc = client_run(c, request, e);

	if (rc < 0)
		return rc;
	if (c->reply.status < 200 || c->reply.status > 299)
		return problem_error(&c->reply, e);
	return read_document(c, ret, e);
}

int client_ask(struct client *c, const struct client_call *call, struct json *body,
               struct json **ret, struct err *e)
{
	struct fetch_header headers[2];
	struct fetch_request request = {
		.method = call->method,
		.target = call->target,
		.headers = headers,
		.timeout_ms = c->timeout_ms,
	};
	struct buf text;
	int rc = 0;

	buf_init(&text, FETCH_REPLY_MAX_BYTES);
	if (call->if_match)
		headers[request.header_count++] = (struct fetch_header){"If-Match", call->if_match};
	if (body) {
		headers[request.header_count++] =
			(struct fetch_header){"Content-Type", "application/json"};
		if (json_write(body, 0, &text) < 0)
			rc = err_no_memory(e);
		request.body = buf_str(&text);
		request.body_bytes = text.len_bytes;
	}
	if (rc == 0)
		rc = client_run(c, &request, e);
	if (rc == 0 && (c->reply.status < 200 || c->reply.status > 299))
		rc = problem_error(&c->reply, e);
	else if (rc == 0 && ret)
		rc = read_document(c, ret, e);
	json_free(body);
	buf_wipe(&text);
	buf_finish(&text);
	return rc;
}

int client_get(struct client *c, const char *target, struct json **ret, struct err *e)
{
	const struct client_call call = {.method = "GET", .target = target};

	return client_ask(c, &call, NULL, ret, e);
}

int client_delete(struct client *c, const char *target, struct err *e)
{
	const struct client_call call = {.method = "DELETE", .target = target};

	return client_ask(c, &call, NULL, NULL, e);
}

int client_post(struct client *c, const char *target, struct json *body, struct json **ret,
                struct err *e)
{
	const struct client_call call = {.method = "POST", .target = target};

	return client_ask(c, &call, body, ret, e);
}

void client_make_key(char *text)
{
	uint64_t random[2];

	random_bytes(random, sizeof(random));
	message_id_write(random[0], random[1], text);
}
