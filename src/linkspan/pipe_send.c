/* Sending batches of lines to the daemon. */
#include "linkspan/pipe_send.h"

#include <stdio.h>

#include "base/banned.h"
#include "base/clock.h"
#include "linkspan/client.h"
#include "linkspan/interrupt.h"
#include "linkspan/pipe_lines.h"
#include "linkspan/send_daemon.h"
#include "json/json.h"

enum {
	BACK_OFF_MS = 100,
	BACK_OFF_MOST_MS = 5000,
	COMPLAIN_EVERY_MS = 60000,
	KEY_BYTES = MESSAGE_ID_BYTES + 24,
	STATUS_TOO_LARGE = 413,
};

void pipe_sender_init(struct pipe_sender *s, struct client *client, struct send_route *route)
{
	*s = (struct pipe_sender){.client = client, .route = route};
	buf_init(&s->body, PIPE_LINE_BYTES + 2);
}

void pipe_sender_finish(struct pipe_sender *s)
{
	buf_finish(&s->body);
}

/* What client_json() made of an answer, or of the lack of one. */
static int read_refusal(const struct pipe_sender *s, int rc, struct pipe_refusal *r)
{
	const struct fetch_reply *reply = &s->client->reply;

	r->status = reply->status;
	r->retry_after_ms = reply->retry_after_ms;
	if (reply->status >= 300) {
		problem_read_code(reply, r->code);
		r->is_passing = problem_is_passing(reply->status, r->code);
		r->is_unknown = problem_is_unknown(reply->status, r->code);
	} else {
		r->is_unknown = fetch_is_unknown(rc);
		r->is_passing = r->is_unknown || rc == ERR_UNREACHABLE;
	}
	if (!r->code[0])
		snprintf(r->code, sizeof(r->code), "%s", err_name(rc));
	return rc;
}

static int request(struct pipe_sender *s, const char *key, const void *body, size_t bytes,
                   struct json **ret, struct pipe_refusal *r)
{
	struct send_route *route = s->route;
	const struct fetch_request request = {
		.method = "POST",
		.target = buf_str(&route->target),
		.headers = route->headers,
		.header_count = route->header_count + (key[0] ? 1 : 0),
		.body = body,
		.body_bytes = bytes,
		.timeout_ms = s->client->timeout_ms,
	};

	*r = (struct pipe_refusal){.retry_after_ms = -1};
	route->headers[route->header_count] = (struct fetch_header){"Idempotency-Key", key};
	int rc = client_json(s->client, &request, ret, &r->why);
	return rc < 0 ? read_refusal(s, rc, r) : 0;
}

static int try_lines(struct pipe_sender *s, struct pipe_batch *b, struct pipe_refusal *r)
{
	struct json *answer = NULL;
	int rc = request(s, s->key, s->body.data, s->body.len_bytes, &answer, r);

	if (rc < 0)
		return rc;
	if (!pipe_batch_settle(b, json_get(answer, "items"))) {
		rc = err_set(&r->why, ERR_IO, "the daemon's answer does not fit the lines");
		read_refusal(s, rc, r);
	}
	json_free(answer);
	return rc;
}

static int try_one(struct pipe_sender *s, struct pipe_batch *b, size_t i, struct pipe_refusal *r)
{
	struct pipe_line *line = &b->lines[i];
	struct json *answer = NULL;
	char key[KEY_BYTES] = "";

	if (s->key[0])
		snprintf(key, sizeof(key), "%s/%zu", s->key, i);
	int rc = request(s, key, b->text.data + line->offset_bytes, line->bytes, &answer, r);
	if (rc == 0)
		pipe_line_settle(b, line, answer);
	json_free(answer);
	if (r->status != STATUS_TOO_LARGE)
		return rc;
	pipe_line_set(b, line, PIPE_REFUSED, r->code, r->why.text);
	return 0;
}

static int try_each(struct pipe_sender *s, struct pipe_batch *b, struct pipe_refusal *r)
{
	int rc = 0;

	for (size_t i = 0; i < b->count && rc == 0; i++)
		if (b->lines[i].is_in_body && pipe_line_is_open(&b->lines[i]))
			rc = try_one(s, b, i, r);
	return rc;
}

static int try(struct pipe_sender *s, struct pipe_batch *b, struct pipe_refusal *r)
{
	return s->is_raw ? try_each(s, b, r) : try_lines(s, b, r);
}

/* All open lines share the fate of a request that failed. */
static void settle_refused(struct pipe_batch *b, const struct pipe_refusal *r)
{
	char why[ERR_TEXT_BYTES + PROBLEM_CODE_BYTES + 2];

	snprintf(why, sizeof(why), "%s: %s", r->code, r->why.text);
	pipe_batch_settle_all(b,
	                      r->is_unknown   ? PIPE_UNKNOWN
	                      : r->is_passing ? PIPE_WAITS
	                                      : PIPE_REFUSED,
	                      why);
}

int pipe_send_once(struct pipe_sender *s, struct pipe_batch *b)
{
	struct pipe_refusal r = {0};

	s->key[0] = '\0';
	if (pipe_batch_body(b, &s->body) == 0)
		return 0;
	int rc = buf_failed(&s->body) ? ERR_NO_MEMORY : try(s, b, &r);
	if (rc == ERR_NO_MEMORY)
		pipe_batch_settle_all(b, PIPE_WAITS, "no_memory: linkspan pipe has no memory");
	else if (rc < 0)
		settle_refused(b, &r);
	return rc;
}

static const char *why_waits(const struct pipe_batch *b)
{
	for (size_t i = 0; i < b->count; i++)
		if (b->lines[i].state == PIPE_WAITS || b->lines[i].state == PIPE_UNKNOWN)
			return b->lines[i].why;
	return "";
}

/* False when it was interrupted. */
static bool back_off(struct pipe_sender *s, const struct pipe_batch *b,
                     const struct pipe_refusal *r, int64_t *delay_ms)
{
	int64_t wait_ms = r->retry_after_ms > *delay_ms ? r->retry_after_ms : *delay_ms;

	int64_t now_ms = clock_system.mono_ms();

	if (s->complain && (!s->complained_ms || now_ms - s->complained_ms >= COMPLAIN_EVERY_MS)) {
		s->complain(s->arg, r->why.code ? r->why.text : why_waits(b));
		s->complained_ms = now_ms;
	}
	*delay_ms = 2 * *delay_ms < BACK_OFF_MOST_MS ? 2 * *delay_ms : BACK_OFF_MOST_MS;
	return interrupt_sleep((long)wait_ms);
}

/* Whether the error would be that of every other line too. */
static bool is_fatal(int rc, const struct pipe_refusal *r)
{
	return rc == ERR_NO_MEMORY || rc == ERR_INTERRUPTED ||
	       (rc < 0 && !r->is_passing && r->status != STATUS_TOO_LARGE);
}

int pipe_send(struct pipe_sender *s, struct pipe_batch *b, struct err *e)
{
	int64_t delay_ms = BACK_OFF_MS;
	bool is_unknown = false;
	struct pipe_refusal r = {0};

	for (;;) {
		/* A key holds for one body: another one may say less, never more. */
		if (!is_unknown) {
			if (pipe_batch_body(b, &s->body) == 0)
				return 0;
			if (buf_failed(&s->body))
				return err_no_memory(e);
			client_make_key(s->key);
		}
		int rc = try(s, b, &r);
		if (is_fatal(rc, &r)) {
			if (r.is_unknown)
				settle_refused(b, &r);
			return err_set(e, rc, "%s", r.why.text);
		}
		if (rc < 0)
			settle_refused(b, &r);
		is_unknown = pipe_batch_count(b, PIPE_UNKNOWN) > 0;
		if (!is_unknown && pipe_batch_count(b, PIPE_WAITS) == 0)
			continue;
		if (!back_off(s, b, &r, &delay_ms))
			return err_set(e, ERR_INTERRUPTED, "interrupted");
	}
}
