/* Deliveries: lists, one alone, and what an operator may do with them. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "admin/admin_impl.h"
#include "admin/api.h"
#include "admin/audited.h"
#include "admin/body.h"
#include "admin/delivery.h"
#include "admin/filter.h"
#include "admin/problem.h"
#include "admin/reply.h"
#include "admin/show.h"
#include "base/banned.h"
#include "base/clock.h"
#include "base/err.h"
#include "core/host.h"
#include "core/outbox.h"
#include "httpd/request.h"
#include "json/json.h"

enum {
	LIMIT_LIST = 100, /* when none is given */
	LIMIT_REPLAY = 1000,
	/* To carry an answer away, beyond what was waited for. */
	ANSWER_MS = 30000,
};

const struct query_row api_delivery_rows[DELIVERY_ROWS] = {
	[DELIVERY_WAIT] = {.name = "wait",
                           .kind = QUERY_INT,
                           .max = 60,
                           .help = "Seconds to wait for its end."},
};

const struct query_row api_alter_rows[ALTER_ROWS] = {
	[ALTER_DRY_RUN] = {.name = "dry_run",
                           .kind = QUERY_FLAG,
                           .help = "Only says whether it can be done, and to what."},
};

const struct query_row api_replay_rows[REPLAY_ROWS] = {
	[REPLAY_DRY_RUN] = {.name = "dry_run",
                            .kind = QUERY_FLAG,
                            .help = "Counts what fits, and does nothing."},
};

/* What went wrong with a filter: its fault, or the store's. */
static void refuse(struct api_call *call, const struct problem *p, const struct err *e)
{
	if (p->status)
		problem_reply(call->request, p);
	else
		problem_answer_err(call->request, NULL, e);
}

/*
 * Lists
 */

struct rows {
	struct arena arena;
	struct store_delivery *items;
	size_t count;
	bool any_ready;
	bool failed;
};

static void take_row(void *arg, const struct store_delivery *d)
{
	struct rows *rows = arg;

	if (!delivery_copy(&rows->arena, &rows->items[rows->count], d))
		rows->failed = true;
	else
		rows->count++;
	rows->any_ready |= d->state == STORE_READY;
}

static struct json *cursor_json(uint64_t seq)
{
	char text[24];

	if (seq == 0)
		return json_null();
	snprintf(text, sizeof(text), "%" PRIu64, seq);
	return json_string(text);
}

/* The first `limit` rows; one more means that the list goes on. */
static struct json *list_json(struct admin *admin, const struct rows *rows, size_t limit)
{
	struct json *list = json_array(), *object = json_object();
	size_t shown = rows->count < limit ? rows->count : limit;
	struct holds *holds = NULL;

	if (rows->any_ready)
		holds_read(admin, &holds, NULL);
	for (size_t i = 0; i < shown; i++)
		json_push(list, delivery_json(admin, &rows->items[i], holds));
	holds_destroy(holds);
	json_set(object, "items", list);
	json_set(object, "next", cursor_json(rows->count > limit ? rows->items[shown - 1].seq : 0));
	return object;
}

static int read_rows(struct admin *admin, const struct filter *f, bool ascending, size_t limit,
                     struct rows *rows, struct err *e)
{
	rows->items = arena_array(&rows->arena, limit + 1, sizeof(rows->items[0]));
	if (!rows->items)
		return err_no_memory(e);
	int rc = f->is_empty ? 0
	                     : store_list(host_store(admin->host), &f->store, f->cursor, ascending,
	                                  (uint32_t)limit + 1, take_row, rows, e);
	return rc == 0 && rows->failed ? err_no_memory(e) : rc;
}

void api_delivery_list(struct api_call *call)
{
	const struct query_value *limit = &call->query[FILTER_LIMIT];
	size_t most = limit->given ? (size_t)limit->number : LIMIT_LIST;
	struct rows rows = {0};
	struct filter filter;
	struct problem p = {0};
	struct err e = {0};

	arena_init(&rows.arena);
	int rc = filter_read(&filter, call, ACTION_READ, call->query, &p, &e);
	if (rc == 0)
		rc = read_rows(call->admin, &filter,
		               call->query[FILTER_ORDER].number == FILTER_ASCENDING, most, &rows,
		               &e);
	if (rc < 0)
		refuse(call, &p, &e);
	else
		reply_json(call->request, 200, list_json(call->admin, &rows, most));
	filter_finish(&filter);
	arena_finish(&rows.arena);
}

/*
 * One alone
 */

static void answer_delivery(struct admin *admin, struct http_request *request, const char *id)
{
	struct json *object = NULL;
	struct err e = {0};

	if (delivery_read(admin, id, &object, &e) < 0)
		problem_answer_err(request, NULL, &e);
	else
		reply_json(request, 200, object);
}

struct delivery_wait {
	struct waiting waiting;
	struct admin *admin;
	struct http_request *request;
	struct outbox_watch *watch;
	char id[API_ARG_BYTES];
};

static void on_ended(void *arg)
{
	struct delivery_wait *w = arg;

	waits_ring(&w->admin->waits, &w->waiting);
}

static bool give_up(struct waiting *waiting)
{
	struct delivery_wait *w = container_of(waiting, struct delivery_wait, waiting);

	return outbox_unwatch(w->admin->host, w->watch);
}

static void answer_wait(struct waiting *waiting)
{
	struct delivery_wait *w = container_of(waiting, struct delivery_wait, waiting);

	answer_delivery(w->admin, w->request, w->id);
	mem_free(w);
}

static void wait_for(struct api_call *call, int64_t wait_ms)
{
	struct delivery_wait *w = mem_zalloc(sizeof(*w));
	struct err e = {0};

	if (!w) {
		err_no_memory(&e);
		problem_answer_err(call->request, NULL, &e);
		return;
	}
	w->admin = call->admin;
	w->request = call->request;
	w->waiting.deadline_ms = clock_system.mono_ms() + wait_ms;
	w->waiting.give_up = give_up;
	w->waiting.answer = answer_wait;
	memcpy(w->id, call->args[0], sizeof(w->id));
	http_request_set_timeout(call->request, wait_ms + ANSWER_MS);
	http_request_suspend(call->request);
	if (outbox_watch(call->admin->host, w->id, on_ended, w, &w->watch, &e) < 0) {
		problem_answer_err(call->request, NULL, &e);
		mem_free(w);
		return;
	}
	waits_add(&call->admin->waits, &w->waiting);
}

void api_delivery_get(struct api_call *call)
{
	int64_t wait_ms = call->query[DELIVERY_WAIT].number * 1000;

	if (wait_ms > 0)
		wait_for(call, wait_ms);
	else
		answer_delivery(call->admin, call->request, call->args[0]);
}

/* Whether the delivery as it is now permits it. */
static int check_alter(struct api_call *call, bool of_ended, struct err *e)
{
	struct json *object = NULL;

	int rc = delivery_read(call->admin, call->args[0], &object, e);
	if (rc < 0)
		return rc;
	if (!of_ended && json_kind(json_get(object, "ended")) != JSON_NULL)
		rc = err_set(e, ERR_CONFLICT, "%s cannot be cancelled: it is %s", call->args[0],
		             json_as_string(json_get(object, "state")));
	json_free(object);
	return rc;
}

static void alter(struct api_call *call, const char *action,
                  int (*verb)(struct host *host, const char *id, const struct store_audit *audit,
                              struct err *e))
{
	struct audited audited = {0};
	struct err e = {0};
	bool is_try = call->query[ALTER_DRY_RUN].number;

	int rc = is_try ? check_alter(call, verb == outbox_retry, &e)
	                : audited_init(&audited, call, action, call->project, call->args[0], NULL);
	if (rc == 0 && !is_try)
		rc = verb(call->admin->host, call->args[0], &audited.audit, &e);
	audited_finish(&audited);
	if (rc < 0)
		problem_answer_err(call->request, NULL, &e);
	else
		answer_delivery(call->admin, call->request, call->args[0]);
}

void api_delivery_retry(struct api_call *call)
{
	alter(call, "delivery.retry", outbox_retry);
}

void api_delivery_cancel(struct api_call *call)
{
	alter(call, "delivery.cancel", outbox_cancel);
}

/*
 * Replay
 */

enum {
	ENDED_STATES =
		1 << STORE_DONE | 1 << STORE_DEAD | 1 << STORE_QUARANTINED | 1 << STORE_CANCELLED,
};

/* The body as values of the filter's rows.  *ret_body holds their texts. */
static int read_body(struct api_call *call, struct json **ret_body, struct query_value *values,
                     struct problem *p)
{
	int rc = body_read(call->request, ret_body, p);

	if (rc < 0)
		return rc;
	rc = query_read_json(filter_rows, FILTER_REPLAY_ROWS, *ret_body, values, p);
	if (rc < 0)
		return rc;
	/* What has been delivered is replayed only when that was said. */
	if (!values[FILTER_STATE].given)
		values[FILTER_STATE].number = 1 << STORE_DEAD;
	if ((values[FILTER_STATE].number & ~ENDED_STATES) == 0)
		return 0;
	problem_fault(p, "/state", "invalid_parameter",
	              "only what has ended can be replayed: done, dead, quarantined or cancelled");
	return ERR_USAGE;
}

static int count_all(struct api_call *call, const struct filter *f, struct json **ret,
                     struct err *e)
{
	uint64_t count = 0;
	int rc = f->is_empty ? 0 : store_count(host_store(call->admin->host), &f->store, &count, e);

	if (rc == 0) {
		*ret = json_object();
		json_set(*ret, "count", json_int((int64_t)count));
	}
	return rc;
}

/* The filter as it was given is what the audit trail tells of. */
static int replay_audited(struct api_call *call, const struct filter *f, const char *project,
                          uint32_t most, uint64_t *ret_count, uint64_t *ret_last, struct err *e)
{
	struct audited audited;
	struct json *detail = NULL;

	json_read(call->request->body, call->request->body_bytes, &detail, NULL);
	int rc = audited_init(&audited, call, "delivery.replay", project, NULL, detail);
	if (rc < 0)
		err_no_memory(e);
	else
		rc = outbox_replay(call->admin->host, &f->store, f->cursor, most, &audited.audit,
		                   ret_count, ret_last, e);
	audited_finish(&audited);
	return rc;
}

static int replay(struct api_call *call, const struct filter *f, const struct query_value *values,
                  struct json **ret, struct err *e)
{
	const struct query_value *limit = &values[FILTER_LIMIT];
	uint32_t most = limit->given ? (uint32_t)limit->number : LIMIT_REPLAY;
	uint64_t count = 0, last = 0;
	int rc = f->is_empty ? 0
	                     : replay_audited(call, f, values[FILTER_PROJECT].text, most, &count,
	                                      &last, e);

	if (rc == 0) {
		*ret = json_object();
		json_set(*ret, "replayed", json_int((int64_t)count));
		json_set(*ret, "next", cursor_json(count < most ? 0 : last));
	}
	return rc;
}

void api_delivery_replay(struct api_call *call)
{
	struct query_value values[FILTER_REPLAY_ROWS];
	struct json *body = NULL, *answer = NULL;
	struct filter filter = {0};
	struct problem p = {0};
	struct err e = {0};

	int rc = read_body(call, &body, values, &p);
	if (rc == 0)
		rc = filter_read(&filter, call, ACTION_OPERATE, values, &p, &e);
	if (rc == 0 && call->query[REPLAY_DRY_RUN].number)
		rc = count_all(call, &filter, &answer, &e);
	else if (rc == 0)
		rc = replay(call, &filter, values, &answer, &e);
	if (rc < 0)
		refuse(call, &p, &e);
	else
		reply_json(call->request, 200, answer);
	filter_finish(&filter);
	json_free(body);
}
