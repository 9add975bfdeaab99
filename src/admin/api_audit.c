/* The audit trail: a list, and whether it is whole. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/admin_impl.h"
#include "admin/api.h"
#include "admin/problem.h"
#include "admin/reply.h"
#include "admin/show.h"
#include "base/banned.h"
#include "base/err.h"
#include "core/host.h"
#include "httpd/request.h"
#include "store/store.h"
#include "json/json.h"

enum { LIMIT = 100 };

const struct query_row api_audit_rows[AUDIT_ROWS] = {
	[AUDIT_LIMIT] = {.name = "limit",
                         .kind = QUERY_INT,
                         .min = 1,
                         .max = 1000,
                         .otherwise = LIMIT,
                         .help = "How many at most."},
	[AUDIT_CURSOR] = {.name = "cursor",
                          .kind = QUERY_TEXT,
                          .min = 1,
                          .max = 20,
                          .help = "Where to go on, from the answer before."},
};

static struct json *detail_json(const char *text)
{
	struct json *detail = NULL;

	/* Somebody may have written into the database what is none. */
	if (text && json_read(text, strlen(text), &detail, NULL) < 0)
		return json_string(text);
	return text ? detail : json_null();
}

static struct json *row_json(const struct store_audit_row *row)
{
	const struct store_audit *a = &row->audit;
	struct json *object = json_object();

	json_set(object, "number", json_int((int64_t)row->number));
	json_set(object, "at", show_time(a->at_ms));
	json_set(object, "actor", show_text(a->actor));
	json_set(object, "action", show_text(a->action));
	json_set(object, "project", show_text(a->project));
	json_set(object, "subject", show_text(a->subject));
	json_set(object, "detail", detail_json(a->detail));
	json_set(object, "count", a->count ? json_int(*a->count) : json_null());
	return object;
}

/* One row more than is shown means that the list goes on. */
struct listing {
	struct json *list;
	size_t limit, count;
	uint64_t last;
};

static void take(void *arg, const struct store_audit_row *row)
{
	struct listing *l = arg;

	if (l->count++ >= l->limit)
		return;
	json_push(l->list, row_json(row));
	l->last = row->number;
}

static int read_cursor(const struct query_value *cursor, uint64_t *ret, struct problem *p)
{
	char *end;

	*ret = 0;
	if (!cursor->given)
		return 0;
	*ret = strtoull(cursor->text, &end, 10);
	if (cursor->text[0] >= '1' && cursor->text[0] <= '9' && *end == '\0')
		return 0;
	problem_fault(p, "cursor", "invalid_parameter", "is not one that was answered before");
	return ERR_USAGE;
}

static struct json *next_json(const struct listing *l)
{
	char text[24];

	if (l->count <= l->limit)
		return json_null();
	snprintf(text, sizeof(text), "%" PRIu64, l->last);
	return json_string(text);
}

void api_audit_list(struct api_call *call)
{
	struct listing l = {.limit = (size_t)call->query[AUDIT_LIMIT].number};
	struct problem p = {0};
	struct err e = {0};
	uint64_t from;

	if (read_cursor(&call->query[AUDIT_CURSOR], &from, &p) < 0) {
		problem_reply(call->request, &p);
		return;
	}
	l.list = json_array();
	if (store_audit(host_store(call->admin->host), from, (uint32_t)l.limit + 1, take, &l, &e) <
	    0) {
		json_free(l.list);
		problem_answer_err(call->request, NULL, &e);
		return;
	}
	struct json *object = json_object();
	json_set(object, "items", l.list);
	json_set(object, "next", next_json(&l));
	reply_json(call->request, 200, object);
}

static struct json *hash_json(const struct store_audit_verdict *v)
{
	char text[2 * STORE_DIGEST_BYTES + 1];

	if (v->newest == 0)
		return json_null();
	for (size_t i = 0; i < STORE_DIGEST_BYTES; i++)
		snprintf(text + 2 * i, 3, "%02x", v->hash[i]);
	return json_string(text);
}

void api_audit_verify(struct api_call *call)
{
	struct store_audit_verdict v;
	struct err e = {0};

	if (store_audit_verify(host_store(call->admin->host), &v, &e) < 0) {
		problem_answer_err(call->request, NULL, &e);
		return;
	}
	struct json *object = json_object();
	json_set(object, "whole", json_bool(v.broken == 0));
	json_set(object, "count", json_int((int64_t)v.count));
	json_set(object, "broken", v.broken ? json_int((int64_t)v.broken) : json_null());
	json_set(object, "how", show_text(v.how));
	json_set(object, "newest", json_int((int64_t)v.newest));
	json_set(object, "hash", hash_json(&v));
	reply_json(call->request, 200, object);
}
