/* The pool's thread: it starts workers, gives each its next run, and puts an end to those that are late. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/banned.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/thread.h"
#include "transform/line.h"
#include "transform/process.h"
#include "transform/transform.h"
#include "transform/turns.h"

enum {
	WORKERS_MAX = 64,
	WORKERS_USUAL = 4,
	DEADLINE_MS = 2000,
	MEMORY_BYTES = 256 * 1024 * 1024,
	START_MS = 10000,      /* until a worker says that it is ready */
	RETRY_MS = 100,        /* after the first start that failed; then twice as long each time */
	RETRY_MOST_MS = 30000, /* and never longer */
	DEADLINE_MOST_MS = 24 * 60 * 60 * 1000,
};

enum worker_state { WORKER_NONE, WORKER_STARTING, WORKER_IDLE, WORKER_BUSY };

struct worker {
	enum worker_state state;
	struct process process;
	struct transform *run; /* while busy */
	struct turn *turn;
	int64_t since_ms; /* it was started, or given its run */
	uint64_t used;    /* when it was given its last run, counted in runs */
	uint64_t compiled[FRAME_PROGRAMS_KEPT];
	unsigned compiled_next;
};

struct transforms {
	struct process_limits limits;
	int64_t deadline_ms;
	int event_fd;
	pthread_t thread;

	pthread_mutex_t lock; /* of the members up to the next blank line */
	struct turns turns;
	bool stopping;
	bool woken; /* the event is set, and no round has begun since */

	/* The thread's. */
	struct worker *workers;
	unsigned count;
	uint64_t runs;
	unsigned failures; /* starts in a row that failed */
	int64_t retry_ms;  /* when the next one may be */
	char why[FRAME_MESSAGE_BYTES];
};

static void refuse(struct transform *t, const char *why)
{
	t->result = TRANSFORM_UNAVAILABLE;
	line_clean(t->message, why, strlen(why));
	t->done(t);
}

/* Ends a worker's run, whose answer is filled in.  The worker may get the next one from done() on. */
static void end_run(struct transforms *pool, struct worker *w, enum worker_state next)
{
	struct transform *t = w->run;
	int64_t now_ms = clock_system.mono_ms();
	enum turn_end how = t->result == TRANSFORM_TIMEOUT                 ? TURN_TIMED_OUT
	                    : now_ms - w->since_ms > pool->deadline_ms / 4 ? TURN_LONG
	                                                                   : TURN_QUICK;

	pthread_mutex_lock(&pool->lock);
	turns_end(&pool->turns, w->turn, how, now_ms);
	pthread_mutex_unlock(&pool->lock);
	w->run = NULL;
	w->turn = NULL;
	w->state = next;
	t->done(t);
}

/* What the end of a worker says about the program that it ran. */
static void tell_end(struct transform *t, int status)
{
	t->result = TRANSFORM_DIED;
	if (WIFEXITED(status) && WEXITSTATUS(status) == WORKER_EXIT_NO_MEMORY)
		snprintf(t->message, sizeof(t->message), "the program needs too much memory");
	else if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV)
		snprintf(t->message, sizeof(t->message), "the program goes too deep");
	else if (WIFSIGNALED(status))
		snprintf(t->message, sizeof(t->message),
		         "the worker that ran the program ended: %s",
		         sigdescr_np(WTERMSIG(status)));
	else
		snprintf(t->message, sizeof(t->message),
		         "the worker that ran the program ended with status %d",
		         WEXITSTATUS(status));
}

static void start_failed(struct transforms *pool, struct worker *w, const char *why)
{
	unsigned doublings = pool->failures < 9 ? pool->failures : 9;
	int64_t wait_ms = (int64_t)RETRY_MS << doublings;

	w->state = WORKER_NONE;
	pool->failures++;
	pool->retry_ms =
		clock_system.mono_ms() + (wait_ms < RETRY_MOST_MS ? wait_ms : RETRY_MOST_MS);
	line_clean(pool->why, why, strlen(why));
	log_event(LOG_LEVEL_DEBUG, "transform worker not started", "why", pool->why, NULL);
}

static void start(struct transforms *pool, struct worker *w)
{
	struct err e = {0};

	w->since_ms = clock_system.mono_ms();
	memset(w->compiled, 0, sizeof(w->compiled));
	if (process_start(&w->process, &pool->limits, &e) < 0)
		start_failed(pool, w, e.text);
	else
		w->state = WORKER_STARTING;
}

static void serve_starting(struct transforms *pool, struct worker *w)
{
	char why[FRAME_MESSAGE_BYTES + ERR_TEXT_BYTES];
	enum process_state state = process_read(&w->process);

	if (state == PROCESS_MORE)
		return;
	if (state == PROCESS_ANSWER && w->process.head.result == TRANSFORM_OK) {
		pool->failures = 0;
		w->state = WORKER_IDLE;
		return;
	}
	if (state == PROCESS_ANSWER)
		line_clean(why, w->process.message,
		           strnlen(w->process.message, w->process.message_bytes));
	int status = process_kill(&w->process);
	if (state == PROCESS_END)
		snprintf(why, sizeof(why), "%s ended at once (%s %d)", pool->limits.worker,
		         WIFSIGNALED(status) ? "signal" : "status",
		         WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	else if (state == PROCESS_NO_MEMORY)
		snprintf(why, sizeof(why), "no memory for a worker");
	else if (state == PROCESS_WRONG)
		snprintf(why, sizeof(why), "%s is no worker of this version", pool->limits.worker);
	start_failed(pool, w, why);
}

static void serve_busy(struct transforms *pool, struct worker *w)
{
	struct transform *t = w->run;

	process_write(&w->process);
	enum process_state state = process_read(&w->process);
	if (state == PROCESS_ANSWER && w->process.head.result == TRANSFORM_UNAVAILABLE)
		state = PROCESS_WRONG;
	if (state == PROCESS_MORE)
		return;
	if (state == PROCESS_ANSWER) {
		process_take(&w->process, t);
		end_run(pool, w, WORKER_IDLE);
		return;
	}
	int status = process_kill(&w->process);
	if (state == PROCESS_END) {
		tell_end(t, status);
	} else {
		t->result = state == PROCESS_WRONG ? TRANSFORM_DIED : TRANSFORM_UNAVAILABLE;
		snprintf(t->message, sizeof(t->message), "%s",
		         state == PROCESS_WRONG ? "the worker that ran the program gave no answer"
		                                : "no memory for the result");
	}
	end_run(pool, w, WORKER_NONE);
}

/* A worker that has nothing to do has nothing to say: it has ended, and is replaced when it is needed. */
static void serve(struct transforms *pool, struct worker *w)
{
	if (w->state == WORKER_STARTING) {
		serve_starting(pool, w);
	} else if (w->state == WORKER_BUSY) {
		serve_busy(pool, w);
	} else if (w->state == WORKER_IDLE) {
		process_kill(&w->process);
		w->state = WORKER_NONE;
	}
}

static int64_t due_ms(const struct worker *w)
{
	if (w->state == WORKER_BUSY)
		return w->run->due_ms;
	return w->state == WORKER_STARTING ? w->since_ms + START_MS : INT64_MAX;
}

static void end_late(struct transforms *pool, struct worker *w)
{
	process_kill(&w->process);
	if (w->state == WORKER_STARTING) {
		start_failed(pool, w, "a worker did not say in time that it is ready");
		return;
	}
	w->run->result = TRANSFORM_TIMEOUT;
	snprintf(w->run->message, sizeof(w->run->message), "the program ran longer than %lld ms",
	         (long long)pool->deadline_ms);
	end_run(pool, w, WORKER_NONE);
}

static bool has_compiled(const struct worker *w, uint64_t key)
{
	for (unsigned i = 0; i < FRAME_PROGRAMS_KEPT; i++)
		if (w->compiled[i] == key)
			return true;
	return false;
}

/* The one that had the program before; else the one that had the least to do, for it has the oldest programs. */
static struct worker *choose(struct transforms *pool, uint64_t key)
{
	struct worker *best = NULL;

	for (unsigned i = 0; i < pool->count; i++) {
		struct worker *w = &pool->workers[i];
		if (w->state != WORKER_IDLE)
			continue;
		if (has_compiled(w, key))
			return w;
		if (!best || w->used < best->used)
			best = w;
	}
	return best;
}

static bool has_idle(const struct transforms *pool)
{
	for (unsigned i = 0; i < pool->count; i++)
		if (pool->workers[i].state == WORKER_IDLE)
			return true;
	return false;
}

static void give(struct transforms *pool, struct transform *t, struct turn *turn)
{
	struct worker *w = choose(pool, turn->key);

	w->state = WORKER_BUSY;
	w->run = t;
	w->turn = turn;
	w->used = ++pool->runs;
	w->since_ms = clock_system.mono_ms();
	t->due_ms = w->since_ms + pool->deadline_ms;
	if (!has_compiled(w, turn->key)) {
		w->compiled[w->compiled_next] = turn->key;
		w->compiled_next = (w->compiled_next + 1) % FRAME_PROGRAMS_KEPT;
	}
	process_ask(&w->process, t);
	process_write(&w->process);
}

static void give_all(struct transforms *pool)
{
	struct turn *turn;

	while (has_idle(pool)) {
		pthread_mutex_lock(&pool->lock);
		struct transform *t = turns_take(&pool->turns, clock_system.mono_ms(), &turn);
		pthread_mutex_unlock(&pool->lock);
		if (!t)
			return;
		give(pool, t, turn);
	}
}

static size_t count_waiting(struct transforms *pool)
{
	pthread_mutex_lock(&pool->lock);
	size_t count = pool->turns.waiting_runs;
	pthread_mutex_unlock(&pool->lock);
	return count;
}

static void refuse_waiting(struct transforms *pool, const char *why)
{
	for (;;) {
		pthread_mutex_lock(&pool->lock);
		struct transform *t = turns_drain(&pool->turns);
		pthread_mutex_unlock(&pool->lock);
		if (!t)
			return;
		refuse(t, why);
	}
}

/* As many as there are runs waiting for one.  Where none can be had and none is there, nothing waits. */
static void start_more(struct transforms *pool)
{
	const size_t waiting = count_waiting(pool); /* what comes from now on has the next round */
	size_t wanted = waiting;
	bool any = false;

	for (unsigned i = 0; i < pool->count && wanted > 0; i++) {
		struct worker *w = &pool->workers[i];
		if (w->state == WORKER_NONE && clock_system.mono_ms() >= pool->retry_ms)
			start(pool, w);
		wanted -= w->state == WORKER_STARTING || w->state == WORKER_IDLE;
	}
	for (unsigned i = 0; i < pool->count; i++)
		any = any || pool->workers[i].state != WORKER_NONE;
	if (!any && waiting > 0)
		refuse_waiting(pool, pool->why);
}

static int wait_ms(const struct transforms *pool)
{
	int64_t first_ms = INT64_MAX;

	for (unsigned i = 0; i < pool->count; i++) {
		int64_t due = due_ms(&pool->workers[i]);
		first_ms = due < first_ms ? due : first_ms;
	}
	if (first_ms == INT64_MAX)
		return -1;
	int64_t left_ms = first_ms - clock_system.mono_ms();
	return left_ms < 0 ? 0 : left_ms > INT32_MAX ? INT32_MAX : (int)left_ms;
}

/* Waits until a worker or a caller has something to say, or a deadline comes. */
static void wait_and_serve(struct transforms *pool)
{
	struct pollfd fds[WORKERS_MAX + 1] = {{.fd = pool->event_fd, .events = POLLIN}};
	uint64_t posted;

	for (unsigned i = 0; i < pool->count; i++) {
		const struct worker *w = &pool->workers[i];
		fds[i + 1].fd = w->state == WORKER_NONE ? -1 : w->process.fd;
		fds[i + 1].events = POLLIN;
		if (w->state == WORKER_BUSY && process_has_to_write(&w->process))
			fds[i + 1].events |= POLLOUT;
	}
	if (poll(fds, pool->count + 1, wait_ms(pool)) < 0)
		return;
	if (fds[0].revents && read(pool->event_fd, &posted, sizeof(posted)) < 0)
		log_event(LOG_LEVEL_DEBUG, "no event of the transform pool", NULL);
	for (unsigned i = 0; i < pool->count; i++)
		if (fds[i + 1].revents)
			serve(pool, &pool->workers[i]);
	int64_t now_ms = clock_system.mono_ms();
	for (unsigned i = 0; i < pool->count; i++)
		if (due_ms(&pool->workers[i]) <= now_ms)
			end_late(pool, &pool->workers[i]);
}

/* From here on whoever posts wakes the thread again.  False when it is to end. */
static bool begin_round(struct transforms *pool)
{
	pthread_mutex_lock(&pool->lock);
	bool goes_on = !pool->stopping;
	pool->woken = false;
	pthread_mutex_unlock(&pool->lock);
	return goes_on;
}

static void *run_pool(void *arg)
{
	struct transforms *pool = arg;
	const char stopping[] = "the host is stopping";

	while (begin_round(pool)) {
		give_all(pool);
		start_more(pool);
		wait_and_serve(pool);
	}
	refuse_waiting(pool, stopping);
	for (unsigned i = 0; i < pool->count; i++) {
		struct worker *w = &pool->workers[i];
		process_kill(&w->process);
		if (w->state != WORKER_BUSY)
			continue;
		w->run->result = TRANSFORM_UNAVAILABLE;
		snprintf(w->run->message, sizeof(w->run->message), "%s", stopping);
		end_run(pool, w, WORKER_NONE);
	}
	return NULL;
}

static void release(struct transforms *pool)
{
	turns_finish(&pool->turns);
	pthread_mutex_destroy(&pool->lock);
	if (pool->event_fd >= 0)
		close(pool->event_fd);
	mem_free(pool->workers);
	mem_free(pool);
}

static void configure(struct transforms *pool, const struct transforms_options *given)
{
	static const struct transforms_options usual;
	const struct transforms_options *options = given ? given : &usual;
	unsigned cpus = (unsigned)thread_cpus();

	pool->count = options->workers       ? options->workers
	              : cpus < WORKERS_USUAL ? cpus
	                                     : WORKERS_USUAL;
	if (pool->count > WORKERS_MAX)
		pool->count = WORKERS_MAX;
	pool->deadline_ms = options->deadline_ms > 0 ? options->deadline_ms : DEADLINE_MS;
	if (pool->deadline_ms > DEADLINE_MOST_MS)
		pool->deadline_ms = DEADLINE_MOST_MS;
	pool->limits = (struct process_limits){
		.worker = options->worker ? options->worker : LINKSPAN_TRANSFORM,
		.memory_bytes = options->memory_bytes ? options->memory_bytes : MEMORY_BYTES,
		/* Only a host that stands still lets a program run so long. */
		.cpu_seconds = (unsigned)(pool->deadline_ms / 1000) * 2 + 10,
	};
}

int transforms_create(const struct transforms_options *options, struct transforms **ret,
                      struct err *e)
{
	struct transforms *pool = mem_zalloc(sizeof(*pool));
	uint64_t seed = 0;
	int rc = 0;

	if (!pool)
		return err_no_memory(e);
	configure(pool, options);
	if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) < 0)
		seed = (uint64_t)clock_system.unix_ms();
	turns_init(&pool->turns, pool->count, seed);
	pthread_mutex_init(&pool->lock, NULL);
	pool->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	pool->workers = mem_array(pool->count, sizeof(*pool->workers));
	if (pool->event_fd < 0)
		rc = err_set_errno(e, ERR_IO, "no event for the transform pool");
	else if (!pool->workers)
		rc = err_no_memory(e);
	else
		rc = thread_start(&pool->thread, "ls-transform", run_pool, pool, e);
	if (rc < 0) {
		release(pool);
		return rc;
	}
	*ret = pool;
	return 0;
}

static void wake(struct transforms *pool)
{
	const uint64_t one = 1;

	if (write(pool->event_fd, &one, sizeof(one)) < 0 && errno != EAGAIN)
		log_event(LOG_LEVEL_DEBUG, "the transform pool was not woken", NULL);
}

void transforms_destroy(struct transforms *pool)
{
	if (!pool)
		return;
	pthread_mutex_lock(&pool->lock);
	pool->stopping = true;
	pthread_mutex_unlock(&pool->lock);
	wake(pool);
	pthread_join(pool->thread, NULL);
	release(pool);
}

/* Puts it where the thread finds it; else says why not.  *ret_wake: the thread may be asleep. */
static const char *hand_over(struct transforms *pool, struct transform *t, bool *ret_wake)
{
	const char *why = NULL;

	pthread_mutex_lock(&pool->lock);
	if (pool->stopping)
		why = "the host is stopping";
	else if (turns_add(&pool->turns, t) < 0)
		why = "no memory";
	*ret_wake = !why && !pool->woken;
	pool->woken = pool->woken || *ret_wake;
	pthread_mutex_unlock(&pool->lock);
	return why;
}

void transform_post(struct transforms *pool, struct transform *t)
{
	bool asleep;

	t->result = TRANSFORM_UNAVAILABLE;
	t->output = NULL;
	t->output_bytes = 0;
	t->is_text = false;
	t->message[0] = '\0';
	if (!pool) {
		refuse(t, "this process runs no transformations");
		return;
	}
	if (!process_may_ask(t)) {
		t->done(t);
		return;
	}
	const char *why = hand_over(pool, t, &asleep);
	if (why)
		refuse(t, why);
	else if (asleep)
		wake(pool);
}
