/*
 * linkspan pipe: each line of standard input is stored by the daemon.
 *
 * Without --ack this program is the last that holds a line, so it keeps a batch until it knows what
 * became of it: refused for now or daemon away, it waits and sends again; answer lost, it sends
 * again too, since a line twice is better than none, and counts those lines.  With --ack whoever
 * writes the lines holds them until it reads OK, so each answer is given at once.
 */
#include <stdio.h>
#include <unistd.h>

#include "base/banned.h"
#include "base/clock.h"
#include "base/err.h"
#include "core/message.h"
#include "crypto/random.h"
#include "linkspan/call.h"
#include "linkspan/client.h"
#include "linkspan/command.h"
#include "linkspan/interrupt.h"
#include "linkspan/pipe_input.h"
#include "linkspan/problem.h"
#include "linkspan/progress.h"
#include "linkspan/send_daemon.h"
#include "linkspan/session.h"
#include "json/json.h"

enum {
	ACK_TIMEOUT_MS = 8000, /* rsyslog kills a program that is silent for 10 s */
	BACK_OFF_MS = 100,
	BACK_OFF_MOST_MS = 5000,
	REPORTED_MOST = 20, /* refused lines that are named one by one */
};

struct pipe {
	const struct cli *cli;
	struct client client;
	struct send_route route;
	struct message *message; /* without body: what all lines have in common */
	struct pipe_input input;
	struct pipe_batch batches[2];
	struct buf body;
	struct progress progress;
	bool ack, has_warned;
	int64_t begin_ms;
	uint64_t stored, refused, repeated, unsent;
};

/* Why a try came to nothing, for all the lines of a batch. */
struct refusal {
	int rc;
	bool is_passing, is_unknown;
	int64_t retry_after_ms; /* -1: not said */
	struct err why;
	char code[PROBLEM_CODE_BYTES];
};

/* Standard output is rsyslog's ear in --ack mode. */
static int say(struct buf *text, struct err *e)
{
	fwrite(buf_str(text), 1, text->len_bytes, stdout);
	if (fflush(stdout) != 0 || ferror(stdout))
		return err_set_errno(e, ERR_IO, "cannot write to standard output");
	buf_clear(text);
	return 0;
}

/* Says no before the first line is read when no line could be sent. */
static int check_connection(struct pipe *p, struct err *e)
{
	struct json *answer = NULL;
	struct buf target;

	buf_init(&target, BUF_MAX_LINE);
	route_connection(&target, cli_option(p->cli, "project"), p->cli->args[0], "/status");
	route_query(&target, "env", cli_option(p->cli, "env"));
	int rc = buf_failed(&target) ? err_set(e, ERR_USAGE, "the name is too long")
	                             : client_get(&p->client, buf_str(&target), &answer, e);
	json_free(answer);
	buf_finish(&target);
	return rc;
}

static struct fetch_request request_of(const struct pipe *p)
{
	return (struct fetch_request){
		.method = "POST",
		.target = buf_str(&p->route.target),
		.headers = p->route.headers,
		.header_count = p->route.header_count,
		.body = buf_str(&p->body),
		.body_bytes = p->body.len_bytes,
		.timeout_ms = p->client.timeout_ms,
	};
}

static int odd_answer(struct refusal *r)
{
	r->is_unknown = r->is_passing = true;
	snprintf(r->code, sizeof(r->code), "unknown");
	return err_set(&r->why, ERR_IO, "the daemon's answer does not fit the lines");
}

/* One try for the lines that are pending.  0 when each has its own answer. */
static int try_batch(struct pipe *p, struct pipe_batch *batch, struct refusal *r)
{
	const struct fetch_request request = request_of(p);
	struct fetch_reply *reply = &p->client.reply;
	struct json *answer = NULL;

	*r = (struct refusal){.retry_after_ms = -1};
	r->rc = client_json(&p->client, &request, &answer, &r->why);
	if (r->rc == 0) {
		if (!pipe_batch_settle(batch, json_get(answer, "items")))
			r->rc = odd_answer(r);
		json_free(answer);
		return r->rc;
	}
	r->retry_after_ms = reply->retry_after_ms;
	if (reply->status >= 300) {
		problem_read_code(reply, r->code);
		r->is_passing = problem_is_passing(reply->status, r->code);
		r->is_unknown = problem_is_unknown(reply->status, r->code);
	} else {
		r->is_unknown = fetch_is_unknown(r->rc);
		r->is_passing = r->is_unknown || r->rc == ERR_UNREACHABLE;
		snprintf(r->code, sizeof(r->code), "%s", err_name(r->rc));
	}
	return r->rc;
}

/* False when it was interrupted. */
static bool back_off(struct pipe *p, const struct refusal *r, int64_t *delay_ms)
{
	int64_t wait_ms = r->retry_after_ms > *delay_ms ? r->retry_after_ms : *delay_ms;

	if (r->why.code && !p->has_warned && !cli_has(p->cli, "quiet")) {
		progress_end(&p->progress);
		fprintf(stderr, "linkspan: %s; waiting to send again\n", r->why.text);
		p->has_warned = true;
	}
	*delay_ms = 2 * *delay_ms < BACK_OFF_MOST_MS ? 2 * *delay_ms : BACK_OFF_MOST_MS;
	return interrupt_sleep((long)wait_ms);
}

/* 0 when each line was stored or refused for good. */
static int send_batch(struct pipe *p, struct pipe_batch *batch, struct err *e)
{
	int64_t delay_ms = BACK_OFF_MS;
	struct refusal r;
	size_t count;

	while ((count = pipe_batch_body(batch, &p->body)) > 0) {
		if (buf_failed(&p->body))
			return err_no_memory(e);
		int rc = try_batch(p, batch, &r);
		if (rc == ERR_NO_MEMORY || rc == ERR_INTERRUPTED || (rc < 0 && !r.is_passing))
			return err_set(e, rc, "%s", r.why.text);
		if (r.is_unknown)
			p->repeated += count;
		if (rc == 0 && pipe_batch_count(batch, PIPE_WAITS) == 0)
			break;
		if (!back_off(p, &r, &delay_ms))
			return err_set(e, ERR_INTERRUPTED, "interrupted");
	}
	p->has_warned = false;
	return 0;
}

/* 0 when whoever waits for answers has them all. */
static int answer_batch(struct pipe *p, struct pipe_batch *batch, struct err *e)
{
	struct buf text;

	if (pipe_batch_body(batch, &p->body) > 0) {
		struct refusal r;
		if (buf_failed(&p->body))
			return err_no_memory(e);
		if (try_batch(p, batch, &r) < 0) {
			char why[ERR_TEXT_BYTES];
			snprintf(why, sizeof(why), "%.40s: %.200s", r.code[0] ? r.code : "failed",
			         r.why.text);
			pipe_batch_settle_all(batch, r.is_passing ? PIPE_WAITS : PIPE_REFUSED, why);
		}
	}
	buf_init(&text, BUF_MAX_TEXT);
	pipe_batch_answer(batch, &text);
	int rc = buf_failed(&text) ? err_no_memory(e) : say(&text, e);
	buf_finish(&text);
	return rc;
}

static void report_refused(struct pipe *p, const struct pipe_batch *batch)
{
	uint64_t refused = p->refused;

	for (size_t i = 0; i < batch->count; i++) {
		if (batch->lines[i].state != PIPE_REFUSED)
			continue;
		if (refused++ < REPORTED_MOST) {
			progress_end(&p->progress);
			fprintf(stderr, "linkspan: line %llu: %s\n",
			        (unsigned long long)(batch->first + i), batch->lines[i].why);
		} else if (refused == REPORTED_MOST + 1) {
			fputs("linkspan: further lines that are refused are only counted\n",
			      stderr);
		}
	}
}

static void count_batch(struct pipe *p, const struct pipe_batch *batch)
{
	if (!p->ack && !cli_has(p->cli, "quiet"))
		report_refused(p, batch);
	p->stored += pipe_batch_count(batch, PIPE_STORED);
	p->refused += pipe_batch_count(batch, PIPE_REFUSED);
	p->unsent += pipe_batch_count(batch, PIPE_PENDING) + pipe_batch_count(batch, PIPE_WAITS);
	int64_t ms = clock_system.mono_ms() - p->begin_ms;
	progress_show(&p->progress, 0, 0, "%llu lines stored, %lld/s",
	              (unsigned long long)p->stored,
	              (long long)p->stored * 1000 / (long long)(ms > 0 ? ms : 1));
}

static int send_all(struct pipe *p, struct err *e)
{
	struct pipe_batch *empty = &p->batches[1], *batch;
	int rc;

	while ((rc = pipe_input_take(&p->input, empty, &batch, e)) == 0 && batch) {
		rc = p->ack ? answer_batch(p, batch, e) : send_batch(p, batch, e);
		count_batch(p, batch);
		if (rc < 0)
			break;
		pipe_batch_clear(batch);
		empty = batch;
	}
	progress_end(&p->progress);
	return rc < 0 || interrupt_count() == 0 ? rc : err_set(e, ERR_INTERRUPTED, "interrupted");
}

static void summarise(const struct pipe *p)
{
	if (p->ack || cli_has(p->cli, "quiet"))
		return;
	fprintf(stderr, "linkspan: %llu line%s stored", (unsigned long long)p->stored,
	        p->stored == 1 ? "" : "s");
	if (p->refused)
		fprintf(stderr, ", %llu refused", (unsigned long long)p->refused);
	if (p->unsent)
		fprintf(stderr, ", %llu read and not stored", (unsigned long long)p->unsent);
	if (p->repeated)
		fprintf(stderr, ", %llu perhaps twice: the answer to them was lost",
		        (unsigned long long)p->repeated);
	fputc('\n', stderr);
}

static int run(struct pipe *p, struct cli *cli, struct err *e)
{
	struct buf ready;
	int rc;

	/* Those that a fault leaves behind, in the batch that is open, were read too. */
	rc = pipe_input_start(&p->input, STDIN_FILENO, interrupt_fd(), &p->batches[0], e);
	if (rc < 0)
		return rc;
	if (p->ack) {
		buf_init(&ready, BUF_MAX_LINE);
		buf_add_str(&ready, "OK\n");
		rc = say(&ready, e);
		buf_finish(&ready);
	}
	if (rc == 0)
		rc = send_all(p, e);
	pipe_input_finish(&p->input);
	if (rc < 0)
		p->unsent += p->input.open->count;
	summarise(p);
	if (rc == 0 && p->refused > 0 && !p->ack)
		cli->exit_status = err_exit_status(ERR_PARTLY);
	return rc;
}

static int set_up(struct pipe *p, struct cli *cli, struct err *e)
{
	int rc = client_open(&p->client, cli, e);

	if (rc == 0)
		rc = crypto_init(e);
	if (rc == 0)
		rc = call_message(cli, &p->message, e);
	if (rc == 0)
		rc = send_route_init(&p->route, cli, p->message, "durable", e);
	if (rc < 0)
		return rc;
	route_query(&p->route.target, "framing", "ndjson");
	if (cli_has(cli, "raw") && !message_get(p->message)->content_type)
		p->route.headers[p->route.header_count++] =
			(struct fetch_header){"Content-Type", "text/plain; charset=utf-8"};
	if (pipe_batch_init(&p->batches[0]) < 0 || pipe_batch_init(&p->batches[1]) < 0)
		return err_no_memory(e);
	if (p->ack && !cli_has(cli, "timeout"))
		p->client.timeout_ms = ACK_TIMEOUT_MS;
	return check_connection(p, e);
}

int cmd_pipe(struct cli *cli, struct err *e)
{
	struct pipe p = {
		.cli = cli,
		.ack = cli_has(cli, "ack"),
		.begin_ms = clock_system.mono_ms(),
	};

	buf_init(&p.body, PIPE_LINE_BYTES + 2);
	if (!p.ack)
		progress_begin(&p.progress, cli);
	int rc = set_up(&p, cli, e);
	/* The first Ctrl-C ends the input; what was read still goes out. */
	interrupt_allow(2);
	if (rc == 0)
		rc = run(&p, cli, e);
	pipe_batch_finish(&p.batches[0]);
	pipe_batch_finish(&p.batches[1]);
	buf_finish(&p.body);
	send_route_finish(&p.route);
	message_unref(p.message);
	client_close(&p.client);
	return rc;
}
