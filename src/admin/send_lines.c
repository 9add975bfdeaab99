/* Many messages in one request: one JSON value a line. */
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "admin/admin_impl.h"
#include "admin/cause.h"
#include "admin/parts.h"
#include "admin/problem.h"
#include "admin/send.h"
#include "base/banned.h"
#include "base/buf.h"
#include "base/err.h"
#include "httpd/reply.h"
#include "httpd/request.h"
#include "json/json.h"

enum {
	LINES_MAX = 10000,
	KEY_BYTES = 280, /* of an idempotency key with the number of its line */
	ITEM_BYTES = 768,
};

/* All lines; those that are no message were never called, and have no answer.  The outbox is given them
 * in portions, whose answers may come on different threads. */
struct batch {
	struct sending *sending;
	size_t line_count, call_count;
	struct outbox_answer *answers; /* one for each call */
	_Atomic size_t open; /* portions without an answer, and one while they are posted */
	struct portion {
		struct batch *batch;
		size_t first;
	} portions[LINES_MAX / STORE_GROUP_MAX];
	bool *is_called; /* by line */
	struct outbox_call *calls;
	char (*keys)[KEY_BYTES]; /* NULL: there is no idempotency key */
};

static void batch_destroy(struct batch *b)
{
	for (size_t i = 0; i < b->call_count; i++)
		message_unref(b->calls[i].message);
	mem_free(b->keys);
	mem_free(b->answers);
	mem_free(b->calls);
	mem_free(b->is_called);
	sending_destroy(b->sending);
	mem_free(b);
}

/* The end of the line at `at`, without the line feed; *ret_next begins the next one. */
static const char *line_end(const char *at, const char *end, const char **ret_next)
{
	const char *feed = memchr(at, '\n', (size_t)(end - at));

	*ret_next = feed ? feed + 1 : end;
	return feed ? feed : end;
}

static size_t count_lines(const char *at, const char *end)
{
	size_t count = 0;

	for (; at < end; count++)
		line_end(at, end, &at);
	return count;
}

static struct batch *batch_create(struct sending *s, size_t lines)
{
	struct batch *b = mem_zalloc(sizeof(*b));

	if (!b)
		return NULL;
	b->line_count = lines;
	b->is_called = mem_array(lines, sizeof(*b->is_called));
	b->calls = mem_array(lines, sizeof(*b->calls));
	b->answers = mem_array(lines, sizeof(*b->answers));
	b->keys = s->idempotency_key ? mem_array(lines, sizeof(*b->keys)) : NULL;
	if (b->is_called && b->calls && b->answers && (b->keys || !s->idempotency_key)) {
		b->sending = s;
		return b;
	}
	batch_destroy(b);
	return NULL;
}

/* Each message has a key of its own, so that the same request again gives the same ids. */
static const char *key_of(struct batch *b, size_t line)
{
	char *key = b->keys ? b->keys[line] : NULL;

	if (key)
		snprintf(key, KEY_BYTES, "%s/%zu", b->sending->idempotency_key, line + 1);
	return key;
}

static int add_call(struct batch *b, struct message_parts *m, const char *at, size_t bytes,
                    size_t line, struct err *e)
{
	struct outbox_call *call = &b->calls[b->call_count];

	m->traced = true;
	m->body = at;
	m->body_bytes = bytes;
	int rc = message_create(m, &call->message, e);
	if (rc < 0)
		return rc;
	call->project = b->sending->project;
	call->connection = b->sending->connection;
	call->environment = b->sending->environment;
	call->ordering_key = b->sending->ordering_key;
	call->idempotency_key = key_of(b, line);
	b->is_called[line] = true;
	b->call_count++;
	return 0;
}

static int add_calls(struct batch *b, struct message_parts *m, struct err *e)
{
	const char *at = b->sending->request->body;
	const char *end = at + b->sending->request->body_bytes;

	for (size_t line = 0; line < b->line_count; line++) {
		const char *begin = at;
		size_t bytes = (size_t)(line_end(begin, end, &at) - begin);
		int rc = json_valid(begin, bytes) ? add_call(b, m, begin, bytes, line, e) : 0;
		if (rc < 0)
			return rc;
	}
	return 0;
}

/*
 * The answer
 */

/* All lines have one cause, if the connection is one. */
static struct json *cause_json(const struct batch *b)
{
	const struct sending *s = b->sending;
	struct cause cause;

	for (size_t i = 0; i < b->call_count; i++) {
		if (b->answers[i].rc == 0 ||
		    !cause_find(s->admin, s->project, s->connection, s->environment,
		                b->answers[i].reason, &cause))
			continue;
		struct json *item = json_object();
		json_set(item, "code", json_string(cause.code));
		json_set(item, "detail", json_string(cause.text));
		return item;
	}
	return NULL;
}

static void add_item(struct buf *text, const struct outbox_answer *a, const struct json *cause)
{
	const struct send_refusal *refusal = send_refusal(a->reason);
	bool is_cause = cause && a->reason && strcmp(a->reason, "not_deployed") == 0;

	if (a->rc == 0)
		buf_printf(text, "{\"id\": \"%s\"%s}", a->id,
		           a->repeated ? ", \"repeated\": true" : "");
	else if (is_cause)
		json_write(cause, 0, text);
	else
		buf_printf(text, "{\"code\": \"%s\", \"detail\": \"the connection %s\"}",
		           refusal ? refusal->code : "internal",
		           refusal ? refusal->title : "could not take the message");
}

static void add_items(struct buf *text, const struct batch *b)
{
	struct json *cause = cause_json(b);
	size_t answer = 0;

	for (size_t line = 0; line < b->line_count; line++) {
		buf_add_str(text, line ? ", " : "");
		if (b->is_called[line])
			add_item(text, &b->answers[answer++], cause);
		else
			buf_printf(text,
			           "{\"code\": \"invalid_json\", \"detail\": \"line %zu is not one "
			           "JSON value\"}",
			           line + 1);
	}
	json_free(cause);
}

static void answer_all(const struct batch *b)
{
	size_t accepted = 0;
	struct buf text;

	for (size_t i = 0; i < b->call_count; i++)
		accepted += b->answers[i].rc == 0;
	buf_init(&text, (b->line_count + 1) * ITEM_BYTES);
	buf_printf(&text, "{\"accepted\": %zu, \"items\": [", accepted);
	add_items(&text, b);
	buf_add_str(&text, "]}\n");
	const struct http_reply reply = {
		.status = 200,
		.content_type = "application/json",
		.body = buf_str(&text),
		.body_bytes = text.len_bytes,
	};
	/* What was accepted cannot be told without memory for it: as if the store did not know. */
	if (buf_failed(&text))
		send_refuse(b->sending, "store");
	else
		http_reply(b->sending->request, &reply);
	buf_finish(&text);
}

/* Whoever closes the last portion answers. */
static void close_portion(struct batch *b)
{
	if (atomic_fetch_sub(&b->open, 1) > 1)
		return;
	answer_all(b);
	batch_destroy(b);
}

static void answered(void *arg, const struct outbox_answer *answers, size_t count)
{
	struct portion *portion = arg;
	struct batch *b = portion->batch;

	memcpy(&b->answers[portion->first], answers, count * sizeof(*answers));
	close_portion(b);
}

static void post(struct batch *b)
{
	size_t portions = (b->call_count + STORE_GROUP_MAX - 1) / STORE_GROUP_MAX;

	atomic_init(&b->open, portions + 1);
	for (size_t i = 0; i < portions; i++) {
		size_t first = i * STORE_GROUP_MAX, left = b->call_count - first;
		b->portions[i] = (struct portion){.batch = b, .first = first};
		outbox_accept(b->sending->admin->host, &b->calls[first],
		              left < STORE_GROUP_MAX ? left : STORE_GROUP_MAX, answered,
		              &b->portions[i]);
	}
	close_portion(b);
}

/* What the lines are, where the request says only that it is lines. */
static const char *line_type(const char *given)
{
	static const char *const of_lines[] = {"application/x-ndjson", "application/ndjson",
	                                       "application/jsonl"};

	for (size_t i = 0; given && i < sizeof(of_lines) / sizeof(of_lines[0]); i++)
		if (strncasecmp(given, of_lines[i], strlen(of_lines[i])) == 0)
			given = NULL;
	return given ? given : "application/json";
}

void send_lines(struct sending *s, struct parts *parts)
{
	const char *body = s->request->body;
	size_t lines = count_lines(body, body + s->request->body_bytes);
	struct err e = {0};

	if (lines == 0 || lines > LINES_MAX) {
		problem_answer(s->request, lines ? 413 : 400,
		               lines ? "too_many_messages" : "no_messages",
		               "the body has %zu lines; 1 to %d are allowed", lines, LINES_MAX);
		sending_destroy(s);
		return;
	}
	struct batch *b = batch_create(s, lines);
	if (!b) {
		send_refuse(s, "no_memory");
		sending_destroy(s);
		return;
	}
	parts->m.content_type = line_type(parts->m.content_type);
	if (add_calls(b, &parts->m, &e) < 0) {
		problem_answer_err(s->request, NULL, &e);
		batch_destroy(b);
		return;
	}
	http_request_suspend(s->request);
	post(b);
}
