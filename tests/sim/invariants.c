/* The invariants, one function each, and the model of a link that some of them need. */
#include "invariants.h"

#include <linkspan/connector.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "core/monitor.h"
#include "world.h"

enum {
	LIMIT_MOST = 256,    /* adaptive concurrency */
	ACTIVE_MOST = 20000, /* in memory, over all links */
	OPENING_FAULTS = 5,  /* in a row */
	CLOSING_SUCCESSES = 3,
	DEATHS_MOST = 3, /* two, and one alone */
	RAMP_MOST = 6,   /* under way in the first ten seconds after an outage */
	DEFAULT_ATTEMPTS = 12,
	DEFAULT_AGE_S = 259200,
	DEFAULT_PROBE_S = 60,
};
#define OPEN_MS    (24 * SECOND_MS) /* 30 s, and a fifth less at the most */
#define RAMP_MS    (10 * SECOND_MS)
#define DAY_MS     (24 * HOUR_MS)
#define STARVED_MS (25 * MINUTE_MS) /* the longest break of a breaker, and some */

static int64_t now_ms(void)
{
	return clock_fake.unix_ms();
}

static const struct link_settings *settings_of(const struct world_link *link)
{
	return &link->variants[link->variant];
}

static uint32_t attempts_most(const struct world_link *link)
{
	unsigned most = settings_of(link)->retry_max_attempts;

	return most ? most : DEFAULT_ATTEMPTS;
}

static int64_t age_most_ms(const struct world_link *link)
{
	unsigned most = settings_of(link)->retry_max_age_s;

	return (most ? most : DEFAULT_AGE_S) * SECOND_MS;
}

void guard_forget(struct guard *g)
{
	*g = (struct guard){.level_ms = now_ms(), .progress_ms = now_ms()};
}

/*
 * When a message is submitted
 */
static void check_body(const struct world_link *link, const struct tale *tale,
                       const struct lk_request *request)
{
	if (world_hash(request->body, request->body_bytes) != tale->hash)
		world_violation("every attempt carries the same body", tale, (int)link->number,
		                "%zu bytes of another body were submitted", request->body_bytes);
	if (tale->link != link->number)
		world_violation("a message goes to its own receiver", tale, (int)link->number,
		                "it belongs to L%02u", tale->link);
}

static void check_not_ended(const struct world_link *link, const struct tale *tale)
{
	if (tale->state != STORE_LEASED)
		world_violation("nothing is sent after its end was committed, or before its lease",
		                tale, (int)link->number, "its row is %s",
		                tale->state == STORE_STATES ? "not there"
		                                            : store_state_name(tale->state));
	if (tale->welcomed_now)
		world_violation("nothing is delivered again that was delivered", tale,
		                (int)link->number, "this host was told of its delivery before");
	if (tale->in_flight > 1)
		world_violation("a message is under way once", tale, (int)link->number,
		                "it is under way %u times", tale->in_flight);
}

static void check_attempt(const struct world_link *link, const struct tale *tale,
                          const struct lk_request *request)
{
	if (request->attempt != tale->attempts + 1)
		world_violation("attempts are counted", tale, (int)link->number,
		                "attempt %u follows %u that are used up", request->attempt,
		                tale->attempts);
	if (request->attempt > attempts_most(link))
		world_violation("attempts never pass the limit", tale, (int)link->number,
		                "attempt %u of %u", request->attempt, attempts_most(link));
}

static void check_held(const struct world_link *link, const struct tale *tale)
{
	const char *why = !link->deployed               ? "not deployed"
	                  : link->paused                ? "paused"
	                  : settings_of(link)->disabled ? "disabled"
	                                                : NULL;

	if (why)
		world_violation("what is held is not sent", tale, (int)link->number,
		                "the link is %s", why);
}

static void check_time(const struct world_link *link, const struct tale *tale)
{
	if (!tale->hurried && tale->not_before_ms > now_ms())
		world_violation("Retry-After is never undercut", tale, (int)link->number,
		                "it is sent %lld ms too early",
		                (long long)(tale->not_before_ms - now_ms()));
}

static void check_order(const struct world_link *link, const struct tale *tale)
{
	char key[16];

	if (tale->key == NO_KEY || !settings_of(link)->ordered)
		return;
	world_key(tale->key, key, sizeof(key));
	const struct store_delivery *first =
		memory_store_earlier(world->store, link->id, key, tale->seq);
	const struct tale *other = first ? tale_find(&world->tales, first->seq) : NULL;
	/* One that was replayed since this one was leased comes too late to be first. */
	if (other && other->replayed_ms < tale->leased_ms)
		world_violation("ordering per key holds", tale, (int)link->number,
		                "%llx of the same key came before it and is %s",
		                (unsigned long long)first->seq, store_state_name(first->state));
}

static void check_in_flight(const struct world_link *link, const struct tale *tale)
{
	unsigned pool = settings_of(link)->pool_size;
	uint32_t most = pool ? pool : LIMIT_MOST;

	if (link->endpoint.in_flight > most)
		world_violation("never more than the bound in flight", tale, (int)link->number,
		                "%u are under way, %u may be", link->endpoint.in_flight, most);
}

static void check_rate(struct world_link *link, const struct tale *tale)
{
	const struct link_settings *s = settings_of(link);
	struct guard *g = &link->guard;
	int64_t passed = now_ms() - g->level_ms;

	if (!s->rate_per_s)
		return;
	g->level -= (double)passed * s->rate_per_s / 1000;
	g->level = (g->level < 0 ? 0 : g->level) + 1;
	g->level_ms = now_ms();
	unsigned burst = s->burst ? s->burst : 1;
	if (g->level > burst + 1e-6)
		world_violation("the rate is kept", tale, (int)link->number,
		                "%.3f above a burst of %u at %u/s", g->level, burst, s->rate_per_s);
}

/* Of several faults that come at one moment the host may not have heard all yet. */
static bool is_broken(const struct guard *g)
{
	return g->broken && g->heard_ms < now_ms();
}

static void check_breaker(const struct world_link *link, const struct tale *tale)
{
	const struct guard *g = &link->guard;

	if (!is_broken(g))
		return;
	if (now_ms() < g->broken_ms + OPEN_MS)
		world_violation("an open breaker lets nothing out", tale, (int)link->number,
		                "%u faults in a row, the last %lld ms ago", g->faults_in_row,
		                (long long)(now_ms() - g->broken_ms));
	if (g->probes > 0)
		world_violation("a half-open breaker tries one at a time", tale, (int)link->number,
		                "%u are under way", g->probes + 1);
}

static void check_ramp(const struct world_link *link, const struct tale *tale)
{
	const struct guard *g = &link->guard;

	if (g->recovered_ms && now_ms() < g->recovered_ms + RAMP_MS && g->ramp >= RAMP_MOST)
		world_violation("at most six under way in the first ten seconds", tale,
		                (int)link->number, "%u are, %lld ms after the outage", g->ramp + 1,
		                (long long)(now_ms() - g->recovered_ms));
}

static void check_blocked(const struct world_link *link, const struct tale *tale)
{
	const struct guard *g = &link->guard;
	unsigned delay_s = settings_of(link)->retry_delay_s;
	int64_t probe_ms = (delay_s ? delay_s : DEFAULT_PROBE_S) * SECOND_MS;

	if (g->blocked && now_ms() < g->blocked_ms + probe_ms)
		world_violation("a blocked link is probed now and then", tale, (int)link->number,
		                "%lld ms after it was refused; %lld are to pass",
		                (long long)(now_ms() - g->blocked_ms), (long long)probe_ms);
}

struct guarded guard_submitted(struct world_link *link, struct tale *tale,
                               const struct lk_request *request)
{
	struct guard *g = &link->guard;
	struct guarded what = {
		.probe = is_broken(g),
		.ramp = is_broken(g) || g->recovered_ms,
		.tried_blocked = g->blocked,
		.began_ms = now_ms(),
	};

	check_body(link, tale, request);
	check_held(link, tale);
	if (!tale->direct) {
		check_not_ended(link, tale);
		check_attempt(link, tale, request);
		check_time(link, tale);
		check_order(link, tale);
	}
	check_in_flight(link, tale);
	check_rate(link, tale);
	check_breaker(link, tale);
	check_ramp(link, tale);
	check_blocked(link, tale);
	g->probes += what.probe;
	g->ramp += what.ramp;
	g->progress_ms = now_ms();
	tale->hurried = false;
	world->counts.submitted++;
	return what;
}

/*
 * When it is answered
 */

/* answer → what it says of link and message */
static const struct {
	bool fault;    /* of the link */
	bool rejected; /* for good */
} meanings[ANSWERS] = {
	[ANSWER_RESET] = {.fault = true},   [ANSWER_REFUSED] = {.fault = true},
	[ANSWER_TIMEOUT] = {.fault = true}, [ANSWER_NEVER] = {.fault = true},
	[ANSWER_503] = {.fault = true},     [ANSWER_429] = {.fault = true},
	[ANSWER_403] = {.rejected = true},  [ANSWER_410] = {.rejected = true},
	[ANSWER_422] = {.rejected = true},
};

/*
 * Only a part of what opens a breaker is modelled, and leniently: what began before the last good answer
 * may have been stale, and of a row of faults the breaker may have been open since the first.
 */
static void learn_breaker(struct guard *g, struct guarded what, enum answer answer)
{
	int64_t now = now_ms();

	if (!meanings[answer].fault) {
		g->faults_in_row = 0;
		g->bad_ms = 0;
		g->good_ms = now;
		if (g->broken && ++g->successes >= CLOSING_SUCCESSES) {
			g->broken = false;
			g->recovered_ms = now;
		}
		return;
	}
	if (g->broken && what.probe) {
		g->heard_ms = g->broken_ms = now;
		g->successes = 0;
	}
	if (!g->bad_ms)
		g->bad_ms = now;
	if (g->broken || what.began_ms < g->good_ms)
		return;
	g->broken = ++g->faults_in_row >= OPENING_FAULTS;
	g->broken_ms = g->bad_ms;
	g->heard_ms = now;
	g->successes = 0;
}

static void learn_block(struct guard *g, struct guarded what, enum answer answer)
{
	if (answer != ANSWER_401) {
		g->blocked = false;
		return;
	}
	if (!g->blocked || what.tried_blocked)
		g->blocked_ms = now_ms();
	g->blocked = true;
}

void guard_told(struct world_link *link, struct tale *tale, struct guarded what, enum answer answer,
                int64_t retry_after_ms, bool cancelled)
{
	struct guard *g = &link->guard;

	g->probes -= what.probe && g->probes > 0;
	g->ramp -= what.ramp && g->ramp > 0;
	if (cancelled)
		return;
	learn_breaker(g, what, answer);
	learn_block(g, what, answer);
	link->paused = link->paused || answer == ANSWER_410;
	if (meanings[answer].rejected)
		tale->rejected = true;
	if (answer == ANSWER_OK) {
		if (tale->welcomed++)
			world->counts.duplicates++;
		tale->welcomed_now = true;
		world->counts.welcomed++;
	}
	if (retry_after_ms > 0)
		tale->not_before_ms =
			now_ms() + (retry_after_ms < DAY_MS ? retry_after_ms : DAY_MS);
}

/*
 * When a row is committed
 */
static void check_claim(const struct tale *tale, enum store_state before)
{
	if (before == STORE_READY && tale->due_ms > now_ms())
		world_violation("nothing is claimed before its time", tale, (int)tale->link,
		                "it is due in %lld ms", (long long)(tale->due_ms - now_ms()));
}

static void check_retry(const struct tale *tale, const struct store_delivery *row)
{
	if (row->attempts < tale->attempts || row->attempts > tale->attempts + 1)
		world_violation("attempts are used up one by one", tale, (int)tale->link,
		                "%u, and %u before", row->attempts, tale->attempts);
	if (row->attempts > attempts_most(&world->links[tale->link]))
		world_violation("attempts never pass the limit", tale, (int)tale->link,
		                "%u are committed", row->attempts);
	if (tale->not_before_ms > row->due_ms && row->attempts > tale->attempts &&
	    tale->not_before_ms > now_ms() && !tale->hurried)
		world_violation("Retry-After is never undercut", tale, (int)tale->link,
		                "it is due %lld ms too early",
		                (long long)(tale->not_before_ms - row->due_ms));
}

static void check_done(const struct tale *tale)
{
	if (!tale->welcomed)
		world_violation("done is what was delivered", tale, (int)tale->link,
		                "no receiver has taken it");
}

static void check_dead(const struct tale *tale, const struct store_delivery *row)
{
	const struct world_link *link = &world->links[tale->link];
	int64_t age_ms = now_ms() - row->since_ms;

	if (tale->rejected || row->attempts >= attempts_most(link))
		return;
	/* It may be ended when its next attempt would come too late. */
	if (age_ms + DAY_MS * 6 / 5 >= age_most_ms(link))
		return;
	world_violation("nothing is given up before its time", tale, (int)tale->link,
	                "dead (%s) after %u attempts and %lld ms", row->reason ? row->reason : "-",
	                row->attempts, (long long)age_ms);
}

static void check_quarantined(const struct tale *tale)
{
	if (tale->fate != FATE_DEADLY)
		world_violation("the innocent are never quarantined", tale, (int)tale->link,
		                "it kills nobody");
}

static void check_cancelled(const struct tale *tale)
{
	if (!tale->cancelled)
		world_violation("only an operator cancels", tale, (int)tale->link, "nobody did");
}

static void check_change(const struct tale *tale, const struct store_delivery *row,
                         enum store_state before)
{
	switch (row->state) {
	case STORE_LEASED:
		check_claim(tale, before);
		break;
	case STORE_READY:
		if (before == STORE_LEASED)
			check_retry(tale, row);
		break;
	case STORE_DONE:
		check_done(tale);
		break;
	case STORE_DEAD:
		check_dead(tale, row);
		break;
	case STORE_QUARANTINED:
		check_quarantined(tale);
		break;
	case STORE_CANCELLED:
		check_cancelled(tale);
		break;
	case STORE_STATES:
		break;
	}
}

void guard_changed(struct tale *tale, const struct store_delivery *row, enum store_state before)
{
	bool replayed = row->replay != tale->replay;

	if (before != STORE_STATES && before != tale->state)
		world_violation("states follow one another", tale, (int)tale->link, "it was %s",
		                store_state_name(before));
	check_change(tale, row, before);
	world->counts.leased += row->state == STORE_LEASED;
	world->counts.leased -= before == STORE_LEASED;
	tale->state = row->state;
	tale->attempts = row->attempts;
	tale->due_ms = row->due_ms;
	if (row->state == STORE_LEASED)
		tale->leased_ms = now_ms();
	if (replayed) {
		tale->replay = row->replay;
		tale->replayed_ms = now_ms();
		tale->welcomed_now = tale->rejected = tale->cancelled = false;
		tale->not_before_ms = 0;
		tale->deaths = 0;
	}
	if (row->ended_ms)
		world->counts.ended[row->state]++;
}

void guard_answered(struct tale *tale, int rc)
{
	bool stored = tale->state != STORE_STATES;

	if (rc == 0 && !stored)
		world_violation("what is accepted is on the disk", tale, (int)tale->link,
		                "there is no row");
	if (rc < 0 && rc != ERR_IO && stored)
		world_violation("what is refused is not kept", tale, (int)tale->link,
		                "it was refused (%s), and there is a row", err_name(rc));
	tale->answer = rc == 0 ? TALE_ACCEPTED : rc == ERR_IO ? TALE_UNKNOWN : TALE_REFUSED;
}

/*
 * When nothing moves
 */
void guard_at_rest(void)
{
	uint64_t most = ACTIVE_MOST + memory_store_queued(world->store);

	if (world->counts.leased > most)
		world_violation("memory is bounded", NULL, NO_LINK, "%llu deliveries are leased",
		                (unsigned long long)world->counts.leased);
}

static void check_slots(void *arg, const struct monitor_link *shown)
{
	const struct world_link *link = world_link_named(shown->connection);

	(void)arg;
	if (!link || shown->in_flight == link->endpoint.in_flight)
		return;
	world_violation("no slot leaks", NULL, (int)link->number,
	                "the host counts %u under way, the receiver %u", shown->in_flight,
	                link->endpoint.in_flight);
}

static bool is_healthy(const struct world_link *link)
{
	return link->deployed && !link->paused && !settings_of(link)->disabled &&
	       link->endpoint.mood == MOOD_SERVES && link->endpoint.faults == 0 &&
	       link->endpoint.late == 0 && link->endpoint.mood_ms + STARVED_MS < now_ms() &&
	       link->ready_ms + STARVED_MS < now_ms();
}

static void check_starved(const struct world_link *link)
{
	int64_t due_ms, stuck_ms = now_ms() - STARVED_MS;
	size_t due = memory_store_due(world->store, link->id, now_ms(), settings_of(link)->ordered,
	                              &due_ms);

	if (is_healthy(link) && due > 0 && due_ms < stuck_ms && link->guard.progress_ms < stuck_ms)
		world_violation(
			"no link starves", NULL, (int)link->number,
			"%zu are due, the first since %lld ms; nothing was sent for %lld ms", due,
			(long long)(now_ms() - due_ms),
			(long long)(now_ms() - link->guard.progress_ms));
}

void guard_sweep(void)
{
	struct err e = {0};

	if (monitor_links(world_host, NULL, NULL, NULL, check_slots, NULL, &e) < 0)
		world_violation("links can be looked at", NULL, NO_LINK, "%s", e.text);
	for (unsigned i = 0; i < world->link_count; i++)
		check_starved(&world->links[i]);
}

static void check_ended(struct tale *tale)
{
	if (tale->direct)
		return;
	if (tale->answer == TALE_ACCEPTED && tale->state == STORE_STATES)
		world_violation("nothing accepted is lost", tale, (int)tale->link,
		                "there is no row");
	if (tale->state == STORE_READY || tale->state == STORE_LEASED)
		world_violation("everything comes to an end", tale, (int)tale->link,
		                "it is %s, due %lld ms from now", store_state_name(tale->state),
		                (long long)(tale->due_ms - now_ms()));
}

void guard_at_end(void)
{
	if (world->counts.calls_open || world->counts.batches_open)
		world_violation("whoever asks is answered", NULL, NO_LINK,
		                "%llu calls and %llu sendings are not",
		                (unsigned long long)world->counts.calls_open,
		                (unsigned long long)world->counts.batches_open);
	world_each_tale(check_ended);
}

void guard_at_stop(void)
{
	if (world->counts.leased)
		world_violation("a stop leaves nothing leased", NULL, NO_LINK, "%llu are",
		                (unsigned long long)world->counts.leased);
}
