/* Rows of a memory store, their links and their keys. */
#include "memory_rows.h"

#include <string.h>
#include <strings.h>

#include "universe.h"

static int by_seq(const struct row *a, const struct row *b)
{
	return a->d.seq < b->d.seq ? -1 : a->d.seq > b->d.seq;
}

static int by_due(const struct row *a, const struct row *b)
{
	if (a->d.due_ms != b->d.due_ms)
		return a->d.due_ms < b->d.due_ms ? -1 : 1;
	return by_seq(a, b);
}

size_t sorted_place(const struct sorted *s, const struct row *row)
{
	size_t least = 0, most = s->count;

	/* Most of what comes belongs at the end. */
	if (most > 0 && s->compare(sorted_at(s, most - 1), row) < 0)
		return most;
	while (least < most) {
		size_t middle = least + (most - least) / 2;
		if (s->compare(sorted_at(s, middle), row) < 0)
			least = middle + 1;
		else
			most = middle;
	}
	return least;
}

static void make_room(struct sorted *s)
{
	if (s->first + s->count < s->cap)
		return;
	if (s->first > s->count) {
		memmove(s->rows, s->rows + s->first, s->count * sizeof(struct row *));
		s->first = 0;
		return;
	}
	s->cap = s->cap ? 2 * s->cap : 16;
	s->rows = universe_resize(s->rows, s->cap * sizeof(struct row *));
}

static void sorted_add(struct sorted *s, struct row *row)
{
	make_room(s);
	size_t place = sorted_place(s, row);
	struct row **at = s->rows + s->first + place;
	memmove(at + 1, at, (s->count - place) * sizeof(struct row *));
	*at = row;
	s->count++;
}

static void sorted_remove(struct sorted *s, const struct row *row)
{
	size_t place = sorted_place(s, row);
	struct row **at = s->rows + s->first + place;

	s->count--;
	if (place == 0)
		s->first++;
	else
		memmove(at, at + 1, (s->count - place) * sizeof(struct row *));
}

void rows_init(struct rows *r)
{
	*r = (struct rows){.all.compare = by_seq};
}

static void key_destroy(struct key_rows *key)
{
	universe_free(key->open.rows);
	universe_free(key->key);
	universe_free(key);
}

static void link_destroy(struct link_rows *link)
{
	for (struct key_rows *key; (key = link->keys);) {
		link->keys = key->next;
		key_destroy(key);
	}
	for (struct once_key *once; (once = link->once);) {
		link->once = once->next;
		universe_free(once->key);
		universe_free(once);
	}
	universe_free(link->ready.rows);
	universe_free(link->open.rows);
	universe_free(link->paused_reason);
	universe_free(link->project);
	universe_free(link->connection);
	universe_free(link->environment);
	universe_free(link);
}

void rows_finish(struct rows *r)
{
	while (r->all.count > 0)
		rows_remove(r, sorted_at(&r->all, r->all.count - 1));
	universe_free(r->all.rows);
	for (struct link_rows *link; (link = r->links);) {
		r->links = link->next;
		link_destroy(link);
	}
}

struct row *rows_find(const struct rows *r, uint64_t seq)
{
	struct row key = {.d.seq = seq};
	size_t place = sorted_place(&r->all, &key);
	struct row *row = place < r->all.count ? sorted_at(&r->all, place) : NULL;

	return row && row->d.seq == seq ? row : NULL;
}

struct link_rows *rows_link(const struct rows *r, int64_t id)
{
	for (struct link_rows *link = r->links; link; link = link->next)
		if (link->id == id)
			return link;
	return NULL;
}

static struct link_rows *link_create(struct rows *r, const char *project, const char *connection,
                                     const char *environment)
{
	struct link_rows *link = universe_alloc(sizeof(*link));

	link->id = ++r->last_link;
	link->project = universe_strdup(project);
	link->connection = universe_strdup(connection);
	link->environment = universe_strdup(environment);
	link->ready.compare = by_due;
	link->open.compare = by_seq;
	link->next = r->links;
	r->links = link;
	return link;
}

struct link_rows *rows_link_named(struct rows *r, const char *project, const char *connection,
                                  const char *environment)
{
	for (struct link_rows *link = r->links; link; link = link->next)
		if (strcmp(link->project, project) == 0 &&
		    strcasecmp(link->connection, connection) == 0 &&
		    strcmp(link->environment, environment) == 0)
			return link;
	return link_create(r, project, connection, environment);
}

struct key_rows *rows_key(struct link_rows *link, const char *text)
{
	for (struct key_rows *key = link->keys; key; key = key->next)
		if (strcmp(key->key, text) == 0)
			return key;
	return NULL;
}

static struct key_rows *key_create(struct link_rows *link, const char *text)
{
	struct key_rows *key = universe_alloc(sizeof(*key));

	key->key = universe_strdup(text);
	key->open.compare = by_seq;
	key->next = link->keys;
	link->keys = key;
	return key;
}

static bool is_open(const struct row *row)
{
	return row->d.state == STORE_READY || row->d.state == STORE_LEASED;
}

static void key_enter(struct row *row)
{
	struct key_rows *key = rows_key(row->link, row->d.ordering_key);

	row->key = key ? key : key_create(row->link, row->d.ordering_key);
	sorted_add(&row->key->open, row);
	row->key->leased += row->d.state == STORE_LEASED;
}

static void key_leave(struct row *row)
{
	struct key_rows *key = row->key, **place = &row->link->keys;

	sorted_remove(&key->open, row);
	key->leased -= row->d.state == STORE_LEASED;
	row->key = NULL;
	if (key->open.count > 0)
		return;
	while (*place != key)
		place = &(*place)->next;
	*place = key->next;
	key_destroy(key);
}

static void enter(struct row *row)
{
	row->link->counts[row->d.state]++;
	if (row->d.state == STORE_READY)
		sorted_add(&row->link->ready, row);
	if (is_open(row))
		sorted_add(&row->link->open, row);
	if (is_open(row) && row->d.ordering_key)
		key_enter(row);
}

static void leave(struct row *row)
{
	row->link->counts[row->d.state]--;
	if (row->d.state == STORE_READY)
		sorted_remove(&row->link->ready, row);
	if (is_open(row))
		sorted_remove(&row->link->open, row);
	if (row->key)
		key_leave(row);
}

static const char *const *copy_attrs(const struct store_delivery *d)
{
	size_t count = 2 * (size_t)d->attr_count;
	char **copy = count ? universe_alloc(count * sizeof(*copy)) : NULL;

	for (size_t i = 0; i < count; i++)
		copy[i] = universe_strdup(d->attrs[i]);
	return (const char *const *)copy;
}

struct row *rows_add(struct rows *r, const struct store_delivery *d)
{
	struct row *row = universe_alloc(sizeof(*row));

	row->d = *d;
	row->link = rows_link(r, d->link);
	row->d.ordering_key = universe_strdup(d->ordering_key);
	row->d.reason = universe_strdup(d->reason);
	row->d.content_type = universe_strdup(d->content_type);
	row->d.body = universe_dup(d->body, d->body_bytes);
	row->d.attrs = copy_attrs(d);
	sorted_add(&r->all, row);
	if (d->seq > r->seq_most)
		r->seq_most = d->seq;
	enter(row);
	return row;
}

static void free_const(const void *p)
{
	universe_free((void *)(uintptr_t)p);
}

static void free_attempts(struct row *row)
{
	for (size_t i = 0; i < row->attempt_count; i++) {
		const struct store_attempt *a = &row->attempts[i];
		free_const(a->outcome);
		free_const(a->reason);
		free_const(a->detail);
		free_const(a->excerpt);
	}
	universe_free(row->attempts);
}

void rows_remove(struct rows *r, struct row *row)
{
	leave(row);
	sorted_remove(&r->all, row);
	for (size_t i = 0; i < 2 * (size_t)row->d.attr_count; i++)
		free_const(row->d.attrs[i]);
	free_const(row->d.attrs);
	free_const(row->d.ordering_key);
	free_const(row->d.reason);
	free_const(row->d.content_type);
	free_const(row->d.body);
	free_attempts(row);
	universe_free(row);
}

void row_move(struct row *row, enum store_state state, int64_t due_ms)
{
	leave(row);
	row->d.state = state;
	row->d.due_ms = due_ms;
	enter(row);
}

void row_set_last(struct row *row, uint32_t status, const char *reason, int64_t duration_ms)
{
	free_const(row->d.reason);
	row->d.reason = universe_strdup(reason);
	row->d.status = status;
	row->d.duration_ms = duration_ms;
}

void row_add_attempt(struct row *row, const struct store_attempt *a)
{
	size_t count = row->attempt_count + 1;

	row->attempts = universe_resize(row->attempts, count * sizeof(*row->attempts));
	struct store_attempt *copy = &row->attempts[row->attempt_count++];
	*copy = *a;
	copy->outcome = universe_strdup(a->outcome);
	copy->reason = universe_strdup(a->reason);
	copy->detail = universe_strdup(a->detail);
	copy->excerpt = universe_dup(a->excerpt, a->excerpt_bytes);
}

bool row_is_first(const struct row *row)
{
	const struct key_rows *key = row->key;

	return !key || (key->leased == 0 && sorted_at(&key->open, 0) == row);
}
