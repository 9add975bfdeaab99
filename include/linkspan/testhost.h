/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A fake host for tests of connector plugins: -llinkspan-test, `pkg-config linkspan-test`.
 *
 * It loads a plugin as the real host does, gives it settings, secrets and messages, drives its
 * descriptor and timers, keeps what it completes, logs and counts, and watches the laws of
 * connector.h.  A whole test:
 *
 *	struct lk_test_host *host = lk_test_create(LK_TEST_FAKE_CLOCK);
 *	struct lk_link *link;
 *
 *	lk_test_set_secret(host, "env/TOKEN", "s3cret");
 *	if (lk_test_load(host, ".libs/mine.so") < 0 ||
 *	    lk_test_open(host, "mine", "{\"path\": \"/a\", \"token\": \"${secret:env/TOKEN}\"}",
 *	                 &link) < 0)
 *		fail(lk_test_error(host));
 *
 *	struct lk_op *op = lk_test_op(link, LK_OP_SEND);
 *	lk_test_op_body(op, "hello", 5);
 *	lk_test_op_attr(op, "uri.id", "42");
 *	check(lk_test_submit(op) == 0);
 *
 *	const struct lk_outcome *outcome = lk_test_wait(op, 5000);
 *	check(outcome && outcome->result == LK_DONE);
 *	check(lk_test_attr(op, "time.total_us") != NULL);
 *
 *	check(lk_test_finish(host) == 0);    // else: lk_test_violation(host, 0)
 *	lk_test_destroy(host);
 *
 * There is one host at a time in a process, because the clock and the log of the ABI do not say
 * whose they are.  The thread that makes the host is its lane: it calls every function below.  What
 * the plugin may call on any thread, it may call on any thread here too.
 *
 * Everything a function gives belongs to the host and stays until lk_test_destroy(), unless its
 * comment says otherwise.  Functions that can fail return 0 or one of the LK_E codes, and
 * lk_test_error() has the words.
 */
#ifndef LINKSPAN_TESTHOST_H
#define LINKSPAN_TESTHOST_H

#include <linkspan/connector.h>

#ifdef __cplusplus
extern "C" {
#endif
#if defined(__GNUC__)
#pragma GCC visibility push(default)
#endif

struct lk_test_host;

enum {
	LK_TEST_REAL_CLOCK, /* the system's */
	LK_TEST_FAKE_CLOCK, /* stands still, and is moved by lk_test_wait() and lk_test_advance() */
};

/* NULL: there is a host already, or no memory, or no descriptors. */
struct lk_test_host *lk_test_create(int clock);
/* Closes the links and ends the plugins, then returns the number of violations. */
size_t lk_test_finish(struct lk_test_host *host);
void lk_test_destroy(struct lk_test_host *host); /* takes NULL; finishes first if need be */

/* What went wrong in the last function that failed, perhaps on several lines: for settings one
 * line for each fault, "error: headers[3].name: …". */
const char *lk_test_error(const struct lk_test_host *host);

/* Loads a shared object, with all the checks of the real host but those of its folder; or takes a
 * description at hand.  Calls init(). */
int lk_test_load(struct lk_test_host *host, const char *path);
int lk_test_adopt(struct lk_test_host *host, const struct lk_plugin *plugin);

/*
 * Surroundings
 */

/* What lk_settings says about links that are opened from now on.  At first: "global", "test",
 * "Testing", not protected, 16 operations at a time, 64 KiB of a reply. */
void lk_test_set_names(struct lk_test_host *host, const char *project, const char *connection,
                       const char *environment); /* borrowed until the host is destroyed */
void lk_test_set_flags(struct lk_test_host *host, uint32_t flags);
void lk_test_set_limits(struct lk_test_host *host, uint32_t max_in_flight, uint32_t keep_bytes);

/* The text behind `${secret:PATH}`.  Each call makes a new version; NULL takes the secret away. */
int lk_test_set_secret(struct lk_test_host *host, const char *path, const char *text);

/* The answer of lk_host.permit().  At first everything is allowed.  rule() is called on whatever
 * thread asks, and returns 0 or LK_EDENIED. */
void lk_test_set_permit(struct lk_test_host *host,
                        int (*rule)(void *arg, const struct sockaddr *address,
                                    socklen_t address_bytes),
                        void *arg);
void lk_test_permit_all(struct lk_test_host *host);
void lk_test_deny_all(struct lk_test_host *host);
uint64_t lk_test_permits(const struct lk_test_host *host); /* how often it was asked */

/* What linkspan.resolve/1 answers for a name, after delay_ms of the host's clock: addresses
 * separated by spaces, "192.0.2.1 2001:db8::1", or an error.  A name that was not set is answered
 * at once: with itself if it is an address, else with an error. */
int lk_test_set_address(struct lk_test_host *host, const char *name, const char *addresses,
                        int64_t delay_ms);
int lk_test_set_address_error(struct lk_test_host *host, const char *name, const char *error,
                              int64_t delay_ms);

/* What lk_host.extension() gives for an id: a table of the test's own (borrowed), or NULL to be a
 * host without it.  At first: linkspan.resolve/1 and linkspan.json/1. */
int lk_test_set_extension(struct lk_test_host *host, const char *id, const void *table);

/*
 * Links
 */

/* Reads the settings, a JSON object, against the rows of the type, asks the type's check(), and
 * calls open().  LK_ENOENT: no plugin here has this type; LK_EINVAL: faults; else what open() gave.
 */
int lk_test_open(struct lk_test_host *host, const char *type, const char *settings_json,
                 struct lk_link **ret_link);
/* Cancels what is in flight, drives the plugin until it has completed it, and calls close(). */
void lk_test_close(struct lk_link *link);
/* LK_ENOENT: the type has no stats(). */
int lk_test_stats(struct lk_link *link, struct lk_stats *ret_stats);

/*
 * Operations
 *
 * First made, then described, then submitted.  The memory of the request is given back inside
 * complete(), so that a sanitizer or valgrind sees a plugin that looks at it later.
 */

/* kind: LK_OP_SEND …  NULL: no memory. */
struct lk_op *lk_test_op(struct lk_link *link, uint32_t kind);
/* All of these copy.  A lack of memory is remembered and told by lk_test_submit(). */
void lk_test_op_id(struct lk_op *op, const char *id, uint32_t attempt); /* else "msg_1" …, 1 */
void lk_test_op_body(struct lk_op *op, const void *body, size_t body_bytes); /* else none */
void lk_test_op_content_type(struct lk_op *op, const char *content_type);    /* else none */
void lk_test_op_attr(struct lk_op *op, const char *key, const char *value);
void lk_test_op_timeout(struct lk_op *op, int64_t timeout_ms); /* else 30000 */

/* What submit() of the plugin gave.  After LK_EBUSY the operation may be submitted again. */
int lk_test_submit(struct lk_op *op);
void lk_test_cancel(struct lk_op *op); /* no harm when it is complete */

/* How the operation ended; NULL: not yet.  It is the copy that the host made: of this header's
 * size, reason and detail made safe to show. */
const struct lk_outcome *lk_test_outcome(const struct lk_op *op);
/* One of its reply_attrs: the first one with the key, or NULL. */
const char *lk_test_attr(const struct lk_op *op, const char *key);

/*
 * Time
 *
 * All of these serve the plugins as a lane does: run() when the descriptor is readable or the
 * moment of next_ms() has come.
 */

/* Until the operation is complete, or timeout_ms of the host's clock have passed.  A fake clock
 * jumps to the next timer as soon as no descriptor is ready: a test of minutes takes no time.
 * Returns lk_test_outcome(). */
const struct lk_outcome *lk_test_wait(struct lk_op *op, int64_t timeout_ms);
/* The same for timeout_ms of real time, while a fake clock stands still: for plugins that talk to
 * real sockets or have threads of their own. */
const struct lk_outcome *lk_test_wait_still(struct lk_op *op, int64_t timeout_ms);
/* Fake clock: moves on by ms, with a stop at each timer on the way. */
void lk_test_advance(struct lk_test_host *host, int64_t ms);
int64_t lk_test_now_ms(const struct lk_test_host *host); /* what lk_host.mono_ms() says */

/*
 * What the plugin said and did
 */

size_t lk_test_logs(const struct lk_test_host *host);
/* NULL: there are not so many lines.  ret_level may be NULL. */
const char *lk_test_log(const struct lk_test_host *host, size_t i, int *ret_level);
int lk_test_logged(const struct lk_test_host *host, const char *part); /* 1: a line contains it */

uint64_t lk_test_counter(const struct lk_test_host *host, const char *metric);
/* How often it was observed; ret_sum, which may be NULL, gets the sum of the seconds. */
size_t lk_test_observed(const struct lk_test_host *host, const char *metric, double *ret_sum);

/*
 * Laws that were broken: an operation completed twice, or without having been accepted, or never;
 * an outcome that is out of range; a secret in a log, a detail or a description; a function called
 * on a thread where it may not be; a lookup left behind; a plugin that spins.
 */
size_t lk_test_violations(const struct lk_test_host *host);
const char *lk_test_violation(const struct lk_test_host *host, size_t i); /* or NULL */

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif

#endif
