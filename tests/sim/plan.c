/* What happens in a random world. */
#include "plan.h"

#include "base/clock.h"
#include "world.h"

enum {
	LINKS_LEAST = 3,
	LINKS_MOST = 10,
	DEADLY_MOST = 3,
	MANY = 50000, /* messages, after which there are no bursts any more */
	DRAIN_HOURS =
		60, /* the longest wait of the schedule is a day, with a fifth more, and another */
};

/* How a link is used. */
struct usage {
	int64_t mean_ms; /* between two sendings */
	double direct;   /* share of calls */
	double bursts;   /* share of sendings that are many messages */
	unsigned burst_most;
	unsigned keys; /* 0: none */
	double refused;
	int64_t well_ms, ill_ms; /* means of how long the moods last */
};

static struct plan {
	struct usage usages[WORLD_LINKS];
	int64_t over_ms;
	unsigned deadly;
} * plan;

static bool is_over(void)
{
	return world_ms() >= plan->over_ms;
}

static uint64_t below(uint64_t limit)
{
	return dice_below(&world->dice, limit);
}

static bool chance(double probability)
{
	return dice_chance(&world->dice, probability);
}

static int64_t wait_of(int64_t mean_ms)
{
	return 1 + dice_wait_ms(&world->dice, mean_ms);
}

/* Things that come again and again: act, then plan the next. */
static void again(int64_t mean_ms, void (*act)(void *arg), void *arg)
{
	if (!is_over())
		world_in(wait_of(mean_ms), act, arg);
}

/*
 * Senders
 */
static enum fate draw_fate(const struct usage *u)
{
	if (plan->deadly < DEADLY_MOST && chance(0.0003)) {
		plan->deadly++;
		return FATE_DEADLY;
	}
	return chance(u->refused) ? FATE_REFUSED : FATE_WELCOME;
}

static void send_something(unsigned link)
{
	const struct usage *u = &plan->usages[link];
	struct sending what = {.link = link, .count = 1, .key = NO_KEY};

	if (chance(u->bursts) && world->counts.asked < MANY)
		what.count = 1 + (unsigned)below(u->burst_most);
	if (u->keys && chance(0.9))
		what.key = (int)below(u->keys);
	if (chance(0.02))
		what.body_bytes = 1 + below(200000);
	what.fate = draw_fate(u);
	if (what.fate == FATE_DEADLY)
		what.count = 1;
	while (what.count > 0) {
		struct sending part = what;
		part.count = what.count < 500 ? what.count : 500;
		world_send(&part);
		what.count -= part.count;
	}
}

static void sends(void *arg)
{
	unsigned link = (unsigned)(uintptr_t)arg;

	if (is_over())
		return;
	if (chance(plan->usages[link].direct))
		world_call(link);
	else
		send_something(link);
	again(plan->usages[link].mean_ms, sends, arg);
}

/*
 * Receivers
 */
static enum mood_kind draw_trouble(void)
{
	static const enum mood_kind troubles[] = {
		MOOD_SLOW,    MOOD_FLAKY, MOOD_FLAKY,       MOOD_REFUSES,   MOOD_REFUSES,
		MOOD_HANGS,   MOOD_HANGS, MOOD_UNAVAILABLE, MOOD_THROTTLES, MOOD_UNAUTHORISED,
		MOOD_FORBIDS, MOOD_GONE,  MOOD_BUSY,
	};

	return troubles[below(sizeof(troubles) / sizeof(troubles[0]))];
}

static void changes_mood(void *arg)
{
	unsigned number = (unsigned)(uintptr_t)arg;
	struct endpoint *e = &world->links[number].endpoint;
	const struct usage *u = &plan->usages[number];

	if (is_over())
		return;
	bool well = e->mood != MOOD_SERVES;
	endpoint_set_mood(e, well ? MOOD_SERVES : draw_trouble());
	again(well ? u->well_ms : u->ill_ms, changes_mood, arg);
}

/*
 * Operators
 */
static void hurry(struct tale *tale)
{
	if (chance(0.5))
		world_retry(tale);
	else
		world_cancel(tale);
}

/* Some message, wherever it stands. */
static struct tale *draw_tale(void)
{
	size_t start = below(world->tales.bucket_count);

	for (size_t i = 0; i < world->tales.bucket_count; i++) {
		struct tale *tale = world->tales.buckets[(start + i) % world->tales.bucket_count];
		while (tale && (tale->direct || tale->state == STORE_STATES))
			tale = tale->next;
		if (tale)
			return tale;
	}
	return NULL;
}

static void toggle_pause(unsigned link)
{
	if (world->links[link].paused)
		world_resume(link);
	else if (world->links[link].id)
		world_pause(link);
}

static void toggle_deployed(unsigned link)
{
	const struct world_link *l = &world->links[link];

	if (!l->deployed)
		world_deploy(link, (unsigned)below(WORLD_VARIANTS));
	else
		world_undeploy(link);
}

static void redeploy(unsigned link)
{
	if (world->links[link].deployed)
		world_deploy(link, (unsigned)below(WORLD_VARIANTS));
}

static void operate(void *arg)
{
	unsigned link = (unsigned)below(world->link_count);
	struct tale *tale = draw_tale();

	if (is_over())
		return;
	switch (below(8)) {
	case 0:
		toggle_pause(link);
		break;
	case 1:
		toggle_deployed(link);
		break;
	case 2:
	case 3:
		redeploy(link);
		break;
	case 4:
		if (world->links[link].id)
			world_replay(link);
		break;
	default:
		if (tale)
			hurry(tale);
	}
	again(20 * MINUTE_MS, operate, arg);
}

/* What was paused, by hand or by a 410, or is not deployed, does not stay so for ever. */
static void tend(void *arg)
{
	unsigned link = (unsigned)below(world->link_count);

	if (is_over())
		return;
	if (world->links[link].paused)
		world_resume(link);
	if (!world->links[link].deployed ||
	    world->links[link].variants[world->links[link].variant].disabled)
		world_deploy(link, 0);
	again(10 * MINUTE_MS, tend, arg);
}

/*
 * Accidents
 */
static void crash(void *arg)
{
	if (is_over())
		return;
	again(3 * HOUR_MS, crash, arg);
	world_crash((enum crash_moment)below(CRASH_MOMENTS));
}

static void stop(void *arg)
{
	if (is_over())
		return;
	again(10 * HOUR_MS, stop, arg);
	world_stop_host();
}

static void has_room_again(void *arg)
{
	(void)arg;
	history_note(&world->history, HAPPENED_ROOM, NO_LINK, 0, 0, 0, "roomy");
	memory_store_set_room(world->store, MEMORY_ROOMY);
}

static void fills_up(void *arg)
{
	bool exhausted = chance(0.3);

	if (is_over())
		return;
	history_note(&world->history, HAPPENED_ROOM, NO_LINK, 0, 0, 0,
	             exhausted ? "exhausted" : "full");
	memory_store_set_room(world->store, exhausted ? MEMORY_EXHAUSTED : MEMORY_FULL);
	world_in(wait_of(5 * MINUTE_MS), has_room_again, NULL);
	again(12 * HOUR_MS, fills_up, arg);
}

static void host_ends(void *arg)
{
	unsigned epoch = (unsigned)(uintptr_t)arg;

	if (epoch == world->epoch)
		world_die(0);
}

/* An I/O error: the host is told, and its process ends within a second. */
static void fails(void *arg)
{
	if (is_over())
		return;
	again(24 * HOUR_MS, fails, arg);
	history_note(&world->history, HAPPENED_FAILURE, NO_LINK, 0, 0, 0, NULL);
	memory_store_fail(world->store, chance(0.5));
	world_in((int64_t)below(1000), host_ends, (void *)(uintptr_t)world->epoch);
}

static void heal(void *arg)
{
	(void)arg;
	world_heal();
}

/*
 * The drawing
 */
static unsigned pick(const unsigned *from, size_t count)
{
	return from[below(count)];
}
#define PICK(...)                                                                                  \
	pick((const unsigned[]){__VA_ARGS__},                                                      \
	     sizeof((const unsigned[]){__VA_ARGS__}) / sizeof(unsigned))

static void draw_link(void)
{
	struct link_settings s = {
		.pool_size = PICK(0, 0, 0, 1, 2, 5, 20, 100),
		.rate_per_s = PICK(0, 0, 0, 1, 5, 50),
		.retry_delay_s = PICK(0, 0, 1, 10, 60),
		.retry_max_attempts = PICK(0, 0, 1, 3, 5, 20),
		.retry_max_age_s = PICK(0, 0, 0, 600, 7200),
		.retry_inline = PICK(0, 2),
		.request_timeout_ms = PICK(0, 0, 1000, 10000),
		.ordered = chance(0.3),
	};
	s.burst = s.rate_per_s ? PICK(0, 3, 20) : 0;
	struct world_link *link = world_add_link(&s);
	struct link_settings *other = &link->variants[1];
	other->pool_size = PICK(0, 1, 10);
	other->rate_per_s = PICK(0, 2, 20);
	other->request_timeout_ms = PICK(0, 5000);
	other->disabled = chance(0.3);
	link->endpoint.latency_ms = PICK(1, 20, 100, 900);
	link->endpoint.spread_ms = link->endpoint.latency_ms * PICK(0, 1, 3);
	/* It is the receiver's moods that are to make trouble, not an impossible deadline. */
	if (link->endpoint.latency_ms > 100 && s.request_timeout_ms == 1000)
		link->variants[0].request_timeout_ms = 0;
	link->endpoint.faults = chance(0.5) ? 0 : 0.02;
	link->endpoint.late = chance(0.8) ? 0 : 0.01;

	plan->usages[link->number] = (struct usage){
		.mean_ms = PICK(30, 120, 600, 1800) * SECOND_MS,
		.direct = chance(0.5) ? 0.2 : 0,
		.bursts = 0.01,
		.burst_most = PICK(50, 300, 2000),
		.keys = s.ordered ? PICK(1, 3, 20) : 0,
		.refused = chance(0.5) ? 0 : 0.02,
		.well_ms = PICK(30, 120, 600) * MINUTE_MS,
		.ill_ms = PICK(2, 20, 120) * MINUTE_MS,
	};
}

int64_t plan_draw(int64_t hours)
{
	unsigned links = LINKS_LEAST + (unsigned)below(LINKS_MOST - LINKS_LEAST + 1);

	plan = universe_alloc(sizeof(*plan));
	plan->over_ms = hours * HOUR_MS;
	world->lanes = 1 + (unsigned)below(3);
	world->latency_ms = PICK(0, 1, 20);
	world->latency_spread_ms = PICK(0, 5, 200);
	for (unsigned i = 0; i < links; i++) {
		draw_link();
		world_in(wait_of(plan->usages[i].mean_ms), sends, (void *)(uintptr_t)i);
		world_in(wait_of(plan->usages[i].well_ms), changes_mood, (void *)(uintptr_t)i);
	}
	world_in(wait_of(20 * MINUTE_MS), operate, NULL);
	world_in(wait_of(10 * MINUTE_MS), tend, NULL);
	world_in(wait_of(3 * HOUR_MS), crash, NULL);
	world_in(wait_of(10 * HOUR_MS), stop, NULL);
	world_in(wait_of(12 * HOUR_MS), fills_up, NULL);
	world_in(wait_of(24 * HOUR_MS), fails, NULL);
	world_at(plan->over_ms, heal, NULL);
	return plan->over_ms + DRAIN_HOURS * HOUR_MS;
}
