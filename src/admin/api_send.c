/* Sending: durable, direct, and many messages in one request. */
#include "admin/send.h"

#include <stdio.h>
#include <string.h>

#include "admin/admin_impl.h"
#include "admin/api.h"
#include "admin/ingest.h"
#include "admin/parts.h"
#include "admin/problem.h"
#include "base/banned.h"
#include "base/err.h"
#include "conf/conf.h"
#include "core/outbox.h"
#include "httpd/request.h"

static const char *const modes[] = {"durable", "direct", NULL};
static const char *const framings[] = {"ndjson", NULL};
static const char *const orderings[] = {"groupKey", NULL};

enum { MODE_DURABLE, MODE_DIRECT };

const struct query_row api_send_rows[SEND_ROWS] = {
	[SEND_ENV] = {.name = "env",
                      .kind = QUERY_TEXT,
                      .min = 1,
                      .max = 64,
                      .help = "The environment; may be left out where there is only one."},
	[SEND_MODE] =
		{.name = "mode",
                 .kind = QUERY_CHOICE,
                 .choices = modes,
                 .help = "Whether the message is kept (durable) or the answer waited for (direct)."},
	[SEND_FRAMING] = {.name = "framing",
                          .kind = QUERY_CHOICE,
                          .choices = framings,
                          .help = "The body is many messages, one JSON value a line."},
	[SEND_FORMAT] = {.name = "format",
                         .kind = QUERY_CHOICE,
                         .choices = ingest_formats,
                         .otherwise = INGEST_DETECT,
                         .help = "What the body has to be; it is looked for when it is not said."},
	[SEND_ORDERING] = {.name = "ordering",
                           .kind = QUERY_CHOICE,
                           .choices = orderings,
                           .help = "Which member of the payload is the ordering key."},
	[SEND_URI] = {.name = "uri.",
                      .kind = QUERY_FAMILY,
                      .help = "Arguments of the URL template."},
	[SEND_CE] = {.name = "ce.", .kind = QUERY_FAMILY, .help = "CloudEvents attributes."},
};

static const struct query_row key_row = {.kind = QUERY_TEXT, .min = 1, .max = 256};

static int served_text(const char *const *served, char *text, size_t bytes)
{
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; served[i] && used < bytes; i++)
		used += (size_t)snprintf(text + used, bytes - used, "%s%s", i ? ", " : "",
		                         served[i]);
	return 0;
}

/* The one that is named, or the only one that there is. */
static const char *environment_of(const struct api_call *call, struct problem *p)
{
	const char *const *served = admin_settings(call)->environments;
	const char *named = call->query[SEND_ENV].text;
	char text[256];

	if (!named && served[0] && !served[1])
		return served[0];
	served_text(served, text, sizeof(text));
	if (named && conf_serves(served, named))
		return named;
	if (named)
		problem_set(p, 409, "not_served",
		            "this host does not serve the environment %s; it serves %s", named,
		            text);
	else
		problem_fault(p, "env", "missing_parameter", "is needed, as this host serves %s",
		              text);
	return NULL;
}

static int read_key(const struct http_request *request, const char *header, const char **ret,
                    struct problem *p)
{
	struct query_value value;
	const char *text = http_request_header(request, header);

	if (text && query_parse(&key_row, header, text, &value, p) < 0)
		return ERR_USAGE;
	*ret = text;
	return 0;
}

static int check_mode(const struct api_call *call, struct problem *p)
{
	if (!call->query[SEND_FRAMING].given || call->query[SEND_MODE].number == MODE_DURABLE)
		return 0;
	problem_fault(p, "framing", "invalid_parameter", "many messages are durable only");
	return ERR_USAGE;
}

static struct sending *create(struct api_call *call, const char *environment)
{
	struct sending *s = sending_create(call->admin, call->request);

	if (!s)
		return NULL;
	mem_put_text(s->project, sizeof(s->project), call->args[0]);
	mem_put_text(s->connection, sizeof(s->connection), call->args[1]);
	mem_put_text(s->environment, sizeof(s->environment), environment);
	return s;
}

static int read_keys(const struct api_call *call, struct sending *s, struct problem *p)
{
	int rc = read_key(call->request, "Linkspan-Ordering-Key", &s->ordering_key, p);

	if (rc == 0)
		rc = read_key(call->request, "Idempotency-Key", &s->idempotency_key, p);
	if (rc < 0 || !s->ordering_key || !call->query[SEND_ORDERING].given)
		return rc;
	problem_fault(p, "ordering", "invalid_parameter",
	              "stands beside Linkspan-Ordering-Key, which says the same");
	return ERR_USAGE;
}

/* What the message says of itself, beside what the caller says of it. */
static int read_ingest(struct api_call *call, struct sending *s, struct ingest *in,
                       struct parts *parts, struct problem *p)
{
	*in = (struct ingest){
		.format = (enum ingest_format)call->query[SEND_FORMAT].number,
		.is_lines = call->query[SEND_FRAMING].given,
		.wants_ordering = call->query[SEND_ORDERING].given,
	};
	int rc = ingest_read(in, parts, call->request, p);
	if (rc == 0 && in->ordering_key) {
		snprintf(s->ordering, sizeof(s->ordering), "%s", in->ordering_key);
		s->ordering_key = s->ordering;
	}
	return rc;
}

/* Takes the sending. */
static void send_parts(struct api_call *call, struct sending *s, struct parts *parts)
{
	struct problem p = {0};
	struct ingest in;

	if (read_ingest(call, s, &in, parts, &p) < 0) {
		problem_reply(call->request, &p);
		sending_destroy(s);
	} else if (call->query[SEND_FRAMING].given) {
		send_lines(s, parts);
	} else if (call->query[SEND_MODE].number == MODE_DIRECT) {
		send_direct(s, parts);
	} else {
		send_durable(s, parts);
	}
	ingest_finish(&in);
}

void api_send(struct api_call *call)
{
	struct problem p = {0};
	struct err e = {0};
	struct parts parts;

	const char *environment = environment_of(call, &p);
	struct sending *s = environment ? create(call, environment) : NULL;
	if (!environment || !s || check_mode(call, &p) < 0 || read_keys(call, s, &p) < 0) {
		if (!p.status)
			problem_set(&p, 503, "no_memory", "there is no memory for the message");
		problem_reply(call->request, &p);
		sending_destroy(s);
		return;
	}
	int rc = parts_read(&parts, call->request, &e);
	if (rc < 0) {
		problem_answer_err(call->request, NULL, &e);
		sending_destroy(s);
	} else {
		send_parts(call, s, &parts);
	}
	parts_finish(&parts);
}
