/*
 * Random worlds: thousands of simulated hours, each world from one seed.  A violation prints its seed;
 * `tests/sim/sim --seed N --hours H --trace` shows the same world again, step by step.
 * SIM_SEEDS says how many more seeds are drawn at random (default 1), SIM_HOURS how long they last.
 */
#include <stdio.h>
#include <time.h>

#include "base/log.h"
#include "plan.h"
#include "suite.h"
#include "world.h"

enum { HOURS = 120, FIXED_SEEDS = 16 };

static void run_seed(uint64_t seed, int64_t hours)
{
	log_configure(LOG_LEVEL_ERROR, LOG_FORMAT_TEXT, 2);
	world_begin(seed);
	int rc = world_run(plan_draw(hours));
	world_print_counts();
	fflush(stdout);
	world_end();
	ck_assert_msg(rc == 0, "run: tests/sim/sim --seed %llu --hours %lld --trace",
	              (unsigned long long)seed, (long long)hours);
}

static int number_of(const char *name, int otherwise)
{
	const char *text = getenv(name);

	return text ? (int)strtol(text, NULL, 10) : otherwise;
}

START_TEST(nothing_is_violated)
{
	/* The long form is about new ones. */
	if (!getenv("SIM_SEEDS"))
		run_seed((uint64_t)_i + 1, HOURS);
}
END_TEST

START_TEST(nothing_is_violated_by_chance)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	struct dice dice = {.state = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec};
	for (int i = number_of("SIM_SEEDS", 1); i > 0; i--)
		run_seed(dice_next(&dice) >> 32, number_of("SIM_HOURS", HOURS));
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_TIMES(nothing_is_violated, FIXED_SEEDS),
	SUITE_TEST(nothing_is_violated_by_chance),
};

SUITE_MAIN("sim", tests)
