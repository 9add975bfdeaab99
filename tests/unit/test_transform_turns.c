/* Tests of whose turn it is: no program keeps the others from the workers. */
#include "base/mem.h"
#include "suite.h"
#include "transform/transform.h"
#include "transform/turns.h"

enum { RUNS = 32 };

static struct turns turns;
static struct transform all[RUNS];
static unsigned added;

static void begin(unsigned workers)
{
	turns_init(&turns, workers, 42);
	memset(all, 0, sizeof(all));
	added = 0;
}

/* So many runs of a program. */
static void add(const char *program, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		all[added].program = program;
		ck_assert_int_eq(turns_add(&turns, &all[added++]), 0);
	}
}

/* The program that is to run now, "" when none may. */
static const char *take(int64_t now_ms, struct turn **ret_turn)
{
	struct transform *t = turns_take(&turns, now_ms, ret_turn);

	return t ? t->program : "";
}

static void run(const char *program, enum turn_end how, int64_t now_ms)
{
	struct turn *turn;

	ck_assert_str_eq(take(now_ms, &turn), program);
	turns_end(&turns, turn, how, now_ms);
}

START_TEST(programs_take_turns)
{
	begin(1);
	add("a", 3);
	add("b", 2);
	add("c", 1);
	const char *const order[] = {"a", "b", "c", "a", "b", "a"};
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		run(order[i], TURN_QUICK, 0);
	struct turn *turn;
	ck_assert_str_eq(take(0, &turn), "");
	turns_finish(&turns);
}
END_TEST

START_TEST(runs_of_a_program_keep_their_order)
{
	struct turn *turn;

	begin(4);
	add("a", 4);
	for (unsigned i = 0; i < 4; i++) {
		ck_assert_ptr_eq(turns_take(&turns, 0, &turn), &all[i]);
		turns_end(&turns, turn, TURN_QUICK, 0);
	}
	turns_finish(&turns);
}
END_TEST

START_TEST(other_variables_make_another_program)
{
	const char *const names[] = {"x", NULL};
	struct turn *turn, *other;

	begin(2);
	add("a", 2);
	all[2] = (struct transform){.program = "a", .names = names};
	ck_assert_int_eq(turns_add(&turns, &all[2]), 0);
	ck_assert_ptr_eq(turns_take(&turns, 0, &turn), &all[0]);
	ck_assert_ptr_eq(turns_take(&turns, 0, &other), &all[2]);
	ck_assert_ptr_ne(turn, other);
	turns_end(&turns, turn, TURN_QUICK, 0);
	turns_end(&turns, other, TURN_QUICK, 0);
	run("a", TURN_QUICK, 0);
	turns_finish(&turns);
}
END_TEST

START_TEST(what_nobody_knows_runs_once_at_a_time)
{
	struct turn *first, *second, *third;

	begin(4);
	add("new", 4);
	ck_assert_str_eq(take(0, &first), "new");
	ck_assert_str_eq(take(0, &second), "");
	add("other", 1);
	ck_assert_str_eq(take(0, &second), "other");
	turns_end(&turns, second, TURN_QUICK, 0);

	/* It was quick: it may have all of them. */
	turns_end(&turns, first, TURN_QUICK, 0);
	ck_assert_str_eq(take(0, &first), "new");
	ck_assert_str_eq(take(0, &second), "new");
	ck_assert_str_eq(take(0, &third), "new");

	/* Then it was not: what runs goes on, and nothing is added. */
	add("new", 2);
	turns_end(&turns, third, TURN_LONG, 0);
	ck_assert_str_eq(take(0, &third), "");
	turns_end(&turns, second, TURN_LONG, 0);
	turns_end(&turns, first, TURN_LONG, 0);
	run("new", TURN_QUICK, 0);
	run("new", TURN_QUICK, 0);
	turns_finish(&turns);
}
END_TEST

START_TEST(slow_programs_together_leave_a_worker)
{
	struct turn *a, *b, *c;

	begin(3);
	add("a", 4);
	add("b", 4);
	run("a", TURN_TIMED_OUT, 0);
	run("b", TURN_TIMED_OUT, 0);
	ck_assert_str_eq(take(1, &a), "a");
	ck_assert_str_eq(take(1, &b), "b");
	ck_assert_str_eq(take(1, &c), "");
	add("c", 1);
	run("c", TURN_QUICK, 1);

	turns_end(&turns, a, TURN_TIMED_OUT, 1);
	ck_assert_str_eq(take(1, &a), "a");
	ck_assert_str_eq(take(1, &c), "");
	turns_end(&turns, a, TURN_QUICK, 1);
	turns_end(&turns, b, TURN_QUICK, 1);
	run("b", TURN_QUICK, 1);
	run("a", TURN_QUICK, 1);
	run("b", TURN_QUICK, 1);
	ck_assert_str_eq(take(1, &a), "");
	turns_finish(&turns);
}
END_TEST

START_TEST(a_deadline_is_forgiven_after_a_while)
{
	struct turn *first, *second;

	begin(2);
	add("a", 4);
	run("a", TURN_TIMED_OUT, 1000);
	ck_assert_str_eq(take(1000 + TURNS_SLOW_MS - 1, &first), "a");
	ck_assert_str_eq(take(1000 + TURNS_SLOW_MS - 1, &second), "");
	turns_end(&turns, first, TURN_QUICK, 1000 + TURNS_SLOW_MS - 1);

	ck_assert_str_eq(take(1000 + TURNS_SLOW_MS, &first), "a");
	ck_assert_str_eq(take(1000 + TURNS_SLOW_MS, &second), "a");
	turns_end(&turns, first, TURN_QUICK, 1000 + TURNS_SLOW_MS);
	turns_end(&turns, second, TURN_QUICK, 1000 + TURNS_SLOW_MS);

	/* Known again as one that nobody knows. */
	add("b", 2);
	ck_assert_str_eq(take(1000 + TURNS_SLOW_MS, &first), "b");
	ck_assert_str_eq(take(1000 + TURNS_SLOW_MS, &second), "");
	turns_end(&turns, first, TURN_QUICK, 1000 + TURNS_SLOW_MS);
	run("b", TURN_QUICK, 1000 + TURNS_SLOW_MS);
	turns_finish(&turns);
}
END_TEST

START_TEST(one_that_ends_while_it_is_forgiven_is_counted_once)
{
	struct turn *a, *b;

	begin(2);
	add("a", 2);
	run("a", TURN_TIMED_OUT, 0);
	ck_assert_str_eq(take(1, &a), "a");
	add("b", 2);
	run("b", TURN_TIMED_OUT, 2); /* the other worker is not theirs, but this one was unknown */
	ck_assert_str_eq(take(3, &b), "");
	ck_assert_str_eq(take(TURNS_SLOW_MS, &b), "b"); /* a is forgiven while it runs */
	turns_end(&turns, a, TURN_TIMED_OUT, TURNS_SLOW_MS);
	turns_end(&turns, b, TURN_QUICK, TURNS_SLOW_MS);
	add("a", 2);
	ck_assert_str_eq(take(TURNS_SLOW_MS, &a), "a");
	ck_assert_str_eq(take(TURNS_SLOW_MS, &b), "");
	turns_end(&turns, a, TURN_QUICK, TURNS_SLOW_MS);
	run("a", TURN_QUICK, TURNS_SLOW_MS);
	turns_finish(&turns);
}
END_TEST

START_TEST(one_worker_is_shared_with_slow_programs)
{
	begin(1);
	add("slow", 3);
	run("slow", TURN_TIMED_OUT, 0);
	add("quick", 1);
	run("slow", TURN_TIMED_OUT, 0);
	run("quick", TURN_QUICK, 0);
	run("slow", TURN_TIMED_OUT, 0);
	turns_finish(&turns);
}
END_TEST

START_TEST(draining_gives_all_that_wait)
{
	struct turn *turn;
	unsigned count = 0;

	begin(2);
	add("a", 3);
	add("b", 3);
	run("a", TURN_TIMED_OUT, 0);
	ck_assert_str_eq(take(0, &turn), "b");
	while (turns_drain(&turns))
		count++;
	ck_assert_uint_eq(count, 4);
	ck_assert_uint_eq(turns.waiting_runs, 0);
	turns_end(&turns, turn, TURN_QUICK, 0);
	turns_finish(&turns);
}
END_TEST

START_TEST(without_memory_a_run_is_not_added)
{
	struct turn *turn;

	begin(1);
	all[0].program = "a";
	mem_fail_at(1);
	ck_assert_int_lt(turns_add(&turns, &all[0]), 0);
	mem_fail_at(0);
	ck_assert_str_eq(take(0, &turn), "");
	turns_finish(&turns);
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_TEST(programs_take_turns),
	SUITE_TEST(runs_of_a_program_keep_their_order),
	SUITE_TEST(other_variables_make_another_program),
	SUITE_TEST(what_nobody_knows_runs_once_at_a_time),
	SUITE_TEST(slow_programs_together_leave_a_worker),
	SUITE_TEST(a_deadline_is_forgiven_after_a_while),
	SUITE_TEST(one_that_ends_while_it_is_forgiven_is_counted_once),
	SUITE_TEST(one_worker_is_shared_with_slow_programs),
	SUITE_TEST(draining_gives_all_that_wait),
	SUITE_TEST(without_memory_a_run_is_not_added),
};

SUITE_MAIN("transform_turns", tests)
