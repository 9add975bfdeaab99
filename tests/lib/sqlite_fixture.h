/* Stores in SQLite files below a temporary folder, under the fake clock. */
#pragma once

#include "base/clock.h"
#include "folder.h"
#include "store/sqlite.h"
#include "store_probe.h"

/* What the store has said of itself. */
static struct fixture {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	int failed, full, full_edges;
	char why[256];
	struct sqlite_options options; /* for the next opening */
} fixture = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static inline void fixture_failed(void *arg, const char *why)
{
	(void)arg;
	pthread_mutex_lock(&fixture.lock);
	fixture.failed++;
	snprintf(fixture.why, sizeof(fixture.why), "%s", why);
	pthread_cond_broadcast(&fixture.changed);
	pthread_mutex_unlock(&fixture.lock);
}

static inline void fixture_full(void *arg, int is_full)
{
	(void)arg;
	pthread_mutex_lock(&fixture.lock);
	fixture.full = is_full;
	fixture.full_edges++;
	pthread_cond_broadcast(&fixture.changed);
	pthread_mutex_unlock(&fixture.lock);
}

static inline int fixture_try_open(struct store **ret, struct err *e)
{
	fixture.options.folder = folder_root;
	fixture.options.clock = &clock_fake;
	fixture.options.failed = fixture_failed;
	fixture.options.full = fixture_full;
	return sqlite_store_open(&fixture.options, ret, e);
}

/* Opens what is there. */
static inline struct store *fixture_open_again(void)
{
	struct store *s = NULL;
	struct err e = {0};

	ck_assert_msg(fixture_try_open(&s, &e) == 0, "%s", e.text);
	return s;
}

static inline void fixture_recover(struct store *s)
{
	struct store_recovery found;
	struct err e = {0};

	ck_assert_msg(store_recover(s, NULL, 0, &found, &e) == 0, "%s", e.text);
}

/* A new folder with an empty store in it. */
static inline struct store *fixture_open(void)
{
	folder_create();
	clock_fake_set(1000, PROBE_START_MS);
	fixture.failed = fixture.full = fixture.full_edges = 0;
	struct store *s = fixture_open_again();
	fixture_recover(s);
	return s;
}

static inline struct store *fixture_reopen(struct store *s)
{
	store_close(s);
	return fixture_open_again();
}

/* Ends a test. */
static inline void fixture_end(struct store *s)
{
	store_close(s);
	folder_destroy();
}

static const struct store_maker fixture_maker = {.open = fixture_open,
                                                 .reopen = fixture_reopen,
                                                 .advance = clock_fake_advance,
                                                 .finish = fixture_end};

/* Begins a test: an empty store. */
static inline struct store *fixture_begin(void)
{
	probe_maker = &fixture_maker;
	fixture.options = (struct sqlite_options){0};
	return fixture_open();
}
