/* The connector "scripted": takes messages, decides at once what comes of them, and says so later. */
#include "endpoint.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/heap.h"
#include "base/list.h"
#include "core/message.h"
#include "world.h"

enum {
	GIVEN_UP_MS = 1000, /* after the deadline the host waits no longer than this */
	BUSY_FROM = 3,
	SLOW_PER_REQUEST_MS = 150,
};

/* A message with the connector.  Of this process: a crash forgets it. */
struct pending {
	struct heap_node due;
	struct heap *waits; /* that it is in */
	struct list node;
	struct scripted *conn;
	struct lk_op *op;
	struct tale *tale;
	struct guarded guarded;
	enum answer answer;
	int64_t retry_after_ms;
	bool given_up;
};

struct scripted {
	struct world_link *link;
	struct list node;
	struct list pending;
};

static const struct lk_host *face;
static unsigned instances;   /* one for each lane; they share what follows */
static struct heap dues;     /* answers */
static struct heap give_ups; /* when the host stops waiting */
static struct list conns = {&conns, &conns};

static const struct answer_row {
	uint32_t result, flags, status;
	const char *reason;
	bool asks_wait; /* may come with Retry-After */
} answers[ANSWERS] = {
	[ANSWER_OK] = {LK_DONE, 0, 200, "ok", false},
	[ANSWER_500] = {LK_RETRY, 0, 500, "http_5xx", false},
	[ANSWER_RESET] = {LK_RETRY, LK_LINK_FAULT, 0, "reset", false},
	[ANSWER_REFUSED] = {LK_RETRY, LK_LINK_FAULT | LK_NOT_SENT, 0, "refused", false},
	[ANSWER_TIMEOUT] = {LK_RETRY, LK_LINK_FAULT | LK_CONGESTED, 0, "timeout", false},
	[ANSWER_NEVER] = {LK_RETRY, LK_LINK_FAULT, 0, "timeout", false},
	[ANSWER_LATE] = {LK_DONE, 0, 200, "ok", false},
	[ANSWER_503] = {LK_RETRY, LK_LINK_FAULT | LK_CONGESTED, 503, "http_503", true},
	[ANSWER_429] = {LK_RETRY, LK_LINK_FAULT | LK_CONGESTED, 429, "http_429", true},
	[ANSWER_401] = {LK_BLOCKED, 0, 401, "auth", false},
	[ANSWER_403] = {LK_REJECT, 0, 403, "http_403", false},
	[ANSWER_410] = {LK_REJECT, LK_LINK_GONE, 410, "http_410", false},
	[ANSWER_422] = {LK_REJECT, 0, 422, "http_4xx", false},
};

static const char *const mood_names[MOODS] = {
	[MOOD_SERVES] = "serves",       [MOOD_SLOW] = "slow",
	[MOOD_FLAKY] = "flaky",         [MOOD_REFUSES] = "refuses",
	[MOOD_HANGS] = "hangs",         [MOOD_UNAVAILABLE] = "unavailable",
	[MOOD_THROTTLES] = "throttles", [MOOD_UNAUTHORISED] = "unauthorised",
	[MOOD_FORBIDS] = "forbids",     [MOOD_GONE] = "gone",
	[MOOD_BUSY] = "busy",
};

const char *mood_name(enum mood_kind mood)
{
	return mood_names[mood];
}

void endpoint_init(struct endpoint *e, unsigned link)
{
	*e = (struct endpoint){
		.link = link, .latency_ms = 20, .spread_ms = 30, .throttle_per_s = 5};
}

void endpoint_set_mood(struct endpoint *e, enum mood_kind mood)
{
	e->mood = mood;
	e->mood_ms = clock_fake.unix_ms();
	history_note(&world->history, HAPPENED_MOOD, (int)e->link, 0, (int64_t)e->in_flight, 0,
	             mood_name(mood));
}

/*
 * What is answered
 */
static enum answer serve(const struct endpoint *e)
{
	if (dice_chance(&world->dice, e->late))
		return dice_chance(&world->dice, 0.5) ? ANSWER_LATE : ANSWER_TIMEOUT;
	if (dice_chance(&world->dice, e->faults))
		return dice_chance(&world->dice, 0.5) ? ANSWER_500 : ANSWER_RESET;
	return ANSWER_OK;
}

static enum answer throttle(struct endpoint *e)
{
	int64_t second = clock_fake.unix_ms() / 1000;

	if (second != e->throttled_second)
		e->throttled_count = 0;
	e->throttled_second = second;
	return e->throttled_count++ < e->throttle_per_s ? ANSWER_OK : ANSWER_429;
}

static enum answer flake(void)
{
	static const enum answer some[] = {ANSWER_OK,    ANSWER_OK,  ANSWER_OK,
	                                   ANSWER_RESET, ANSWER_500, ANSWER_503};

	return some[dice_below(&world->dice, sizeof(some) / sizeof(some[0]))];
}

static enum answer hang(void)
{
	static const enum answer some[] = {ANSWER_TIMEOUT, ANSWER_TIMEOUT, ANSWER_NEVER,
	                                   ANSWER_LATE};

	return some[dice_below(&world->dice, sizeof(some) / sizeof(some[0]))];
}

static enum answer choose(struct endpoint *e, const struct tale *tale)
{
	static const enum answer constant[MOODS] = {
		[MOOD_REFUSES] = ANSWER_REFUSED,  [MOOD_UNAVAILABLE] = ANSWER_503,
		[MOOD_UNAUTHORISED] = ANSWER_401, [MOOD_FORBIDS] = ANSWER_403,
		[MOOD_GONE] = ANSWER_410,
	};
	enum answer answer = constant[e->mood];

	if (e->mood == MOOD_THROTTLES)
		answer = throttle(e);
	else if (e->mood == MOOD_FLAKY)
		answer = flake();
	else if (e->mood == MOOD_HANGS)
		answer = hang();
	else if (answer == ANSWER_OK)
		answer = serve(e);
	return answer == ANSWER_OK && tale->fate == FATE_REFUSED ? ANSWER_422 : answer;
}

static int64_t latency(const struct endpoint *e)
{
	int64_t ms = e->latency_ms + dice_between(&world->dice, 0, e->spread_ms);

	if (e->mood == MOOD_SLOW)
		ms += SLOW_PER_REQUEST_MS * (int64_t)e->in_flight;
	return ms;
}

/* When it is answered; what takes longer than the host waits is a time-out at that moment. */
static void plan(struct pending *p, const struct lk_request *request)
{
	int64_t due = clock_fake.mono_ms() + latency(&p->conn->link->endpoint);

	if (p->answer == ANSWER_NEVER || p->answer == ANSWER_LATE) {
		p->waits = &give_ups;
		heap_set(&give_ups, &p->due, request->deadline_ms + GIVEN_UP_MS);
		return;
	}
	if (p->answer == ANSWER_TIMEOUT || due >= request->deadline_ms) {
		p->answer = ANSWER_TIMEOUT;
		due = request->deadline_ms;
	}
	heap_set(&dues, &p->due, due);
}

/*
 * Telling it
 */
static void leave(struct pending *p)
{
	if (p->given_up)
		return;
	p->given_up = true;
	p->conn->link->endpoint.in_flight--;
	p->tale->in_flight--;
}

static void forget(struct pending *p)
{
	leave(p);
	heap_remove(p->waits, &p->due);
	list_remove(&p->node);
	free(p);
}

static void tell(struct pending *p, enum answer answer, bool cancelled)
{
	const struct answer_row *row = &answers[answer];
	struct lk_outcome outcome = {
		.size = sizeof(outcome),
		.result = cancelled ? LK_RETRY : row->result,
		.flags = cancelled ? LK_CANCELLED : row->flags,
		.status = cancelled ? 0 : row->status,
		.retry_after_ms = cancelled ? -1 : p->retry_after_ms,
		.reason = cancelled ? "cancelled" : row->reason,
	};
	struct world_link *link = p->conn->link;
	struct lk_op *op = p->op;

	history_note(&world->history, HAPPENED_TOLD, (int)link->number, p->tale->seq, row->status,
	             p->retry_after_ms, p->given_up ? "too late" : outcome.reason);
	if (answer == ANSWER_OK || answer == ANSWER_LATE)
		link->endpoint.welcomed++;
	if (!p->given_up) {
		leave(p);
		guard_told(link, p->tale, p->guarded, answer, outcome.retry_after_ms, cancelled);
	}
	forget(p);
	face->complete(op, &outcome);
	world_crash_if(CRASH_COMPLETED);
}

/* The host waits no longer; whatever comes later is nobody's. */
static void give_up(struct pending *p)
{
	struct world_link *link = p->conn->link;

	history_note(&world->history, HAPPENED_TOLD, (int)link->number, p->tale->seq, 0, -1,
	             "given up");
	leave(p);
	guard_told(link, p->tale, p->guarded, ANSWER_TIMEOUT, -1, false);
	p->waits = &dues;
	if (p->answer == ANSWER_LATE)
		heap_set(&dues, &p->due,
		         clock_fake.mono_ms() + dice_between(&world->dice, 1, 90000));
}

static void give_up_due(void)
{
	struct heap_node *node;

	while ((node = heap_pop_due(&give_ups, clock_fake.mono_ms())))
		give_up(container_of(node, struct pending, due));
}

static void answer_due(void)
{
	struct heap_node *node;

	while ((node = heap_pop_due(&dues, clock_fake.mono_ms()))) {
		struct pending *p = container_of(node, struct pending, due);
		tell(p, p->answer, false);
	}
}

/*
 * The plugin
 */
static int submit(void *arg, const struct lk_request *request)
{
	struct scripted *conn = arg;
	struct endpoint *e = &conn->link->endpoint;
	uint64_t seq = 0, salt;

	/* The host's timers may have come before ours. */
	give_up_due();
	if (e->mood == MOOD_BUSY && e->in_flight >= BUSY_FROM) {
		e->refused_busy++;
		return LK_EBUSY;
	}
	message_id_parse(request->id, &seq, &salt);
	struct tale *tale = tale_find(&world->tales, seq);
	if (!tale)
		world_violation("only what was sent is delivered", NULL, (int)conn->link->number,
		                "%s was submitted, which nobody sent", request->id);

	struct pending *p = calloc(1, sizeof(*p));
	if (!p)
		return LK_ENOMEM;
	p->conn = conn;
	p->waits = &dues;
	p->op = request->op;
	p->tale = tale;
	list_append(&conn->pending, &p->node);
	e->in_flight++;
	tale->in_flight++;
	tale->submissions++;
	e->submitted++;
	e->submitted_ms = clock_fake.unix_ms();
	if (e->in_flight > e->in_flight_most)
		e->in_flight_most = e->in_flight;
	history_note(&world->history, HAPPENED_SUBMITTED, (int)conn->link->number, seq,
	             request->attempt, e->in_flight, tale->direct ? "direct" : "stored");
	p->guarded = guard_submitted(conn->link, tale, request);
	if (tale->fate == FATE_DEADLY) {
		tale->deaths++;
		world_die(dice_below(&world->dice, memory_store_queued(world->store) + 1));
	}
	p->answer = choose(e, tale);
	p->retry_after_ms = answers[p->answer].asks_wait && dice_chance(&world->dice, 0.5)
	                            ? dice_between(&world->dice, 1, 120) * 1000
	                            : -1;
	plan(p, request);
	world_crash_if(CRASH_SUBMITTED);
	return 0;
}

static void cancel(void *arg, struct lk_op *op)
{
	struct scripted *conn = arg;

	list_each(node, &conn->pending) {
		struct pending *p = container_of(node, struct pending, node);
		if (p->op != op)
			continue;
		/* Asked because its time is up, or by somebody's wish: these two do not listen. */
		give_up_due();
		if (p->answer != ANSWER_NEVER && p->answer != ANSWER_LATE)
			tell(p, p->answer, true);
		return;
	}
}

static int open_conn(void *state, struct lk_link *link, const struct lk_settings *settings,
                     void **ret_conn)
{
	struct scripted *conn = calloc(1, sizeof(*conn));
	unsigned number = (unsigned)strtoul(settings->connection + 1, NULL, 10);

	(void)state, (void)link;
	if (!conn)
		return LK_ENOMEM;
	conn->link = &world->links[number];
	list_init(&conn->pending);
	list_append(&conns, &conn->node);
	*ret_conn = conn;
	return 0;
}

static void close_conn(void *arg)
{
	struct scripted *conn = arg;

	list_each(node, &conn->pending)
		forget(container_of(node, struct pending, node));
	list_remove(&conn->node);
	free(conn);
}

void endpoint_each_in_flight(void (*each)(void *arg, struct tale *tale), void *arg)
{
	list_each(node, &conns) {
		struct scripted *conn = container_of(node, struct scripted, node);
		list_each(inner, &conn->pending) {
			struct pending *p = container_of(inner, struct pending, node);
			if (!p->given_up)
				each(arg, p->tale);
		}
	}
}

static int init(const struct lk_host *host, void **ret_state)
{
	face = host;
	instances++;
	*ret_state = &dues;
	return 0;
}

static void fini(void *state)
{
	(void)state;
	if (--instances > 0)
		return;
	heap_finish(&dues);
	heap_finish(&give_ups);
}

static int fd(void *state)
{
	(void)state;
	return -1;
}

static int64_t next_ms(void *state)
{
	const struct heap_node *answer = heap_first(&dues), *other = heap_first(&give_ups);

	(void)state;
	if (!answer || (other && other->due_ms < answer->due_ms))
		answer = other;
	return answer ? answer->due_ms : -1;
}

static int run(void *state)
{
	(void)state;
	give_up_due();
	answer_due();
	return 0;
}

static const struct lk_param rows[] = {
	{
		.name = "request_timeout_ms",
		.type = LK_T_INT,
		.label = "Time-out",
		.help = "How long the host waits for an answer.",
		.def = "30000",
		.min = 1,
		.max = 600000,
	},
	{
		.name = "connection_timeout_ms",
		.type = LK_T_INT,
		.label = "Wait for a slot",
		.help = "How long a direct call waits.",
		.def = "2000",
		.min = 0,
		.max = 600000,
	},
};

static const struct lk_type type = {
	.size = sizeof(type),
	.id = "scripted",
	.label = "Scripted",
	.help = "Answers as the simulation's script says.",
	.params = rows,
	.param_count = sizeof(rows) / sizeof(rows[0]),
	.param_size = sizeof(rows[0]),
	.open = open_conn,
	.close = close_conn,
	.submit = submit,
	.cancel = cancel,
};

static const struct lk_type *const types[] = {&type, NULL};

const struct lk_plugin endpoint_plugin = {
	.size = sizeof(endpoint_plugin),
	.abi_minor = LK_ABI_MINOR,
	.id = "scripted",
	.version = "1.0",
	.vendor = "Linkspan",
	.license = "Apache-2.0",
	.types = types,
	.init = init,
	.fini = fini,
	.fd = fd,
	.next_ms = next_ms,
	.run = run,
};
