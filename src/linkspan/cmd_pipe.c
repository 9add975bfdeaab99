/*
 * linkspan pipe: each line of standard input is stored by the daemon.
 *
 * Without --ack this program is the last that holds a line, so it keeps a batch until it knows what
 * became of it.  With --ack whoever writes the lines holds them until it reads OK, so each answer is
 * given at once.
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
#include "linkspan/pipe_send.h"
#include "linkspan/progress.h"
#include "linkspan/route.h"
#include "linkspan/send_daemon.h"
#include "json/json.h"

enum {
	ACK_TIMEOUT_MS = 8000, /* rsyslog kills a program that is silent for 10 s */
	REPORTED_MOST = 20,    /* refused lines that are named one by one */
};

struct pipe {
	const struct cli *cli;
	struct client client;
	struct send_route route;
	struct pipe_sender sender;
	struct message *message; /* without body: what all lines have in common */
	struct pipe_input input;
	struct pipe_batch batches[2];
	struct progress progress;
	bool ack;
	int64_t begin_ms;
	uint64_t stored, refused, unknown, unsent;
};

/* In --ack mode somebody waits for it at the other end of standard output. */
static int say(struct buf *text, struct err *e)
{
	if (buf_failed(text))
		return err_no_memory(e);
	fwrite(buf_str(text), 1, text->len_bytes, stdout);
	if (fflush(stdout) != 0 || ferror(stdout))
		return err_set_errno(e, ERR_IO, "cannot write to standard output");
	return 0;
}

static void complain(void *arg, const char *why)
{
	struct pipe *p = arg;

	progress_end(&p->progress);
	fprintf(stderr, "linkspan: %s; waiting to send again\n", why);
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

/* 0 when whoever waits for answers has them all. */
static int answer_batch(struct pipe *p, struct pipe_batch *batch, struct err *e)
{
	struct buf text;

	pipe_send_once(&p->sender, batch);
	buf_init(&text, BUF_MAX_TEXT);
	pipe_batch_answer(batch, &text);
	int rc = say(&text, e);
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
			        (unsigned long long)batch->first + i, batch->lines[i].why);
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
	p->unknown += pipe_batch_count(batch, PIPE_UNKNOWN);
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
		rc = p->ack ? answer_batch(p, batch, e) : pipe_send(&p->sender, batch, e);
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
	if (p->unknown)
		fprintf(stderr, ", %llu perhaps stored: there was no answer",
		        (unsigned long long)p->unknown);
	fputc('\n', stderr);
}

static int run(struct pipe *p, struct cli *cli, struct err *e)
{
	struct buf ready;
	int rc;

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
	/* What a fault leaves behind in the open batch was read too. */
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
	pipe_sender_init(&p->sender, &p->client, &p->route);
	p->sender.is_raw = cli_has(cli, "raw");
	if (!cli_has(cli, "quiet"))
		p->sender.complain = complain;
	p->sender.arg = p;
	if (!p->sender.is_raw)
		route_query(&p->route.target, "framing", "ndjson");
	else if (!message_get(p->message)->content_type)
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

	if (!p.ack)
		progress_begin(&p.progress, cli);
	int rc = set_up(&p, cli, e);
	/* The first Ctrl-C ends the input; what was read still goes out. */
	interrupt_allow(2);
	if (rc == 0)
		rc = run(&p, cli, e);
	pipe_batch_finish(&p.batches[0]);
	pipe_batch_finish(&p.batches[1]);
	pipe_sender_finish(&p.sender);
	send_route_finish(&p.route);
	message_unref(p.message);
	client_close(&p.client);
	return rc;
}
