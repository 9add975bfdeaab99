/* The register of tokens: a sorted array in memory, and the store behind it. */
#include "core/tokens.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/banned.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/token.h"
#include "crypto/mac.h"
#include "store/store.h"

enum { TOKENS_MAX = 10000, USED_EVERY_MS = 60000 };

struct tokens {
	struct store *store;
	pthread_mutex_t lock;
	struct token **items; /* by id */
	size_t count, cap;
	size_t coming; /* for which room is kept, while the store has them */
};

static int compare_ids(const void *a, const void *b)
{
	return strcmp((*(struct token *const *)a)->id, (*(struct token *const *)b)->id);
}

static int compare_names(const void *a, const void *b)
{
	return strcasecmp((*(struct token *const *)a)->name, (*(struct token *const *)b)->name);
}

/* With the lock held: its place, or count. */
static size_t place_of(const struct tokens *t, const char *id)
{
	size_t low = 0, high = t->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(t->items[middle]->id, id);
		if (order == 0)
			return middle;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return t->count;
}

/* With the lock held. */
static int make_room(struct tokens *t)
{
	if (t->count + t->coming < t->cap)
		return 0;
	size_t cap = t->cap ? 2 * t->cap : 16;
	struct token **bigger = mem_resize(t->items, cap, sizeof(struct token *));
	if (!bigger)
		return ERR_NO_MEMORY;
	t->items = bigger;
	t->cap = cap;
	return 0;
}

/* With the lock held, and room made. */
static void insert(struct tokens *t, struct token *token)
{
	t->items[t->count++] = token;
	qsort(t->items, t->count, sizeof(struct token *), compare_ids);
}

/*
 * Opening
 */

struct loading {
	struct tokens *tokens;
	int rc;
};

static void load_one(void *arg, const struct store_token *stored)
{
	struct loading *l = arg;
	struct token *token = NULL;

	if (l->rc < 0)
		return;
	l->rc = token_from_row(stored, &token);
	if (l->rc == ERR_INVALID) {
		/* Somebody else wrote that: it opens nothing, and keeps nobody from starting. */
		log_event(LOG_LEVEL_WARNING, "a token in the store is not understood", "token",
		          stored->id, NULL);
		l->rc = 0;
	} else if (l->rc == 0) {
		l->rc = make_room(l->tokens);
		if (l->rc == 0)
			insert(l->tokens, token);
		else
			token_release(token);
	}
}

int tokens_open(struct store *store, struct tokens **ret, struct err *e)
{
	struct tokens *t = mem_zalloc(sizeof(*t));
	struct loading l = {.tokens = t};

	if (!t)
		return err_no_memory(e);
	t->store = store;
	pthread_mutex_init(&t->lock, NULL);
	int rc = store_tokens(store, load_one, &l, e);
	if (rc == 0 && l.rc < 0)
		rc = err_no_memory(e);
	if (rc == 0)
		*ret = t;
	else
		tokens_close(t);
	return rc;
}

void tokens_close(struct tokens *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->count; i++)
		token_release(t->items[i]);
	mem_free(t->items);
	pthread_mutex_destroy(&t->lock);
	mem_free(t);
}

/*
 * Changing
 */

int tokens_check_wish(struct tokens *t, const struct token_wish *wish, struct err *e)
{
	int rc = token_check_wish(wish, store_now_ms(t->store), e);

	pthread_mutex_lock(&t->lock);
	for (size_t i = 0; rc == 0 && i < t->count; i++)
		if (strcasecmp(t->items[i]->name, wish->name) == 0)
			rc = err_set(e, ERR_CONFLICT, "there is a token %s already",
			             t->items[i]->name);
	if (rc == 0 && t->count >= TOKENS_MAX)
		rc = err_set(e, ERR_CONFLICT, "there are %d tokens already", TOKENS_MAX);
	pthread_mutex_unlock(&t->lock);
	return rc;
}

static int store_failed(int rc, struct err *e)
{
	return err_set(e, rc,
	               rc == ERR_BUSY ? "there is no room on the disk"
	                              : "the store cannot keep the change");
}

/* Room first: what the store has kept must have a place.  Meanwhile others may ask. */
static int keep_room(struct tokens *t)
{
	pthread_mutex_lock(&t->lock);
	int rc = make_room(t);
	if (rc == 0)
		t->coming++;
	pthread_mutex_unlock(&t->lock);
	return rc;
}

static void fill_room(struct tokens *t, struct token *token)
{
	pthread_mutex_lock(&t->lock);
	t->coming--;
	if (token)
		insert(t, token);
	pthread_mutex_unlock(&t->lock);
}

static int keep(struct tokens *t, struct token *token, const struct store_audit *audit,
                struct err *e)
{
	struct token_row row;
	struct store_token_add op = {.op = {.kind = STORE_TOKEN_ADD, .audit = audit},
	                             .token = &row.stored};

	int rc = token_to_row(token, &row);
	if (rc < 0)
		return err_no_memory(e);
	rc = keep_room(t);
	if (rc < 0) {
		err_no_memory(e);
	} else {
		rc = store_post_wait(t->store, &op.op);
		fill_room(t, rc == 0 ? token : NULL);
		if (rc == ERR_CONFLICT)
			err_set(e, rc, "there is a token %s already", token->name);
		else if (rc < 0)
			store_failed(rc, e);
	}
	token_row_finish(&row);
	return rc;
}

int tokens_create(struct tokens *t, const struct token_wish *wish, const struct store_audit *audit,
                  char *ret_text, struct token **ret, struct err *e)
{
	struct token *token = NULL;

	int rc = tokens_check_wish(t, wish, e);
	if (rc < 0)
		return rc;
	token = token_create(wish, audit->actor, audit->at_ms, ret_text);
	if (!token)
		return err_no_memory(e);
	token_hold(token); /* for the caller */
	rc = keep(t, token, audit, e);
	if (rc == 0) {
		*ret = token;
		return 0;
	}
	mem_wipe(ret_text, TOKEN_LENGTH);
	token_release(token);
	token_release(token);
	return rc;
}

/* What is revoked opens nothing from the moment it is asked for, whatever the store says; without a
 * store's word it is back after a restart, and the caller is told so. */
int tokens_revoke(struct tokens *t, const char *id, const struct store_audit *audit, struct err *e)
{
	struct store_token_remove op = {.op = {.kind = STORE_TOKEN_REMOVE, .audit = audit},
	                                .id = id};
	struct token *token = NULL;

	pthread_mutex_lock(&t->lock);
	size_t place = place_of(t, id);
	if (place < t->count) {
		token = t->items[place];
		t->count--;
		memmove(&t->items[place], &t->items[place + 1],
		        (t->count - place) * sizeof(struct token *));
	}
	pthread_mutex_unlock(&t->lock);
	token_release(token);
	int rc = store_post_wait(t->store, &op.op);
	if (rc == ERR_NOT_FOUND)
		return err_set(e, rc, "there is no token %.40s", id);
	return rc < 0 ? store_failed(rc, e) : 0;
}

/*
 * Asking
 */

struct noting {
	struct store_token_used op;
	char id[TOKEN_ID_LENGTH + 1];
};

static void noted(struct store_op *op)
{
	mem_free(op);
}

/* Seldom: it costs a commit.  Without memory it is left out. */
static void note_use(const struct tokens *t, struct token *token, int64_t now_ms)
{
	int64_t before = atomic_load(&token->used_ms);

	if (now_ms - before < USED_EVERY_MS ||
	    !atomic_compare_exchange_strong(&token->used_ms, &before, now_ms))
		return;
	struct noting *n = mem_zalloc(sizeof(*n));
	if (!n)
		return;
	memcpy(n->id, token->id, sizeof(n->id));
	n->op = (struct store_token_used){
		.op = {.kind = STORE_TOKEN_USED, .done = noted},
		.id = n->id,
		.at_ms = now_ms,
	};
	store_post(t->store, &n->op.op);
}

struct token *tokens_find_id(struct tokens *t, const char *id)
{
	int64_t now_ms = store_now_ms(t->store);
	struct token *token = NULL;

	pthread_mutex_lock(&t->lock);
	size_t place = place_of(t, id);
	if (place < t->count && t->items[place]->expires_ms > now_ms) {
		token = t->items[place];
		token_hold(token);
	}
	pthread_mutex_unlock(&t->lock);
	return token;
}

struct token *tokens_find(struct tokens *t, const char *text)
{
	char id[TOKEN_ID_LENGTH + 1];
	uint8_t digest[MAC_BYTES];

	if (!token_parse(text, id, digest))
		return NULL;
	struct token *token = tokens_find_id(t, id);
	if (token && !mac_equal(token->digest, digest, sizeof(digest))) {
		token_release(token);
		token = NULL;
	}
	if (token)
		note_use(t, token, store_now_ms(t->store));
	return token;
}

int tokens_list(struct tokens *t, struct token ***ret, size_t *ret_count, struct err *e)
{
	pthread_mutex_lock(&t->lock);
	struct token **list = mem_array(t->count + 1, sizeof(struct token *));
	for (size_t i = 0; list && i < t->count; i++) {
		list[i] = t->items[i];
		token_hold(list[i]);
	}
	size_t count = t->count;
	pthread_mutex_unlock(&t->lock);
	if (!list)
		return err_no_memory(e);
	qsort(list, count, sizeof(struct token *), compare_names);
	*ret = list;
	*ret_count = count;
	return 0;
}

size_t tokens_count(struct tokens *t)
{
	pthread_mutex_lock(&t->lock);
	size_t count = t->count;
	pthread_mutex_unlock(&t->lock);
	return count;
}
