/*
 * A plugin that plays a peer: each message is answered by a word of a script, and what comes is written
 * down in a book.
 *
 * A script is words with blanks between: NAME[/SECONDS][+MILLISECONDS], for what happens, what the peer
 * asks to wait, and how long the answer takes; the last word is repeated.  A body that begins with "@" is
 * the script of its own attempts; any other message takes the next word of its connection's.
 */
#include "actor.h"

#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common.h"

enum { ROW_ANSWERS, ROW_TOKEN, ROW_TIMEOUT };

static const struct lk_param rows[] = {
	[ROW_ANSWERS] =
		{
			.name = "answers",
			.type = LK_T_STRING,
			.label = "Answers",
			.help = "The script of the connection.",
			.def = "ok",
		},
	[ROW_TOKEN] =
		{
			.name = "token",
			.type = LK_T_STRING,
			.flags = LK_SECRET,
			.label = "Token",
			.help = "Nothing is done with it.",
		},
	[ROW_TIMEOUT] =
		{
			.name = "request_timeout_ms",
			.type = LK_T_INT,
			.label = "Timeout",
			.help = "The host's deadline for an operation.",
			.def = "30000",
			.min = 1,
			.max = 86400000,
		},
};

/* What a word means. */
struct word {
	const char *name;
	uint32_t result, flags, status;
	const char *reason;
	int fails_with; /* submit() itself */
	int waits;      /* 1: until it is cancelled; 2: not even then */
};

static const struct word words[] = {
	{"ok", LK_DONE, 0, 200, "ok", 0, 0},
	{"500", LK_RETRY, 0, 500, "http_500", 0, 0},
	{"503", LK_RETRY, LK_LINK_FAULT | LK_CONGESTED, 503, "http_503", 0, 0},
	{"502", LK_RETRY, LK_LINK_FAULT, 502, "http_502", 0, 0},
	{"refused", LK_RETRY, LK_LINK_FAULT | LK_NOT_SENT, 0, "refused", 0, 0},
	{"401", LK_BLOCKED, 0, 401, "auth", 0, 0},
	{"tls", LK_BLOCKED, 0, 0, "tls_verify", 0, 0},
	{"403", LK_REJECT, 0, 403, "http_403", 0, 0},
	{"404", LK_REJECT, 0, 404, "http_404", 0, 0},
	{"410", LK_REJECT, LK_LINK_GONE, 410, "gone", 0, 0},
	{"busy", LK_RETRY, 0, 0, "", LK_EBUSY, 0},
	{"fails", LK_RETRY, 0, 0, "", LK_EFAIL, 0},
	{"hangs", LK_RETRY, 0, 0, "", 0, 1},
	{"deaf", LK_RETRY, 0, 0, "", 0, 2},
};

/* One message that the peer has and has not answered. */
struct job {
	struct job *next;
	struct lk_op *op;
	struct conn *conn;
	int64_t due_ms; /* -1: never by itself */
	int64_t retry_after_ms;
	const struct word *word;
};

/* Of all instances: a test has one lane where the order of jobs matters. */
struct actor {
	struct state common; /* first: common_fd() is given this */
	struct job *jobs;
};

static struct actor_book book = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void note_begin(const struct conn *c, const struct lk_request *request)
{
	pthread_mutex_lock(&book.lock);
	if (book.submitted < ACTOR_ROWS) {
		struct actor_row *row = &book.rows[book.submitted];
		memset(row, 0, sizeof(*row));
		strncpy(row->connection, c->settings->connection, sizeof(row->connection) - 1);
		strncpy(row->id, request->id, sizeof(row->id) - 1);
		if (request->content_type)
			strncpy(row->content_type, request->content_type,
			        sizeof(row->content_type) - 1);
		if (request->body)
			memcpy(row->body, request->body,
			       request->body_bytes < sizeof(row->body) ? request->body_bytes
			                                               : sizeof(row->body) - 1);
		row->attempt = request->attempt;
		row->flags = request->flags;
		row->others = book.in_flight;
	}
	book.submitted++;
	if (++book.in_flight > book.most)
		book.most = book.in_flight;
	pthread_mutex_unlock(&book.lock);
}

static void note_end(void)
{
	pthread_mutex_lock(&book.lock);
	book.in_flight--;
	pthread_mutex_unlock(&book.lock);
}

/* The n-th word, or the last one. */
static const char *nth(const char *script, const char *end, int64_t n)
{
	const char *at = script;

	while (n-- > 0) {
		const char *blank = memchr(at, ' ', (size_t)(end - at));
		if (!blank)
			break;
		at = blank + 1;
	}
	return at;
}

static int64_t number(const char **at, const char *end)
{
	int64_t n = 0;

	for (++*at; *at < end && **at >= '0' && **at <= '9'; ++*at)
		n = 10 * n + (**at - '0');
	return n;
}

static const struct word *find(const char *name, size_t bytes)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strlen(words[i].name) == bytes && memcmp(words[i].name, name, bytes) == 0)
			return &words[i];
	return &words[0];
}

/* Reads a word into a job; *ret_delay_ms: how long it takes. */
static void read_word(const char *at, const char *end, struct job *job, int64_t *ret_delay_ms)
{
	const char *name = at;

	while (at < end && *at != ' ' && *at != '/' && *at != '+')
		at++;
	job->word = find(name, (size_t)(at - name));
	job->retry_after_ms = at < end && *at == '/' ? number(&at, end) * 1000 : -1;
	*ret_delay_ms = at < end && *at == '+' ? number(&at, end) : 0;
}

static void end_job(struct job *job, uint32_t flags)
{
	const struct word *w = job->word;
	struct lk_outcome outcome = {
		.size = sizeof(outcome),
		.result = flags & LK_CANCELLED ? LK_RETRY : w->result,
		.flags = flags & LK_CANCELLED ? flags : w->flags,
		.status = flags & LK_CANCELLED ? 0 : w->status,
		.retry_after_ms = job->retry_after_ms,
		.reason = flags & LK_CANCELLED ? "cancelled" : w->reason,
		.detail = w->result == LK_DONE ? NULL : "as the script says",
	};

	note_end();
	job->conn->state->host->complete(job->op, &outcome);
	free(job);
}

static int actor_init(const struct lk_host *host, void **ret_state)
{
	struct actor *a = calloc(1, sizeof(*a));

	if (!a)
		return LK_ENOMEM;
	a->common.host = host;
	a->common.fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (a->common.fd < 0) {
		free(a);
		return LK_ENOMEM;
	}
	*ret_state = a;
	return 0;
}

static void forget(struct actor *a, const struct conn *conn)
{
	for (struct job **place = &a->jobs; *place;) {
		struct job *job = *place;
		if (conn && job->conn != conn) {
			place = &job->next;
			continue;
		}
		*place = job->next;
		note_end();
		free(job);
	}
}

static void actor_fini(void *state)
{
	forget(state, NULL);
	close(common_fd(state));
	free(state);
}

static int64_t actor_next_ms(void *state)
{
	int64_t next = -1;

	for (const struct job *job = ((struct actor *)state)->jobs; job; job = job->next)
		if (job->due_ms >= 0 && (next < 0 || job->due_ms < next))
			next = job->due_ms;
	return next;
}

/* The oldest of those that are due. */
static struct job *take_due(struct actor *a, int64_t now_ms)
{
	struct job **found = NULL;

	for (struct job **place = &a->jobs; *place; place = &(*place)->next)
		if ((*place)->due_ms >= 0 && (*place)->due_ms <= now_ms)
			found = place;
	struct job *job = found ? *found : NULL;
	if (found)
		*found = job->next;
	return job;
}

static int actor_run(void *state)
{
	struct actor *a = state;

	for (struct job *job; (job = take_due(a, a->common.host->mono_ms()));)
		end_job(job, 0);
	return 0;
}

static void actor_close(void *conn)
{
	struct conn *c = conn;

	forget((struct actor *)c->state, c);
	free(c);
}

static void actor_cancel(void *conn, struct lk_op *op)
{
	struct actor *a = (struct actor *)((struct conn *)conn)->state;

	for (struct job **place = &a->jobs; *place; place = &(*place)->next) {
		struct job *job = *place;
		if (job->op != op || job->word->waits == 2)
			continue;
		*place = job->next;
		end_job(job, LK_CANCELLED);
		return;
	}
}

static void read_script(struct conn *c, const struct lk_request *request, struct job *job,
                        int64_t *ret_delay_ms)
{
	const char *script = common_value(c, ROW_ANSWERS)->u.s, *end = script + strlen(script);
	const char *body = request->body;
	int64_t n = c->number;

	if (body && request->body_bytes > 0 && body[0] == '@') {
		script = body + 1;
		end = body + request->body_bytes;
		n = request->attempt - 1;
	} else {
		c->number++;
	}
	read_word(nth(script, end, n), end, job, ret_delay_ms);
}

static int actor_submit(void *conn, const struct lk_request *request)
{
	struct conn *c = conn;
	struct actor *a = (struct actor *)c->state;
	struct job *job = calloc(1, sizeof(*job));
	int64_t delay_ms = 0;

	if (!job)
		return LK_ENOMEM;
	read_script(c, request, job, &delay_ms);
	if (job->word->fails_with) {
		int rc = job->word->fails_with;
		free(job);
		return rc;
	}
	note_begin(c, request);
	job->op = request->op;
	job->conn = c;
	job->due_ms = job->word->waits ? -1 : c->state->host->mono_ms() + delay_ms;
	if (!job->word->waits && delay_ms == 0) {
		end_job(job, 0);
		return 0;
	}
	job->next = a->jobs;
	a->jobs = job;
	return 0;
}

static const void *actor_extension(const char *id)
{
	return strcmp(id, ACTOR_BOOK) == 0 ? &book : NULL;
}

static const struct lk_type type = {
	COMMON_TYPE("actor"),   .params = rows,       .param_count = COMMON_COUNT(rows),
	.open = common_open,    .close = actor_close, .submit = actor_submit,
	.cancel = actor_cancel,
};

static const struct lk_type *const types[] = {&type, NULL};
static const struct lk_plugin plugin = {
	.size = sizeof(plugin),
	.abi_minor = LK_ABI_MINOR,
	.id = "actor",
	.version = "1.0",
	.vendor = "Linkspan",
	.license = "Apache-2.0",
	.types = types,
	.init = actor_init,
	.fini = actor_fini,
	.fd = common_fd,
	.next_ms = actor_next_ms,
	.run = actor_run,
	.extension = actor_extension,
};

LK_EXPORT const struct lk_plugin *lk_plugin_v1(void)
{
	return &plugin;
}
