/* What happened to an attempt → what becomes of the message and its link. */
#include "core/policy.h"

#include <linkspan/connector.h>
#include <string.h>

#include "base/banned.h"

enum {
	MINUTE_MS = 60 * 1000,
	HOUR_MS = 60 * MINUTE_MS,
	DAY_MS = 24 * HOUR_MS,
	EARLY_WAITS = 3, /* spread widely: after one fault many messages wait for the same moment */
	FORBIDDEN_MOST = 2,
	ANY = -1,
};

/* What is decided.  The first row that fits counts. */
static const struct row {
	int result;         /* ANY */
	unsigned flags;     /* all of these are set */
	unsigned status;    /* 0: any */
	uint32_t forbidden; /* at least */
	enum policy_action action;
	bool blocks, pauses;
} rows[] = {
	/* Whatever else it says: a message that was delivered is delivered. */
	{.result = LK_DONE, .action = POLICY_DONE},
	/* We ourselves gave it up, and what the plugin made of that says nothing. */
	{.result = ANY, .flags = LK_CANCELLED, .action = POLICY_RETRY},
	{.result = ANY, .flags = LK_LINK_GONE, .action = POLICY_DEAD},
	{.result = LK_BLOCKED, .action = POLICY_WAIT, .blocks = true},
	/* One 403 is about its message; the third message in a row shows that it is about us. */
	{.result = LK_REJECT,
         .status = 403,
         .forbidden = FORBIDDEN_MOST,
         .action = POLICY_WAIT,
         .blocks = true},
	{.result = LK_REJECT, .action = POLICY_DEAD},
	{.result = ANY, .action = POLICY_RETRY},
};

static const struct row *row_of(const struct policy_case *c)
{
	const struct row *row = rows;

	while ((row->result != ANY && row->result != c->result) ||
	       (c->flags & row->flags) != row->flags || (row->status && row->status != c->status) ||
	       c->forbidden < row->forbidden)
		row++;
	return row;
}

/* The standard schedule; behind its end the last wait repeats. */
static const int32_t waits_ms[] = {
	5 * 1000,    30 * 1000,   2 * MINUTE_MS, 10 * MINUTE_MS, 30 * MINUTE_MS, 1 * HOUR_MS,
	2 * HOUR_MS, 4 * HOUR_MS, 8 * HOUR_MS,   16 * HOUR_MS,   DAY_MS,
};

static int64_t standard_ms(uint32_t attempt)
{
	size_t last = sizeof(waits_ms) / sizeof(waits_ms[0]) - 1;

	return waits_ms[attempt - 1 < last ? attempt - 1 : last];
}

static int64_t exponential_ms(int64_t base_ms, uint32_t attempt)
{
	int64_t wait_ms = base_ms;

	for (uint32_t i = 1; i < attempt && wait_ms < DAY_MS; i++)
		wait_ms *= 2;
	return wait_ms < DAY_MS ? wait_ms : DAY_MS;
}

/* Evenly from wait - spread to wait + spread. */
static int64_t spread(int64_t wait_ms, int64_t spread_ms, uint32_t (*random)(uint32_t limit))
{
	return wait_ms - spread_ms + random((uint32_t)(2 * spread_ms + 1));
}

int64_t policy_delay_ms(const struct policy_rules *rules, uint32_t attempt,
                        uint32_t (*random)(uint32_t limit))
{
	uint32_t failure = attempt > 0 ? attempt : 1;
	int64_t wait_ms = rules->retry_delay_ms > 0 ? exponential_ms(rules->retry_delay_ms, failure)
	                                            : standard_ms(failure);

	return spread(wait_ms, failure <= EARLY_WAITS ? wait_ms / 2 : wait_ms / 5, random);
}

int64_t policy_probe_ms(const struct policy_rules *rules)
{
	return rules->retry_delay_ms > 0 ? rules->retry_delay_ms : MINUTE_MS;
}

static bool is_timeout(const char *reason)
{
	static const char word[] = "timeout";

	return reason && strncmp(reason, word, sizeof(word) - 1) == 0 &&
	       (reason[sizeof(word) - 1] == '\0' || reason[sizeof(word) - 1] == '_');
}

static enum policy_link link_of(const struct policy_case *c)
{
	if (c->result == LK_DONE)
		return POLICY_SUCCESS;
	if (c->flags & LK_LINK_FAULT)
		return POLICY_FAULT;
	return c->status > 0 ? POLICY_SUCCESS : POLICY_NEUTRAL;
}

/* Never sooner than the peer asks, but a peer cannot put a message off for ever. */
static int64_t wait_of(const struct policy_rules *rules, const struct policy_case *c,
                       uint32_t (*random)(uint32_t limit))
{
	int64_t wait_ms = policy_delay_ms(rules, c->attempt, random);
	int64_t asked_ms = c->retry_after_ms < DAY_MS ? c->retry_after_ms : DAY_MS;

	return asked_ms > wait_ms ? asked_ms : wait_ms;
}

/* What ends a message that could be tried again; NULL: nothing.  A try that would come too late is
 * not waited for. */
static const char *end_of(const struct policy_rules *rules, const struct policy_case *c,
                          const struct policy_verdict *v)
{
	if (v->action == POLICY_RETRY && c->attempt >= rules->retry_max_attempts)
		return "attempts";
	if (c->age_ms >= rules->retry_max_age_ms ||
	    v->wait_ms > rules->retry_max_age_ms - c->age_ms)
		return "age";
	return NULL;
}

struct policy_verdict policy_judge(const struct policy_rules *rules, const struct policy_case *c,
                                   uint32_t (*random)(uint32_t limit))
{
	const struct row *row = row_of(c);
	struct policy_verdict v = {.action = row->action};

	if (!(c->flags & LK_CANCELLED) || c->result == LK_DONE) {
		v.link = link_of(c);
		v.congested =
			c->flags & LK_CONGESTED || (c->result != LK_DONE && is_timeout(c->reason));
		v.blocks = row->blocks;
		v.pauses = c->flags & LK_LINK_GONE;
		v.wait_ms = v.action == POLICY_RETRY ? wait_of(rules, c, random) : 0;
	}
	if (v.action == POLICY_DEAD)
		v.end = "rejected";
	else if (v.action != POLICY_DONE && (v.end = end_of(rules, c, &v))) {
		v.action = POLICY_DEAD;
		v.wait_ms = 0;
	}
	return v;
}
