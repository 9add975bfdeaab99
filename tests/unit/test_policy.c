/* Every row of delivery.md's "What happened → what we do", the schedule, and what ends a message. */
#include "core/policy.h"

#include <linkspan/connector.h>
#include <stdio.h>
#include <string.h>

#include "suite.h"
#include "webhook/status.h"

#define S      INT64_C(1000)
#define MINUTE (60 * S)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

/* The defaults of the common rows. */
static const struct policy_rules standard = {0, 12, 259200 * S};

/* Three generators: the least, the greatest, and a fixed sequence (xorshift). */
static uint32_t least(uint32_t limit)
{
	(void)limit;
	return 0;
}

static uint32_t most(uint32_t limit)
{
	return limit - 1;
}

static uint32_t state = 2463534242u;

static uint32_t any(uint32_t limit)
{
	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return state % limit;
}

static uint32_t middle(uint32_t limit)
{
	return limit / 2;
}

static void same(const struct policy_verdict *is, const struct policy_verdict *should,
                 const char *what)
{
	ck_assert_msg(is->action == should->action, "%s: action %d", what, is->action);
	ck_assert_msg(is->link == should->link, "%s: link %d", what, is->link);
	ck_assert_msg(is->congested == should->congested, "%s: congested %d", what, is->congested);
	ck_assert_msg(is->blocks == should->blocks, "%s: blocks %d", what, is->blocks);
	ck_assert_msg(is->pauses == should->pauses, "%s: pauses %d", what, is->pauses);
	if (should->end)
		ck_assert_str_eq(is->end, should->end);
	else
		ck_assert_msg(!is->end, "%s: ends: %s", what, is->end);
}

/* What becomes of a first attempt; the retry's wait is looked at elsewhere. */
#define DELIVERED                                                                                  \
	{                                                                                          \
		.action = POLICY_DONE, .link = POLICY_SUCCESS                                      \
	}
#define AGAIN(how)                                                                                 \
	{                                                                                          \
		.action = POLICY_RETRY, .link = (how)                                              \
	}
#define SLOWER                                                                                     \
	{                                                                                          \
		.action = POLICY_RETRY, .link = POLICY_FAULT, .congested = true                    \
	}
#define REFUSED(how)                                                                               \
	{                                                                                          \
		.action = POLICY_DEAD, .link = (how), .end = "rejected"                            \
	}
#define BLOCKED(how)                                                                               \
	{                                                                                          \
		.action = POLICY_WAIT, .link = (how), .blocks = true                               \
	}

/* Replies, with success_status = "200-299", through the plugin's own verdict on the status. */
static const struct {
	unsigned from, to;
	struct policy_verdict verdict;
} replies[] = {
	{200, 299, DELIVERED},
	{300, 399, REFUSED(POLICY_SUCCESS)},
	{400, 400, REFUSED(POLICY_SUCCESS)},
	{401, 401, BLOCKED(POLICY_SUCCESS)},
	{402, 406, REFUSED(POLICY_SUCCESS)}, /* 403: the first two messages */
	{407, 407, BLOCKED(POLICY_SUCCESS)},
	{408, 408, AGAIN(POLICY_SUCCESS)},
	{409, 409, REFUSED(POLICY_SUCCESS)},
	{410,
         410,
         {.action = POLICY_DEAD, .link = POLICY_SUCCESS, .pauses = true, .end = "rejected"}},
	{411, 424, REFUSED(POLICY_SUCCESS)},
	{425, 425, AGAIN(POLICY_SUCCESS)},
	{426, 428, REFUSED(POLICY_SUCCESS)},
	{429, 429, SLOWER},
	{430, 499, REFUSED(POLICY_SUCCESS)},
	{500, 501, AGAIN(POLICY_SUCCESS)},
	{502, 502, AGAIN(POLICY_FAULT)},
	{503, 503, SLOWER},
	{504, 504, AGAIN(POLICY_FAULT)},
	{505, 599, AGAIN(POLICY_SUCCESS)},
};

START_TEST(every_reply_has_its_consequence)
{
	struct status_set success;
	const char *message;
	char what[16];

	ck_assert_int_eq(status_set_parse("200-299", &success, &message), 0);
	for (unsigned status = replies[_i].from; status <= replies[_i].to; status++) {
		struct status_verdict seen = status_judge(&success, status);
		struct policy_case c = {.result = (int)seen.result,
		                        .flags = seen.flags,
		                        .status = status,
		                        .reason = reason_text(seen.reason),
		                        .retry_after_ms = -1,
		                        .attempt = 1,
		                        .forbidden = 1};
		struct policy_verdict v = policy_judge(&standard, &c, middle);
		snprintf(what, sizeof(what), "%u", status);
		same(&v, &replies[_i].verdict, what);
		ck_assert_int_eq(v.wait_ms, v.action == POLICY_RETRY ? 5 * S : 0);
	}
}
END_TEST

/* What ended without a reply, as the plugin and the lanes tell it. */
static const struct {
	int result;
	unsigned flags;
	const char *reason;
	struct policy_verdict verdict;
} failures[] = {
	{LK_RETRY, LK_LINK_FAULT | LK_NOT_SENT, "dns", AGAIN(POLICY_FAULT)},
	{LK_RETRY, LK_LINK_FAULT | LK_NOT_SENT, "refused", AGAIN(POLICY_FAULT)},
	{LK_RETRY, LK_LINK_FAULT | LK_NOT_SENT, "unreachable", AGAIN(POLICY_FAULT)},
	{LK_RETRY, LK_LINK_FAULT | LK_NOT_SENT, "connect", AGAIN(POLICY_FAULT)},
	{LK_RETRY, LK_LINK_FAULT | LK_NOT_SENT, "tls", AGAIN(POLICY_FAULT)},
	{LK_RETRY, LK_LINK_FAULT, "send", AGAIN(POLICY_FAULT)},
	{LK_RETRY, LK_LINK_FAULT, "receive", AGAIN(POLICY_FAULT)},
	{LK_RETRY, LK_LINK_FAULT, "empty_reply", AGAIN(POLICY_FAULT)},
	{LK_RETRY, LK_LINK_FAULT | LK_NOT_SENT, "timeout_resolve", SLOWER},
	{LK_RETRY, LK_LINK_FAULT | LK_NOT_SENT, "timeout_connect", SLOWER},
	{LK_RETRY, LK_LINK_FAULT | LK_NOT_SENT, "timeout_tls", SLOWER},
	{LK_RETRY, LK_LINK_FAULT, "timeout_reply", SLOWER},
	{LK_RETRY, LK_LINK_FAULT, "timeout_body", SLOWER},
	{LK_RETRY, LK_LINK_FAULT, "timeout", SLOWER},
	{LK_RETRY, LK_LINK_FAULT, "timeouts", AGAIN(POLICY_FAULT)},
	{LK_RETRY, LK_LINK_FAULT, "time", AGAIN(POLICY_FAULT)},
	{LK_RETRY, LK_LINK_FAULT, NULL, AGAIN(POLICY_FAULT)},
	{LK_RETRY, LK_NOT_SENT, "no_memory", AGAIN(POLICY_NEUTRAL)},
	{LK_RETRY, LK_NOT_SENT, "no_descriptor", AGAIN(POLICY_NEUTRAL)},
	{LK_BLOCKED, LK_NOT_SENT, "tls_verify", BLOCKED(POLICY_NEUTRAL)},
	{LK_BLOCKED, LK_NOT_SENT, "tls_client_certificate", BLOCKED(POLICY_NEUTRAL)},
	{LK_BLOCKED, LK_NOT_SENT, "secret", BLOCKED(POLICY_NEUTRAL)},
	{LK_REJECT, LK_NOT_SENT, "denied_address", REFUSED(POLICY_NEUTRAL)},
	{LK_REJECT, LK_NOT_SENT, "header_invalid", REFUSED(POLICY_NEUTRAL)},
	{LK_REJECT, LK_NOT_SENT, "url_invalid", REFUSED(POLICY_NEUTRAL)},
	{LK_REJECT, LK_NOT_SENT, "body_not_allowed", REFUSED(POLICY_NEUTRAL)},
	/* other protocols: without a status */
	{LK_DONE, 0, "ok", DELIVERED},
	{LK_DONE, LK_LINK_FAULT, "timeout", DELIVERED},
	{LK_DONE,
         LK_CONGESTED,
         "ok",
         {.action = POLICY_DONE, .link = POLICY_SUCCESS, .congested = true}},
	{LK_DONE,
         LK_LINK_GONE,
         "ok",
         {.action = POLICY_DONE, .link = POLICY_SUCCESS, .pauses = true}},
	{LK_RETRY,
         LK_LINK_FAULT | LK_LINK_GONE,
         "gone",
         {.action = POLICY_DEAD, .link = POLICY_FAULT, .pauses = true, .end = "rejected"}},
	{LK_REJECT,
         LK_LINK_FAULT | LK_CONGESTED,
         "full",
         {.action = POLICY_DEAD, .link = POLICY_FAULT, .congested = true, .end = "rejected"}},
	/* an operation that the host ended says nothing about the link */
	{LK_RETRY, LK_CANCELLED, "cancelled", AGAIN(POLICY_NEUTRAL)},
	{LK_RETRY, LK_CANCELLED | LK_LINK_FAULT | LK_CONGESTED, "timeout", AGAIN(POLICY_NEUTRAL)},
	{LK_REJECT, LK_CANCELLED | LK_LINK_GONE, "cancelled", AGAIN(POLICY_NEUTRAL)},
	{LK_BLOCKED, LK_CANCELLED, "cancelled", AGAIN(POLICY_NEUTRAL)},
	{LK_DONE, LK_CANCELLED, "ok", DELIVERED},
};

START_TEST(every_failure_has_its_consequence)
{
	struct policy_case c = {.result = failures[_i].result,
	                        .flags = failures[_i].flags,
	                        .reason = failures[_i].reason,
	                        .retry_after_ms = -1,
	                        .attempt = 1};
	struct policy_verdict v = policy_judge(&standard, &c, middle);
	bool at_once = c.flags & LK_CANCELLED;

	same(&v, &failures[_i].verdict, c.reason ? c.reason : "no reason");
	ck_assert_int_eq(v.wait_ms, v.action == POLICY_RETRY && !at_once ? 5 * S : 0);
}
END_TEST

START_TEST(the_third_message_in_a_row_that_is_forbidden_blocks_the_link)
{
	static const struct policy_verdict dead = REFUSED(POLICY_SUCCESS);
	static const struct policy_verdict waits = BLOCKED(POLICY_SUCCESS);
	struct policy_case c = {
		.result = LK_REJECT, .status = 403, .retry_after_ms = -1, .attempt = 1};

	for (c.forbidden = 0; c.forbidden < 6; c.forbidden++) {
		struct policy_verdict v = policy_judge(&standard, &c, any);
		same(&v, c.forbidden < 2 ? &dead : &waits, "403");
	}
	c.status = 404;
	struct policy_verdict v = policy_judge(&standard, &c, any);
	same(&v, &dead, "404 after many 403");
}
END_TEST

/*
 * What ends a message
 */
static const struct {
	int result;
	unsigned flags;
	uint32_t attempt;
	int64_t age_ms, retry_after_ms;
	enum policy_action action;
	const char *end;
} ends[] = {
	{LK_RETRY, 0, 11, 0, -1, POLICY_RETRY, NULL},
	{LK_RETRY, 0, 12, 0, -1, POLICY_DEAD, "attempts"},
	{LK_RETRY, 0, 13, 0, -1, POLICY_DEAD, "attempts"},
	{LK_RETRY, 0, UINT32_MAX, 0, -1, POLICY_DEAD, "attempts"},
	{LK_RETRY, 0, 12, 4 * DAY, -1, POLICY_DEAD, "attempts"},
	{LK_RETRY, 0, 1, 3 * DAY - 1, -1, POLICY_DEAD, "age"},
	{LK_RETRY, 0, 1, 3 * DAY, -1, POLICY_DEAD, "age"},
	{LK_RETRY, 0, 1, INT64_MAX, -1, POLICY_DEAD, "age"},
	/* the next try: 5 s from now */
	{LK_RETRY, 0, 1, 3 * DAY - 5 * S, -1, POLICY_RETRY, NULL},
	{LK_RETRY, 0, 1, 3 * DAY - 5 * S + 1, -1, POLICY_DEAD, "age"},
	{LK_RETRY, 0, 1, 3 * DAY - 10 * S, 10 * S, POLICY_RETRY, NULL},
	{LK_RETRY, 0, 1, 3 * DAY - 10 * S, 11 * S, POLICY_DEAD, "age"},
	{LK_RETRY, 0, 1, 2 * DAY, INT64_MAX, POLICY_RETRY, NULL},
	{LK_RETRY, 0, 1, 2 * DAY + 1, INT64_MAX, POLICY_DEAD, "age"},
	/* attempts of a blocked link are not used up, but time passes */
	{LK_BLOCKED, 0, 12, 0, -1, POLICY_WAIT, NULL},
	{LK_BLOCKED, 0, 99, 3 * DAY - 1, -1, POLICY_WAIT, NULL},
	{LK_BLOCKED, 0, 1, 3 * DAY, -1, POLICY_DEAD, "age"},
	{LK_RETRY, LK_CANCELLED, 11, 3 * DAY - 1, -1, POLICY_RETRY, NULL},
	{LK_RETRY, LK_CANCELLED, 12, 0, -1, POLICY_DEAD, "attempts"},
	{LK_RETRY, LK_CANCELLED, 1, 3 * DAY, -1, POLICY_DEAD, "age"},
	{LK_DONE, 0, 99, INT64_MAX, -1, POLICY_DONE, NULL},
	{LK_REJECT, 0, 99, INT64_MAX, -1, POLICY_DEAD, "rejected"},
};

START_TEST(attempts_and_age_end_a_message)
{
	struct policy_case c = {.result = ends[_i].result,
	                        .flags = ends[_i].flags,
	                        .retry_after_ms = ends[_i].retry_after_ms,
	                        .attempt = ends[_i].attempt,
	                        .age_ms = ends[_i].age_ms};
	struct policy_verdict v = policy_judge(&standard, &c, middle);

	ck_assert_int_eq(v.action, ends[_i].action);
	ck_assert(ends[_i].end ? v.end && strcmp(v.end, ends[_i].end) == 0 : !v.end);
	ck_assert_int_eq(v.blocks, ends[_i].result == LK_BLOCKED);
}
END_TEST

/*
 * The schedule
 */
static const struct {
	int64_t base_ms;
	uint32_t attempt;
	int64_t wait_ms;
} waits[] = {
	{0, 1, 5 * S},
	{0, 2, 30 * S},
	{0, 3, 2 * MINUTE},
	{0, 4, 10 * MINUTE},
	{0, 5, 30 * MINUTE},
	{0, 6, 1 * HOUR},
	{0, 7, 2 * HOUR},
	{0, 8, 4 * HOUR},
	{0, 9, 8 * HOUR},
	{0, 10, 16 * HOUR},
	{0, 11, 24 * HOUR},
	{0, 12, 24 * HOUR},
	{0, 50, 24 * HOUR},
	{0, UINT32_MAX, 24 * HOUR},
	{1 * S, 1, 1 * S},
	{1 * S, 2, 2 * S},
	{1 * S, 3, 4 * S},
	{1 * S, 11, 1024 * S},
	{1 * S, 17, 65536 * S},
	{1 * S, 18, 24 * HOUR},
	{7 * S, 5, 112 * S},
	{13 * HOUR, 1, 13 * HOUR},
	{13 * HOUR, 2, 24 * HOUR},
	{24 * HOUR, 1, 24 * HOUR},
	{24 * HOUR, UINT32_MAX, 24 * HOUR},
};

START_TEST(waits_grow_and_are_spread)
{
	struct policy_rules rules = {waits[_i].base_ms, 12, 3 * DAY};
	uint32_t attempt = waits[_i].attempt;
	int64_t wait_ms = waits[_i].wait_ms;
	int64_t spread_ms = attempt <= 3 ? wait_ms / 2 : wait_ms / 5;
	int64_t lowest = INT64_MAX, highest = 0;

	ck_assert_int_eq(policy_delay_ms(&rules, attempt, middle), wait_ms);
	ck_assert_int_eq(policy_delay_ms(&rules, attempt, least), wait_ms - spread_ms);
	ck_assert_int_eq(policy_delay_ms(&rules, attempt, most), wait_ms + spread_ms);
	for (int i = 0; i < 1000; i++) {
		int64_t drawn = policy_delay_ms(&rules, attempt, any);
		lowest = drawn < lowest ? drawn : lowest;
		highest = drawn > highest ? drawn : highest;
	}
	ck_assert_int_ge(lowest, wait_ms - spread_ms);
	ck_assert_int_le(highest, wait_ms + spread_ms);
	/* the whole width is used */
	ck_assert_int_gt(highest - lowest, spread_ms);
}
END_TEST

START_TEST(a_blocked_link_is_probed_each_minute_or_as_told)
{
	ck_assert_int_eq(policy_probe_ms(&standard), 60 * S);
	ck_assert_int_eq(policy_probe_ms(&(struct policy_rules){1 * S, 12, DAY}), 1 * S);
	ck_assert_int_eq(policy_probe_ms(&(struct policy_rules){2 * HOUR, 12, DAY}), 2 * HOUR);
}
END_TEST

static const struct {
	int64_t asked_ms, wait_ms; /* with 5 s ± 2.5 s on schedule, drawn in the middle */
} asked[] = {
	{-1, 5 * S},      {0, 5 * S},         {4999, 5 * S},      {5001, 5001},
	{HOUR, HOUR},     {DAY - 1, DAY - 1}, {DAY, DAY},         {DAY + 1, DAY},
	{365 * DAY, DAY}, {INT64_MAX, DAY},   {INT64_MIN, 5 * S},
};

START_TEST(retry_after_is_never_undercut)
{
	struct policy_case c = {.result = LK_RETRY,
	                        .flags = LK_LINK_FAULT,
	                        .status = 503,
	                        .retry_after_ms = asked[_i].asked_ms,
	                        .attempt = 1};

	ck_assert_int_eq(policy_judge(&standard, &c, middle).wait_ms, asked[_i].wait_ms);
}
END_TEST

/* Whatever comes together: no verdict contradicts itself. */
START_TEST(verdicts_are_coherent)
{
	static const char *const reasons[] = {NULL, "ok", "timeout", "timeout_tls", "dns"};

	for (int round = 0; round < 200000; round++) {
		struct policy_rules rules = {any(2) ? any(86401) * S : 0, 1 + any(50),
		                             (60 + any(2592000)) * S};
		struct policy_case c = {.result = (int)any(4),
		                        .flags = any(128),
		                        .status = any(3) ? 100 + any(500) : 0,
		                        .reason = reasons[any(5)],
		                        .retry_after_ms = any(2) ? (int64_t)any(200000) * S : -1,
		                        .attempt = 1 + any(52),
		                        .age_ms = any(2592000) * S,
		                        .forbidden = any(5)};
		struct policy_verdict v = policy_judge(&rules, &c, any);

		ck_assert_int_eq(v.action == POLICY_DONE, c.result == LK_DONE);
		ck_assert_int_eq(v.action == POLICY_DEAD, v.end != NULL);
		ck_assert(v.wait_ms >= 0 && v.wait_ms <= DAY + DAY / (c.attempt <= 3 ? 2 : 5));
		ck_assert(v.wait_ms == 0 || v.action == POLICY_RETRY);
		if (v.action == POLICY_RETRY) {
			ck_assert_uint_lt(c.attempt, rules.retry_max_attempts);
			ck_assert_int_le(c.age_ms + v.wait_ms, rules.retry_max_age_ms);
			ck_assert(c.flags & LK_CANCELLED || v.wait_ms > 0);
		}
		if (v.action == POLICY_WAIT)
			ck_assert(v.blocks && c.age_ms < rules.retry_max_age_ms);
		if (c.flags & LK_CANCELLED && c.result != LK_DONE)
			ck_assert(v.link == POLICY_NEUTRAL && !v.congested && !v.blocks &&
			          !v.pauses);
		else
			ck_assert_int_eq(v.pauses, (c.flags & LK_LINK_GONE) != 0);
	}
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_LOOP(every_reply_has_its_consequence, replies),
	SUITE_LOOP(every_failure_has_its_consequence, failures),
	SUITE_TEST(the_third_message_in_a_row_that_is_forbidden_blocks_the_link),
	SUITE_LOOP(attempts_and_age_end_a_message, ends),
	SUITE_LOOP(waits_grow_and_are_spread, waits),
	SUITE_TEST(a_blocked_link_is_probed_each_minute_or_as_told),
	SUITE_LOOP(retry_after_is_never_undercut, asked),
	SUITE_TEST(verdicts_are_coherent),
};

SUITE_MAIN("policy", tests)
