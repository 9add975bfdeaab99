/* What an attempt adds to the numbers of its link. */
#include "core/measure.h"

#include <stdio.h>
#include <string.h>

#include "core/link.h"
#include "plug/hostapi.h"
#include "suite.h"

static struct measure m;
static struct measure_phases phases;

/* An attempt that took 20 ms on the lane's clock. */
static void attempt(const struct send *send, int result, unsigned status, const char *const *attrs)
{
	struct outcome outcome = {.result = result, .status = status, .attrs = attrs};

	while (attrs && attrs[2 * outcome.attr_count])
		outcome.attr_count++;
	measure_attempt(&m, &phases, send, &outcome, 1020);
}

static const struct {
	uint32_t number;
	bool is_replay;
	int result;
	unsigned status;
	const char *labels; /* outcome, code, try */
} attempts[] = {
	{1, false, LK_DONE, 204, "delivered 2xx first"},
	{1, false, LK_RETRY, 0, "failed none first"},
	{2, false, LK_RETRY, 503, "failed 5xx retry"},
	{1, true, LK_REJECT, 404, "rejected 4xx replay"},
	{2, true, LK_DONE, 200, "delivered 2xx retry"},
	{1, false, LK_BLOCKED, 401, "blocked 4xx first"},
	{1, false, LK_REJECT, 302, "rejected 3xx first"},
	{1, false, LK_DONE, 100, "delivered 1xx first"},
	{1, false, LK_DONE, 600, "delivered other first"},
	{1, false, LK_DONE, 99, "delivered other first"},
};

/* The labels of the one attempt that was counted. */
static void find_labels(char *text, size_t bytes)
{
	unsigned found = 0;

	for (int o = 0; o < MEASURE_OUTCOMES; o++)
		for (unsigned c = 0; c < MEASURE_CODES; c++)
			for (enum measure_try t = 0; t < MEASURE_TRIES; t++) {
				if (m.attempts[o][c][t] == 0)
					continue;
				ck_assert_uint_eq(m.attempts[o][c][t], 1);
				found++;
				snprintf(text, bytes, "%s %s %s", measure_outcome_name(o),
				         measure_code_name(c), measure_try_name(t));
			}
	ck_assert_uint_eq(found, 1);
}

START_TEST(an_attempt_has_its_labels)
{
	const struct send send = {
		.kind = LK_OP_SEND,
		.attempt = attempts[_i].number,
		.is_replay = attempts[_i].is_replay,
		.submitted_ms = 1000,
	};
	char labels[64];

	attempt(&send, attempts[_i].result, attempts[_i].status, NULL);
	find_labels(labels, sizeof(labels));
	ck_assert_str_eq(labels, attempts[_i].labels);
}
END_TEST

static const uint32_t other_kinds[] = {LK_OP_PROBE, LK_OP_DESCRIBE};

START_TEST(a_test_of_a_connection_is_not_counted)
{
	const struct send send = {.kind = other_kinds[_i], .attempt = 1};
	static const struct measure nothing;

	attempt(&send, LK_DONE, 200, NULL);
	ck_assert_int_eq(memcmp(&m, &nothing, sizeof(m)), 0);
}
END_TEST

static const struct send first = {.kind = LK_OP_SEND, .attempt = 1, .submitted_ms = 1000};

static uint64_t phase_us(enum measure_phase phase)
{
	return phases.of[phase].sum_us;
}

static uint64_t phase_count(enum measure_phase phase)
{
	struct histogram_view v = {0};

	histogram_gather(&phases.of[phase], &v);
	return histogram_count(&v);
}

START_TEST(phases_count_from_the_one_before)
{
	static const char *const attrs[] = {"header.time.tls_us",
	                                    "7",
	                                    "time.resolve_us",
	                                    "100",
	                                    "time.connect_us",
	                                    "300",
	                                    "time.tls_us",
	                                    "900",
	                                    "time.first_byte_us",
	                                    "2000",
	                                    "time.total_us",
	                                    "2500",
	                                    NULL};

	attempt(&first, LK_DONE, 200, attrs);
	ck_assert_uint_eq(phase_us(MEASURE_RESOLVE), 100);
	ck_assert_uint_eq(phase_us(MEASURE_CONNECT), 200);
	ck_assert_uint_eq(phase_us(MEASURE_TLS), 600);
	ck_assert_uint_eq(phase_us(MEASURE_FIRST_BYTE), 1100);
	ck_assert_uint_eq(phase_us(MEASURE_TRANSFER), 500);
	ck_assert_uint_eq(m.durations.sum_us, 2500);
}
END_TEST

START_TEST(a_phase_that_did_not_happen_is_left_out)
{
	static const char *const attrs[] = {"time.first_byte_us", "2000", "time.total_us", "1999",
	                                    NULL};

	attempt(&first, LK_DONE, 200, attrs);
	ck_assert_uint_eq(phase_count(MEASURE_RESOLVE), 0);
	ck_assert_uint_eq(phase_count(MEASURE_CONNECT), 0);
	ck_assert_uint_eq(phase_count(MEASURE_TLS), 0);
	ck_assert_uint_eq(phase_us(MEASURE_FIRST_BYTE), 2000);
	ck_assert_uint_eq(phase_count(MEASURE_TRANSFER), 1);
	ck_assert_uint_eq(phase_us(MEASURE_TRANSFER), 0);
}
END_TEST

static const char *const no_times[] = {"", "-1", "1x", "12345678901234567", " 1"};

START_TEST(what_is_no_time_is_ignored)
{
	const char *const attrs[] = {"time.total_us", no_times[_i], NULL};

	attempt(&first, LK_RETRY, 0, attrs);
	ck_assert_uint_eq(phase_count(MEASURE_TRANSFER), 0);
	ck_assert_uint_eq(m.durations.sum_us, 20000);
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_LOOP(an_attempt_has_its_labels, attempts),
	SUITE_LOOP(a_test_of_a_connection_is_not_counted, other_kinds),
	SUITE_TEST(phases_count_from_the_one_before),
	SUITE_TEST(a_phase_that_did_not_happen_is_left_out),
	SUITE_LOOP(what_is_no_time_is_ignored, no_times),
};

SUITE_MAIN("measure", tests)
