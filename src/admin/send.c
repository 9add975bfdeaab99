/* Sending one message, and the table of why not. */
#include "admin/send.h"

#include <stdio.h>
#include <string.h>

#include "admin/admin_impl.h"
#include "admin/answer.h"
#include "admin/cause.h"
#include "admin/parts.h"
#include "admin/problem.h"
#include "admin/reply.h"
#include "base/banned.h"
#include "base/err.h"
#include "core/host.h"
#include "httpd/reply.h"
#include "httpd/request.h"
#include "plug/hostapi.h"
#include "json/json.h"

/* A direct call ends by the time limits of its connection; this is for a peer that does not read. */
enum { DIRECT_MS = 3600000 };

static const struct send_refusal refusals[] = {
	{"not_deployed", 404, NULL, "is not deployed"},
	{"disabled", 409, NULL, "is disabled"},
	{"paused", 409, NULL, "is paused"},
	{"idempotency_conflict", 422, NULL, "has taken another message under this Idempotency-Key"},
	{"queue_full", 429, "5", "has as many messages waiting as it may have"},
	{"rate_limited", 429, "1", "may send no more at this moment"},
	{"state_full", 429, "60", "cannot take more: what this host keeps has reached its bound"},
	{"disk_full", 503, "30", "cannot take more: the disk is full"},
	{"stopping", 503, "5", "takes nothing more: the host is being stopped"},
	{"store", 503, NULL,
         "may or may not have taken it: ask again with the same Idempotency-Key"},
	{"no_memory", 503, "1", "cannot take more: there is no memory"},
	{"breaker_open", 503, NULL, "is not called: it has failed too often just now"},
	{"blocked", 503, NULL, "is not called: something must be mended first"},
	{"pool_exhausted", 503, "1", "has no free slot"},
};

const struct send_refusal *send_refusal(const char *code)
{
	for (size_t i = 0; code && i < sizeof(refusals) / sizeof(refusals[0]); i++)
		if (strcmp(refusals[i].code, code) == 0)
			return &refusals[i];
	return NULL;
}

/* What the catalogue knows of it. */
static bool refuse_by_cause(const struct sending *s, const char *code)
{
	struct json *more = NULL;
	struct problem p = {0};
	struct cause cause;

	if (!cause_find(s->admin, s->project, s->connection, s->environment, code, &cause))
		return false;
	problem_set(&p, cause.status, cause.code, "%s", cause.text);
	if (cause.meaning.is_there || cause.meaning.number) {
		more = json_object();
		json_set(more, "resolved", cause_resolved(&cause.meaning));
	}
	problem_reply_with(s->request, &p, more);
	return true;
}

void send_refuse(const struct sending *s, const char *code)
{
	static const struct send_refusal internal = {"internal", 500, NULL,
	                                             "could not take the message"};
	const struct send_refusal *refusal = send_refusal(code);
	struct problem p = {0};

	if (refuse_by_cause(s, code))
		return;
	if (!refusal)
		refusal = &internal;
	problem_set(&p, refusal->status, refusal->code, "%s in %s %s", s->connection,
	            s->environment, refusal->title);
	if (refusal->retry_after) {
		p.header = "Retry-After";
		snprintf(p.header_value, sizeof(p.header_value), "%s", refusal->retry_after);
	}
	problem_reply(s->request, &p);
}

struct sending *sending_create(struct admin *admin, struct http_request *request)
{
	struct sending *s = mem_zalloc(sizeof(*s));

	if (!s)
		return NULL;
	s->admin = admin;
	s->request = request;
	atomic_fetch_add(&admin->sendings, 1);
	return s;
}

void sending_destroy(struct sending *s)
{
	if (!s)
		return;
	/* The last that is done with the API: it may be gone afterwards. */
	atomic_fetch_sub(&s->admin->sendings, 1);
	mem_free(s);
}

/*
 * Durable
 */

/* Everything in it is a token: nothing needs escaping. */
static void accepted(const struct sending *s, const struct outbox_answer *a)
{
	const char *const pieces[] = {
		"{\"id\": \"",
		a->id,
		"\", \"state\": ",
		a->held ? "\"held\"" : "\"ready\"",
		", \"repeated\": ",
		a->repeated ? "true" : "false",
		a->held ? ", \"reason\": \"" : "",
		a->held ? a->held : "",
		a->held ? "\"" : "",
		"}\n",
	};
	struct http_reply reply = {.status = 202, .content_type = "application/json"};
	char text[192];

	/* On the store's thread, where printf() would be a tenth of all that it does for a message. */
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		mem_put_text(text + reply.body_bytes, sizeof(text) - reply.body_bytes, pieces[i]);
		reply.body_bytes += strlen(text + reply.body_bytes);
	}
	reply.body = text;
	http_reply(s->request, &reply);
}

static void answered(void *arg, const struct outbox_answer *answers, size_t count)
{
	struct sending *s = arg;

	(void)count;
	if (answers[0].rc < 0)
		send_refuse(s, answers[0].reason);
	else
		accepted(s, &answers[0]);
	sending_destroy(s);
}

void send_durable(struct sending *s, struct parts *parts)
{
	struct message *message;
	struct err e = {0};

	parts->m.traced = true;
	if (message_create(&parts->m, &message, &e) < 0) {
		problem_answer_err(s->request, NULL, &e);
		sending_destroy(s);
		return;
	}
	const struct outbox_call call = {
		.project = s->project,
		.connection = s->connection,
		.environment = s->environment,
		.message = message,
		.ordering_key = s->ordering_key,
		.idempotency_key = s->idempotency_key,
	};
	http_request_suspend(s->request);
	outbox_accept(s->admin->host, &call, 1, answered, s);
	message_unref(message);
}

/*
 * Direct
 */

struct direct {
	struct sending *sending;
	struct message *message;
	struct catalog_meaning meaning; /* as it was when it was sent; nothing without a catalogue */
};

static void direct_destroy(struct direct *d)
{
	message_unref(d->message);
	sending_destroy(d->sending);
	mem_free(d);
}

static struct json *direct_json(const struct direct *d, const struct send_answer *answer)
{
	struct json *object = answer_json(answer, message_get(d->message)->id, NULL);

	if (!object || !d->meaning.number ||
	    json_set(object, "resolved", cause_resolved(&d->meaning)) == 0)
		return object;
	json_free(object);
	return NULL;
}

static void direct_done(void *arg, const struct send_answer *answer)
{
	struct direct *d = arg;
	const struct outcome *o = answer->outcome;

	if (answer->attempts == 0 && send_refusal(o->reason))
		send_refuse(d->sending, o->reason);
	else
		reply_json(d->sending->request, 200, direct_json(d, answer));
	outcome_destroy(answer->outcome);
	direct_destroy(d);
}

static int send_now(struct direct *d, struct err *e)
{
	const struct sending *s = d->sending;
	const struct send_call call = {
		.project = s->project,
		.connection = s->connection,
		.environment = s->environment,
		.kind = LK_OP_SEND,
		.message = d->message,
	};

	return host_send(s->admin->host, &call, direct_done, d, e);
}

void send_direct(struct sending *s, struct parts *parts)
{
	struct direct *d = mem_zalloc(sizeof(*d));
	struct err e = {0};

	if (!d) {
		send_refuse(s, "no_memory");
		sending_destroy(s);
		return;
	}
	d->sending = s;
	int rc = message_create(&parts->m, &d->message, &e);
	if (rc < 0) {
		problem_answer_err(s->request, NULL, &e);
		direct_destroy(d);
		return;
	}
	if (s->admin->catalog)
		catalog_mean(s->admin->catalog, s->project, s->connection, s->environment,
		             &d->meaning);
	http_request_set_timeout(s->request, DIRECT_MS);
	http_request_suspend(s->request);
	rc = send_now(d, &e);
	if (rc == 0)
		return;
	if (rc == ERR_NOT_FOUND)
		send_refuse(s, "not_deployed");
	else
		problem_answer_err(s->request, NULL, &e);
	direct_destroy(d);
}
