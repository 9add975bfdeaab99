/* Deliveries as JSON, with what may be secret in them masked. */
#include "admin/delivery.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "admin/admin_impl.h"
#include "admin/answer.h"
#include "admin/show.h"
#include "base/banned.h"
#include "base/err.h"
#include "core/host.h"
#include "core/message.h"
#include "core/monitor.h"
#include "store/store.h"
#include "json/json.h"

static const char mask[] = "***";

/*
 * What is held
 */

struct holds {
	size_t count, cap;
	bool failed;
	struct hold {
		int64_t link;
		const char *why;
	} * items;
};

static const char *why_held(const struct monitor_link *link)
{
	return !link->deployed  ? "undeployed"
	       : link->paused   ? "paused"
	       : !link->enabled ? "disabled"
	                        : NULL;
}

static void keep_hold(void *arg, const struct monitor_link *link)
{
	struct holds *holds = arg;
	const char *why = why_held(link);

	if (!why || holds->failed)
		return;
	if (holds->count == holds->cap) {
		size_t cap = holds->cap ? 2 * holds->cap : 16;
		struct hold *bigger = mem_resize(holds->items, cap, sizeof(*bigger));
		holds->failed = !bigger;
		if (!bigger)
			return;
		holds->items = bigger;
		holds->cap = cap;
	}
	holds->items[holds->count++] = (struct hold){.link = link->id, .why = why};
}

static int compare_holds(const void *a, const void *b)
{
	const struct hold *x = a, *y = b;

	return (x->link > y->link) - (x->link < y->link);
}

int holds_read(struct admin *admin, struct holds **ret, struct err *e)
{
	struct holds *holds = mem_zalloc(sizeof(*holds));

	if (!holds)
		return err_no_memory(e);
	int rc = monitor_links(admin->host, NULL, NULL, NULL, keep_hold, holds, e);
	if (rc == 0 && holds->failed)
		rc = err_no_memory(e);
	if (rc < 0) {
		holds_destroy(holds);
		return rc;
	}
	if (holds->count > 0)
		qsort(holds->items, holds->count, sizeof(holds->items[0]), compare_holds);
	*ret = holds;
	return 0;
}

void holds_destroy(struct holds *holds)
{
	if (!holds)
		return;
	mem_free(holds->items);
	mem_free(holds);
}

static const char *hold_of(const struct holds *holds, int64_t link)
{
	const struct hold key = {.link = link};

	if (!holds || holds->count == 0)
		return NULL;
	const struct hold *found =
		bsearch(&key, holds->items, holds->count, sizeof(key), compare_holds);
	return found ? found->why : NULL;
}

/*
 * One of a list
 */

static const char *const *copy_attrs(struct arena *a, const struct store_delivery *d)
{
	size_t texts = 2 * (size_t)d->attr_count;
	const char **copy = arena_array(a, texts + 1, sizeof(*copy));

	for (size_t i = 0; copy && i < texts; i++) {
		copy[i] = arena_strdup(a, d->attrs[i]);
		if (!copy[i])
			return NULL;
	}
	return copy;
}

bool delivery_copy(struct arena *a, struct store_delivery *to, const struct store_delivery *from)
{
	*to = *from;
	to->ordering_key = arena_strdup(a, from->ordering_key);
	to->reason = arena_strdup(a, from->reason);
	to->content_type = arena_strdup(a, from->content_type);
	to->body = from->body ? arena_dup(a, from->body, from->body_bytes) : NULL;
	to->attrs = copy_attrs(a, from);
	return (to->ordering_key || !from->ordering_key) && (to->reason || !from->reason) &&
	       (to->content_type || !from->content_type) && (to->body || !from->body) && to->attrs;
}

static void set_names(struct json *object, struct admin *admin, int64_t link)
{
	struct link_name name = {0};

	names_find(&admin->names, host_store(admin->host), link, &name, NULL);
	json_set(object, "project", show_text(name.project));
	json_set(object, "connection", show_text(name.connection));
	json_set(object, "environment", show_text(name.environment));
}

struct json *delivery_json(struct admin *admin, const struct store_delivery *d,
                           const struct holds *holds)
{
	struct json *object = json_object();
	char id[MESSAGE_ID_BYTES];
	bool tried = d->reason || d->status || d->state == STORE_DONE;

	message_id_write(d->seq, d->salt, id);
	json_set(object, "id", json_string(id));
	set_names(object, admin, d->link);
	json_set(object, "state", json_string(store_state_name(d->state)));
	json_set(object, "held",
	         show_text(d->state == STORE_READY ? hold_of(holds, d->link) : NULL));
	json_set(object, "attempts", json_int(d->attempts));
	json_set(object, "replay", json_int(d->replay));
	json_set(object, "suspect", json_int(d->suspect));
	json_set(object, "ordering_key", show_text(d->ordering_key));
	json_set(object, "accepted", show_time(d->accepted_ms));
	json_set(object, "due", show_time(d->state == STORE_READY ? d->due_ms : 0));
	json_set(object, "ended", show_time(d->ended_ms));
	json_set(object, "status", d->status ? json_int(d->status) : json_null());
	json_set(object, "reason", show_text(d->reason));
	if (json_set(object, "duration_ms", tried ? json_int(d->duration_ms) : json_null()) == 0)
		return object;
	json_free(object);
	return NULL;
}

/*
 * One alone
 */

static bool may_be_secret(const char *attr)
{
	const char *name;

	return answer_header(attr, &name) && !answer_may_show(name);
}

static bool comes_before(const struct store_delivery *d, uint32_t i)
{
	for (uint32_t k = 0; k < i; k++)
		if (strcmp(d->attrs[2 * k], d->attrs[2 * i]) == 0)
			return true;
	return false;
}

/* All values of one attribute. */
static struct json *values_json(const struct store_delivery *d, const char *attr)
{
	struct json *list = json_array();
	bool hide = may_be_secret(attr);

	for (uint32_t i = 0; i < d->attr_count; i++)
		if (strcmp(d->attrs[2 * i], attr) == 0)
			json_push(list, json_string(hide ? mask : d->attrs[2 * i + 1]));
	return list;
}

static struct json *attributes_json(const struct store_delivery *d)
{
	struct json *object = json_object();

	for (uint32_t i = 0; i < d->attr_count; i++)
		if (!comes_before(d, i))
			json_set(object, d->attrs[2 * i], values_json(d, d->attrs[2 * i]));
	return object;
}

struct reading {
	struct arena arena;
	struct store_delivery delivery; /* a copy: what shows it asks the store for more */
	bool found;
	bool failed;
	struct json *log;
};

static void take_delivery(void *arg, const struct store_delivery *d)
{
	struct reading *r = arg;

	r->found = true;
	r->failed = !delivery_copy(&r->arena, &r->delivery, d);
}

static void take_attempt(void *arg, const struct store_attempt *a)
{
	struct reading *r = arg;
	struct json *row = json_object();

	json_set(row, "replay", json_int(a->replay));
	json_set(row, "number", json_int(a->number));
	json_set(row, "at", show_time(a->at_ms));
	json_set(row, "duration_ms", json_int(a->duration_ms));
	json_set(row, "outcome", show_text(a->outcome));
	json_set(row, "status", a->status ? json_int(a->status) : json_null());
	json_set(row, "reason", show_text(a->reason));
	json_set(row, "detail", show_text(a->detail));
	if (a->excerpt)
		answer_set_bytes(row, "excerpt", a->excerpt, a->excerpt_bytes);
	else
		json_set(row, "excerpt", json_null());
	r->failed = json_push(r->log, row) < 0 || r->failed;
}

/* Takes the log. */
static struct json *whole_json(struct admin *admin, const struct store_delivery *d,
                               struct json *log)
{
	struct holds *holds = NULL;

	/* Without memory for it, it is not said. */
	if (d->state == STORE_READY)
		holds_read(admin, &holds, NULL);
	struct json *object = delivery_json(admin, d, holds);
	holds_destroy(holds);
	json_set(object, "content_type", show_text(d->content_type));
	json_set(object, "attributes", attributes_json(d));
	if (d->body)
		answer_set_bytes(object, "body", d->body, d->body_bytes);
	else
		json_set(object, "body", json_null());
	if (json_set(object, "log", log) == 0)
		return object;
	json_free(object);
	return NULL;
}

/* The salt is part of the id: a number alone names nothing. */
static int read_both(struct reading *r, struct admin *admin, const char *id, struct err *e)
{
	uint64_t seq, salt;

	if (message_id_parse(id, &seq, &salt) < 0)
		return err_set(e, ERR_NOT_FOUND, "\"%.40s\" is no id of a delivery", id);
	int rc = store_get(host_store(admin->host), seq, take_delivery, take_attempt, r, e);
	if (rc == 0 && r->failed)
		rc = err_no_memory(e);
	if (rc == ERR_NOT_FOUND || (rc == 0 && (!r->found || r->delivery.salt != salt))) {
		err_clear(e);
		rc = err_set(e, ERR_NOT_FOUND, "there is no delivery %s", id);
	}
	return rc;
}

int delivery_read(struct admin *admin, const char *id, struct json **ret, struct err *e)
{
	struct reading r = {.log = json_array()};

	arena_init(&r.arena);
	int rc = read_both(&r, admin, id, e);
	if (rc < 0) {
		json_free(r.log);
	} else {
		*ret = whole_json(admin, &r.delivery, r.log);
		rc = *ret ? 0 : err_no_memory(e);
	}
	arena_finish(&r.arena);
	return rc;
}
