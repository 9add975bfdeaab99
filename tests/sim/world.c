/* A world: its beginning, its hosts one after the other, and how time passes. */
#include "world.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "conf/conf.h"
#include "core/host.h"
#include "core/outbox.h"
#include "crypto/random.h"
#include "plug/load.h"
#include "world_conf.h"

#define UNIVERSE_BYTES ((size_t)16 << 30)
#define BEGIN_UNIX_MS  INT64_C(1767225600000)

enum {
	TURNS_MOST = 1000000, /* of a host at one moment */
	HANG_S = 300,         /* of real time */
	GRACE_MS = 30000,     /* of a host that stops */
	HISTORY_SHOWN = 60,
	SWEEP_MS = 10 * 60 * 1000,
};

/* How the process of a host ends. */
enum { ENDED = 0, VIOLATED = 40, CRASHED = 41, STOPPED = 42 };

struct world *world;
struct host *world_host;

int64_t world_ms(void)
{
	return clock_fake.unix_ms() - world->begun_ms;
}

/*
 * Events
 */
static bool earlier(const struct world_event *a, const struct world_event *b)
{
	return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->order < b->order;
}

static void swap(size_t a, size_t b)
{
	struct world_event event = world->events[a];

	world->events[a] = world->events[b];
	world->events[b] = event;
}

void world_at(int64_t at_ms, void (*act)(void *arg), void *arg)
{
	if (world->event_count == world->event_cap) {
		world->event_cap = world->event_cap ? 2 * world->event_cap : 64;
		world->events =
			universe_resize(world->events, world->event_cap * sizeof(*world->events));
	}
	size_t i = world->event_count++;
	world->events[i] =
		(struct world_event){world->begun_ms + at_ms, world->event_order++, act, arg};
	for (; i > 0 && earlier(&world->events[i], &world->events[(i - 1) / 2]); i = (i - 1) / 2)
		swap(i, (i - 1) / 2);
}

void world_in(int64_t wait_ms, void (*act)(void *arg), void *arg)
{
	world_at(world_ms() + wait_ms, act, arg);
}

static struct world_event take_event(void)
{
	struct world_event first = world->events[0];
	size_t count = --world->event_count, i = 0;

	world->events[0] = world->events[count];
	for (;;) {
		size_t least = i;
		for (size_t child = 2 * i + 1; child <= 2 * i + 2 && child < count; child++)
			if (earlier(&world->events[child], &world->events[least]))
				least = child;
		if (least == i)
			return first;
		swap(i, least);
		i = least;
	}
}

static bool act_due(void)
{
	if (world->event_count == 0 || world->events[0].at_ms > clock_fake.unix_ms())
		return false;
	struct world_event event = take_event();
	event.act(event.arg);
	return true;
}

/*
 * What is seen of it
 */
void world_violation(const char *invariant, const struct tale *tale, int link, const char *format,
                     ...)
{
	char when[CLOCK_TEXT_BYTES];
	va_list args;

	clock_format(clock_fake.unix_ms(), when);
	printf("# VIOLATED: %s\n# seed %llu, %s (%.3f h), host %u", invariant,
	       (unsigned long long)world->seed, when, (double)world_ms() / (double)HOUR_MS,
	       world->epoch);
	if (link != NO_LINK)
		printf(", link L%02d", link);
	if (tale)
		printf(", message %llx", (unsigned long long)tale->seq);
	printf("\n# ");
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n# What led to it:\n");
	history_print(&world->history, tale ? tale->seq : 0, link, HISTORY_SHOWN);
	fflush(stdout);
	_exit(VIOLATED);
}

static void row_changed(void *arg, const struct store_delivery *row, enum store_state before)
{
	struct tale *tale = tale_find(&world->tales, row->seq);

	(void)arg;
	history_note(&world->history, HAPPENED_COMMITTED, tale ? (int)tale->link : NO_LINK,
	             row->seq, row->attempts, row->due_ms ? row->due_ms - clock_fake.unix_ms() : 0,
	             store_state_name(row->state));
	if (!tale)
		world_violation("only what was sent is stored", NULL, NO_LINK, "%llx was not",
		                (unsigned long long)row->seq);
	world->links[tale->link].id = row->link;
	guard_changed(tale, row, before);
}

static void row_pruned(void *arg, const struct store_delivery *row)
{
	struct tale *tale = tale_find(&world->tales, row->seq);

	(void)arg;
	if (tale)
		tale_end(&world->tales, tale);
}

/* A commit begins; a crash may have been waiting for that. */
static int64_t commit_latency(void *arg, size_t operations)
{
	(void)arg;
	if (world->armed == CRASH_COMMIT)
		world_die(0);
	if (world->armed == CRASH_COMMITTED)
		world_die(operations);
	return world->latency_ms + dice_between(&world->dice, 0, world->latency_spread_ms);
}

void world_begin(uint64_t seed)
{
	static const struct memory_script script = {
		.latency_ms = commit_latency, .changed = row_changed, .pruned = row_pruned};

	universe_begin(UNIVERSE_BYTES);
	world = universe_alloc(sizeof(*world));
	world->seed = seed;
	world->dice.state = seed;
	world->begun_ms = world->now_ms = BEGIN_UNIX_MS;
	world->lanes = 1;
	world->latency_ms = 1;
	world->latency_spread_ms = 3;
	clock_fake_set(1, world->now_ms);
	tales_init(&world->tales);
	world->store = memory_store_create(&script);
}

struct world_link *world_add_link(const struct link_settings *settings)
{
	struct world_link *link = &world->links[world->link_count];

	link->number = world->link_count++;
	snprintf(link->name, sizeof(link->name), "L%02u", link->number);
	link->variants[0] = link->variants[1] = *settings;
	link->deployed = true;
	endpoint_init(&link->endpoint, link->number);
	return link;
}

struct world_link *world_link_named(const char *connection)
{
	for (unsigned i = 0; i < world->link_count; i++)
		if (strcasecmp(world->links[i].name, connection) == 0)
			return &world->links[i];
	return NULL;
}

void world_each_tale(void (*each)(struct tale *tale))
{
	for (size_t i = 0; i < world->tales.bucket_count; i++)
		for (struct tale *tale = world->tales.buckets[i], *next; tale; tale = next) {
			next = tale->next;
			each(tale);
		}
}

void world_print_counts(void)
{
	printf("# seed %llu: %.0f h, %u hosts, %llu crashes, %llu stops; %llu messages: %llu accepted, "
	       "%llu refused, %llu unknown; %llu calls, %llu delivered; %llu attempts; %llu done "
	       "(%llu again), %llu dead, %llu quarantined, %llu cancelled; %llu steps\n",
	       (unsigned long long)world->seed, (double)(world->now_ms - world->begun_ms) / 3.6e6,
	       world->epoch, (unsigned long long)world->counts.crashes,
	       (unsigned long long)world->counts.stops, (unsigned long long)world->counts.asked,
	       (unsigned long long)world->counts.accepted,
	       (unsigned long long)world->counts.refused, (unsigned long long)world->counts.unknown,
	       (unsigned long long)world->counts.direct,
	       (unsigned long long)world->counts.direct_ok,
	       (unsigned long long)world->counts.submitted,
	       (unsigned long long)world->counts.ended[STORE_DONE],
	       (unsigned long long)world->counts.duplicates,
	       (unsigned long long)world->counts.ended[STORE_DEAD],
	       (unsigned long long)world->counts.ended[STORE_QUARANTINED],
	       (unsigned long long)world->counts.ended[STORE_CANCELLED],
	       (unsigned long long)world->counts.steps);
}

void world_end(void)
{
	memory_store_destroy(world->store);
	universe_end();
	world = NULL;
}

/*
 * Dying
 */
static void leave_flight(void *arg, struct tale *tale)
{
	(void)arg;
	tale->in_flight = 0;
}

static _Noreturn void leave_process(int code)
{
	world->now_ms = clock_fake.unix_ms();
	fflush(stdout);
	_exit(code);
}

void world_die(size_t survive)
{
	history_note(&world->history, HAPPENED_CRASH, NO_LINK, 0, (int64_t)survive,
	             (int64_t)memory_store_queued(world->store), NULL);
	world->armed = CRASH_NOW;
	world->counts.crashes++;
	endpoint_each_in_flight(leave_flight, NULL);
	memory_store_crash(world->store, survive);
	clock_fake_advance(dice_between(&world->dice, 100, 5000));
	leave_process(CRASHED);
}

static void is_suspicious(void *arg, struct tale *tale)
{
	const struct store_delivery *row = memory_store_row(world->store, tale->seq);

	if (row && row->suspect >= 2)
		*(bool *)arg = true;
}

static void crash_again(void *arg)
{
	world_crash((enum crash_moment)(uintptr_t)arg);
}

/* A host that is killed from outside while it tries a suspect alone cannot know that the suspect is
 * innocent: nobody kills it then. */
static bool is_excused(enum crash_moment moment)
{
	bool suspicious = false;

	endpoint_each_in_flight(is_suspicious, &suspicious);
	if (suspicious)
		world_in(SECOND_MS, crash_again, (void *)(uintptr_t)moment);
	return suspicious;
}

void world_crash_if(enum crash_moment moment)
{
	if (world->armed != moment || is_excused(moment))
		return;
	world_die(moment == CRASH_COMPLETED
	                  ? 0
	                  : dice_below(&world->dice, memory_store_queued(world->store) + 1));
}

void world_crash(enum crash_moment when)
{
	if (when != CRASH_NOW)
		world->armed = when;
	else if (!is_excused(CRASH_NOW))
		world_die(dice_below(&world->dice, memory_store_queued(world->store) + 1));
}

/*
 * Time
 */
static int64_t sooner(int64_t a, int64_t b)
{
	return a < 0 ? b : b < 0 || a < b ? a : b;
}

/* Of host and disk, on the monotonic clock; -1: neither waits for anything. */
static int64_t next_ms(void)
{
	return sooner(host_next_ms(world_host), memory_store_next_ms(world->store));
}

static void pass_to(int64_t mono_ms)
{
	int64_t wait_ms = mono_ms - clock_fake.mono_ms();

	if (wait_ms > 0)
		clock_fake_advance(wait_ms);
}

static void come_to_rest(void)
{
	for (unsigned turns = 0;; turns++) {
		bool host = host_turn(world_host), store = memory_store_turn(world->store);
		if (!host && !store)
			break;
		if (turns > TURNS_MOST)
			world_violation("a host comes to rest", NULL, NO_LINK,
			                "it is busy without end, and no time passes");
	}
	world->counts.steps++;
	guard_at_rest();
}

/* Somebody waits inside a function of the host. */
static void idle(void *arg)
{
	(void)arg;
	if (memory_store_turn(world->store))
		return;
	int64_t next = next_ms();
	if (next < 0 && memory_store_is_short(world->store)) {
		/* Whoever stops a host on a disk without any room left must make some. */
		memory_store_set_room(world->store, MEMORY_ROOMY);
		return;
	}
	if (next < 0)
		world_violation("whoever waits is answered", NULL, NO_LINK,
		                "nothing will ever happen, and somebody waits");
	pass_to(next);
}

static void step(void)
{
	come_to_rest();
	int64_t next = next_ms(), event = -1;
	if (world->event_count > 0)
		event = world->events[0].at_ms - clock_fake.unix_ms() + clock_fake.mono_ms();
	next = sooner(next, event);
	int64_t end = world->end_ms - clock_fake.unix_ms() + clock_fake.mono_ms();
	pass_to(next < 0 || next > end ? end : next);
	while (!world->stop_host && act_due())
		come_to_rest();
}

/*
 * The life of a host
 */
static void tale_outlives(struct tale *tale)
{
	tale->in_flight = 0;
	tale->welcomed_now = false;
	tale->not_before_ms = 0;
	if (tale->direct)
		tale_end(&world->tales, tale);
	else if (tale->answer == TALE_ASKED)
		tale->answer = TALE_UNKNOWN;
}

static void forget_life(void)
{
	world->stop_host = false;
	world->counts.calls_open = world->counts.batches_open = 0;
	world_each_tale(tale_outlives);
	for (unsigned i = 0; i < world->link_count; i++) {
		struct world_link *link = &world->links[i];
		guard_forget(&link->guard);
		link->endpoint.in_flight = 0;
		link->paused = memory_store_paused(world->store, link->id);
		link->ready_ms = clock_fake.unix_ms();
	}
}

static void begin_host(void)
{
	struct err e = {0};
	struct host_options options = {
		.plugins = world_conf_plugins(),
		.lanes = world->lanes,
		.clock = &clock_fake,
		.store = memory_store_face(world->store),
		.flight_file = world_conf_path("flight"),
		.manual = true,
		.idle = idle,
	};

	clock_fake_set(dice_between(&world->dice, 1, 1000000000), world->now_ms);
	world->epoch++;
	history_note(&world->history, HAPPENED_BEGIN, NO_LINK, 0, world->epoch, 0, NULL);
	forget_life();
	random_fix(dice_next(&world->dice));
	if (host_create(&options, &world_host, &e) < 0)
		world_violation("a host begins", NULL, NO_LINK, "%s", e.text);
	world_deploy_all();
}

static void end_host(void)
{
	history_note(&world->history, HAPPENED_STOP, NO_LINK, 0, 0, 0, NULL);
	host_drain(world_host, GRACE_MS, NULL);
	host_destroy(world_host);
	world_host = NULL;
	store_close(memory_store_face(world->store));
	guard_at_stop();
}

static void sweep(void *arg)
{
	(void)arg;
	come_to_rest(); /* the host's timers of this moment may not have come yet */
	guard_sweep();
	world_in(SWEEP_MS, sweep, NULL);
}

static _Noreturn void live(void)
{
	alarm(HANG_S);
	begin_host();
	while (!world->stop_host && clock_fake.unix_ms() < world->end_ms)
		step();
	bool over = !world->stop_host;
	world->counts.stops += !over;
	end_host();
	if (over)
		guard_at_end();
	if (over)
		world_conf_finish(); /* so that a leak in the last host is seen as one */
	world->now_ms = clock_fake.unix_ms();
	fflush(stdout);
	exit(over ? ENDED : STOPPED);
}

/* The process of a host has ended as none should: the host itself is wrong. */
static int tell_of_death(int status)
{
	if (WIFSIGNALED(status))
		printf("# VIOLATED: a host lives\n# it died of signal %d (%s)", WTERMSIG(status),
		       strsignal(WTERMSIG(status)));
	else
		printf("# VIOLATED: a host lives\n# it ended with %d", WEXITSTATUS(status));
	printf(", seed %llu, host %u\n", (unsigned long long)world->seed, world->epoch);
	history_print(&world->history, 0, NO_LINK, HISTORY_SHOWN);
	fflush(stdout);
	return 1;
}

/* One host after the other; 0 or 1. */
static int live_on(void)
{
	for (;;) {
		int status;
		fflush(NULL);
		pid_t pid = fork();
		if (pid == 0)
			live();
		if (pid < 0 || waitpid(pid, &status, 0) != pid) {
			perror("a host cannot be had");
			return 1;
		}
		if (!WIFEXITED(status))
			return tell_of_death(status);
		switch (WEXITSTATUS(status)) {
		case ENDED:
			return 0;
		case VIOLATED:
			return 1;
		case CRASHED:
		case STOPPED:
			break;
		default:
			return tell_of_death(status);
		}
	}
}

int world_run(int64_t duration_ms)
{
	struct err e = {0};

	world->end_ms = world->begun_ms + duration_ms;
	world_at(SWEEP_MS, sweep, NULL);
	if (crypto_init(&e) < 0 || world_conf_begin() < 0) {
		printf("# the world cannot begin: %s\n", e.text);
		return 1;
	}
	int rc = live_on();
	world_conf_finish();
	world_conf_remove();
	return rc;
}
