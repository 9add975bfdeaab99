/*
 * The insides of the fake host, shared by its files.
 *
 * One lock guards everything that a plugin may reach on any thread: notes, counters, operations and
 * their outcomes.  The rest belongs to the lane, which is the thread that made the host.
 */
#pragma once

#include <linkspan/testhost.h>
#include <pthread.h>
#include <stdbool.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/list.h"
#include "base/mem.h"
#include "plug/load.h"
#include "schema/check.h"

struct json;
struct outcome;
struct report;

enum { INSTANCES_MAX = 16 }; /* plugins of one host */

/* A growing list of lines. */
struct note {
	int level;
	char *text;
};
struct notes {
	struct note *items;
	size_t count, cap;
};

struct secret {
	struct list node;
	char *path, *text; /* text NULL: taken away */
	uint64_t version;
};

struct metric {
	struct list node;
	char *name;
	uint64_t count;
	size_t observed;
	double sum;
};

struct extension {
	struct list node;
	char *id;
	const void *table;
};

struct answer {
	struct list node;
	char *name, *addresses, *error; /* one of the last two is NULL */
	int64_t delay_ms;
};

struct instance {
	struct list node;
	struct plugin *plugin;
	void *state;
	int fd; /* -1: not driven */
};

enum op_state { OP_MADE, OP_SUBMITTED, OP_REFUSED, OP_COMPLETE, OP_ABANDONED };

struct lk_op {
	struct list node; /* of the host */
	struct lk_link *link;
	enum op_state state;
	char name[32]; /* for violations: "operation 3" */
	uint32_t kind, attempt, attr_count;
	int64_t timeout_ms;
	bool failed; /* for want of memory */
	char *id, *content_type;
	void *body; /* its very size, so that reading past it is seen */
	size_t body_bytes;
	char **attrs;
	struct lk_request *request; /* the plugin's; with all above only until complete() */
	struct outcome *outcome;
	struct lk_outcome face; /* of outcome, for the test */
};

struct lk_link {
	struct list node; /* of the host */
	struct lk_test_host *host;
	struct instance *instance;
	const struct plugin_type *type;
	struct arena arena; /* the tree that the values were read from */
	struct schema_values values;
	struct lk_settings settings;
	void *conn;
	bool open;
	uint32_t in_flight;
};

struct lk_lookup {
	struct list node;
	struct lk_link *link;
	char *name;
	uint16_t port;
	int64_t due_ms;
	void (*answer)(void *, const struct lk_addresses *);
	void *arg;
};

struct lk_test_host {
	struct lk_host api;
	const struct clock *clock;
	pthread_t lane;
	pthread_mutex_t lock;
	int wake_fd; /* readable when something completed on another thread */
	struct buf error;
	struct lk_settings defaults; /* for the next link */
	struct list instances, links, ops, lookups;
	struct list secrets, metrics, extensions, answers;
	uint64_t secret_version;
	unsigned op_count, instance_count;
	struct notes logs, violations;
	bool out_of_memory; /* something could not be noted */
	int (*permit)(void *, const struct sockaddr *, socklen_t);
	void *permit_arg;
	uint64_t permits;
};

/* The host of this process, NULL: none. */
extern struct lk_test_host *testhost_current;

/* The lock is no part of what a const host promises not to change. */
static inline void testhost_lock(const struct lk_test_host *host)
{
	pthread_mutex_lock((pthread_mutex_t *)&host->lock);
}

static inline void testhost_unlock(const struct lk_test_host *host)
{
	pthread_mutex_unlock((pthread_mutex_t *)&host->lock);
}

/* Remembers the words of a failure and returns code. */
int testhost_fail(struct lk_test_host *host, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* From an error of the inside to a code of the ABI. */
int testhost_fail_err(struct lk_test_host *host, const struct err *e);
int testhost_fail_report(struct lk_test_host *host, const struct report *report);

/* notes.c.  [any] Each takes the lock. */
void testhost_violation(struct lk_test_host *host, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void testhost_violation_locked(struct lk_test_host *host, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void testhost_lane(struct lk_test_host *host, const char *function); /* a violation if not on it */
void testhost_log(struct lk_link *link, int level, const char *message);
void testhost_count(struct lk_link *link, const char *metric, uint64_t add);
void testhost_observe(struct lk_link *link, const char *metric, double seconds);
void testhost_notes_finish(struct lk_test_host *host);

/* secret.c */
int testhost_secret(struct lk_link *link, uint32_t secret, char *buf, size_t cap,
                    uint64_t *ret_version);
/* The path of a secret whose text stands in these bytes, or NULL.  With the lock held. */
const char *testhost_leaked(const struct lk_test_host *host, const void *bytes, size_t count);
void testhost_secrets_finish(struct lk_test_host *host);

/* settings.c: a JSON object as a tree of definitions.  NULL: no memory. */
struct node *testhost_settings(struct arena *a, const struct json *v, struct report *report);

/* op.c */
void testhost_complete(struct lk_op *op, const struct lk_outcome *outcome); /* [any] */
void testhost_op_destroy(struct lk_op *op);

/* resolve.c */
extern const struct lk_ext_resolve testhost_resolve;
int64_t testhost_resolve_next_ms(const struct lk_test_host *host); /* -1: nothing under way */
bool testhost_resolve_answer_due(struct lk_test_host *host);
void testhost_resolve_leave(struct lk_link *link); /* what a closing link has left behind */
void testhost_resolve_finish(struct lk_test_host *host);

/* drive.c: serves until nothing is in flight on the link, or patience ends. */
void testhost_drive_idle(struct lk_link *link);
