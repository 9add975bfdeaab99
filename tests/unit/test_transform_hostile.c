/* Tests of programs that do harm: endless ones, those that eat memory, and what a worker cannot reach. */
#include <stdatomic.h>

#include "base/list.h"
#include "suite.h"
#include "transform/worker/sanitized.h"
#include "transforming.h"
#include "transforming_child.h"

static const char endless[] = "[limit(1; repeat(1) | select(false))]";

enum { SHORT_MS = 300, LONG_MS = 60000 };

START_TEST(an_endless_program_comes_to_its_deadline)
{
	struct transforms *pool = transforming_start(
		&(struct transforms_options){.workers = 1, .deadline_ms = SHORT_MS});

	ck_assert_str_eq(transforming(pool, endless, NULL),
	                 "TIMEOUT the program ran longer than 300 ms");
	transforms_destroy(pool);

	pool = transforming_start(&(struct transforms_options){.workers = 1, .deadline_ms = 2000});
	ck_assert_str_eq(transforming(pool, endless, NULL),
	                 "TIMEOUT the program ran longer than 2000 ms");
	ck_assert_str_eq(transforming(pool, ".", "1"), "OK 1");
	transforms_destroy(pool);
}
END_TEST

static const struct {
	const char *program, *result;
} deadly[] = {
	{"[range(1e9)]", "DIED the program needs too much memory"},
	{"\"x\" * 2000000000 | length", "DIED the program needs too much memory"},
	{"def f: f + 1; f", "DIED the program needs too much memory"},
	{"reduce range(1000000) as $i (0; [.])", "DIED the program goes too deep"},
};

START_TEST(what_a_program_does_to_its_worker_fails_that_run_alone)
{
	if (SANITIZED) {
		printf("# a sanitizer leaves no limit of memory: not tried\n");
		return;
	}
	struct transforms *pool = transforming_start(
		&(struct transforms_options){.workers = 1, .deadline_ms = LONG_MS});

	ck_assert_str_eq(transforming(pool, deadly[_i].program, NULL), deadly[_i].result);
	ck_assert_str_eq(transforming(pool, ".", "1"), "OK 1");
	transforms_destroy(pool);
}
END_TEST

START_TEST(memory_is_what_the_options_say)
{
	if (SANITIZED) {
		printf("# a sanitizer leaves no limit of memory: not tried\n");
		return;
	}
	static const char program[] = "[range(1000000)] | length";
	const size_t little = 16 * 1024 * 1024, enough = 128 * 1024 * 1024;
	struct transforms *small = transforming_start(&(struct transforms_options){
		.workers = 1, .deadline_ms = LONG_MS, .memory_bytes = little});
	struct transforms *large = transforming_start(&(struct transforms_options){
		.workers = 1, .deadline_ms = LONG_MS, .memory_bytes = enough});

	ck_assert_str_eq(transforming(small, program, NULL),
	                 "DIED the program needs too much memory");
	ck_assert_str_eq(transforming(large, program, NULL), "OK 1000000");
	transforms_destroy(small);
	transforms_destroy(large);
}
END_TEST

START_TEST(an_idle_worker_that_is_killed_is_replaced_quietly)
{
	struct transforms *pool = transforming_start(
		&(struct transforms_options){.workers = 1, .deadline_ms = LONG_MS});

	for (int i = 0; i < 3; i++) {
		ck_assert_str_eq(transforming(pool, ".", "1"), "OK 1");
		child_kill(child_only());
	}
	ck_assert_str_eq(transforming(pool, ".", "1"), "OK 1");
	transforms_destroy(pool);
}
END_TEST

struct posted {
	struct transform run;
	atomic_int answers;
};

static void note(struct transform *t)
{
	atomic_fetch_add(&container_of(t, struct posted, run)->answers, 1);
}

static void wait_for(struct posted *p)
{
	const struct timespec moment = {0, 1000000};

	for (int i = 0; i < 60000 && atomic_load(&p->answers) == 0; i++)
		nanosleep(&moment, NULL);
	ck_assert_int_eq(atomic_load(&p->answers), 1);
}

/* Waits until there is a child that has used up some time, so that it runs the program. */
static long busy_child(void)
{
	const struct timespec moment = {0, 1000000};
	unsigned long ticks = 0;
	long pid = 0;

	for (int i = 0; i < 60000 && ticks < 10; i++) {
		if (child_list(&pid, 1) == 1)
			(void)!sscanf(strrchr(child_proc(pid, "stat"), ')'),
			              ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu", &ticks);
		nanosleep(&moment, NULL);
	}
	ck_assert_uint_ge(ticks, 10);
	return pid;
}

START_TEST(a_worker_that_is_killed_at_work_fails_its_run)
{
	struct transforms *pool = transforming_start(
		&(struct transforms_options){.workers = 1, .deadline_ms = LONG_MS});
	struct posted p = {.run = {.program = endless, .done = note}};

	transform_post(pool, &p.run);
	child_kill(busy_child());
	wait_for(&p);
	ck_assert_int_eq(p.run.result, TRANSFORM_DIED);
	ck_assert_str_eq(p.run.message, "the worker that ran the program ended: Killed");
	ck_assert_str_eq(transforming(pool, ".", "1"), "OK 1");
	transforms_destroy(pool);
}
END_TEST

START_TEST(destroying_answers_everything_and_leaves_no_process)
{
	enum { COUNT = 20 };
	struct transforms *pool = transforming_start(
		&(struct transforms_options){.workers = 2, .deadline_ms = LONG_MS});
	struct posted all[COUNT] = {0};
	long pid;

	for (int i = 0; i < COUNT; i++) {
		all[i].run = (struct transform){.program = endless, .done = note};
		if (i % 2 == 0)
			all[i].run.program = "[limit(1; repeat(2) | select(false))]";
		transform_post(pool, &all[i].run);
	}
	busy_child();
	transforms_destroy(pool);
	for (int i = 0; i < COUNT; i++) {
		ck_assert_int_eq(atomic_load(&all[i].answers), 1);
		ck_assert_int_eq(all[i].run.result, TRANSFORM_UNAVAILABLE);
		ck_assert_str_eq(all[i].run.message, "the host is stopping");
	}
	ck_assert_uint_eq(child_list(&pid, 1), 0);
}
END_TEST

/* With two workers: whatever comes of an endless program's many runs, another one has its turn meanwhile. */
START_TEST(a_slow_program_leaves_a_worker_to_the_others)
{
	enum { COUNT = 10 };
	struct transforms *pool = transforming_start(
		&(struct transforms_options){.workers = 2, .deadline_ms = LONG_MS});
	struct posted all[COUNT] = {0};

	for (int i = 0; i < COUNT; i++) {
		all[i].run = (struct transform){.program = endless, .done = note};
		transform_post(pool, &all[i].run);
	}
	for (int i = 0; i < 20; i++)
		ck_assert_str_eq(transforming(pool, ".", "1"), "OK 1");
	for (int i = 0; i < COUNT; i++)
		ck_assert_int_eq(atomic_load(&all[i].answers), 0);
	transforms_destroy(pool);
}
END_TEST

/* The number behind a word of /proc/PID/limits or status. */
static unsigned long number_after(const char *text, const char *word)
{
	const char *at = strstr(text, word);

	ck_assert_msg(at != NULL, "no %s in: %s", word, text);
	return strtoul(at + strlen(word), NULL, 10);
}

/* The signals of POSIX among those of a line of /proc/PID/status; libc keeps some others for itself. */
static unsigned long signals_after(const char *text, const char *word)
{
	const char *at = strstr(text, word);

	ck_assert_msg(at != NULL, "no %s in: %s", word, text);
	return strtoul(at + strlen(word), NULL, 16) & 0x7fffffff;
}

START_TEST(a_worker_is_confined)
{
	struct transforms *pool = transforming_start(
		&(struct transforms_options){.workers = 1, .deadline_ms = LONG_MS});

	ck_assert_str_eq(transforming(pool, ".", "1"), "OK 1");
	long pid = child_only();
	const char *status = child_proc(pid, "status");
	ck_assert_uint_eq(number_after(status, "Seccomp:"), 2); /* a filter */
	ck_assert_uint_eq(number_after(status, "NoNewPrivs:"), 1);
	ck_assert_uint_eq(signals_after(status, "SigIgn:"), 0);
	ck_assert_uint_eq(signals_after(status, "SigBlk:"), 0);
	const char *limits = child_proc(pid, "limits");
	ck_assert_uint_eq(number_after(limits, "Max core file size"), 0);
	ck_assert_uint_eq(number_after(limits, "Max open files"), 4);
	ck_assert_uint_ge(number_after(limits, "Max cpu time"), LONG_MS / 1000);
	if (!SANITIZED)
		ck_assert_uint_eq(number_after(limits, "Max address space"), 256 * 1024 * 1024);
	transforms_destroy(pool);
}
END_TEST

/* Only root may look there: a worker cannot be traced. */
START_TEST(a_worker_has_one_descriptor_and_no_environment)
{
	if (geteuid() != 0) {
		printf("# needs root: not tried\n");
		return;
	}
	struct transforms *pool = transforming_start(
		&(struct transforms_options){.workers = 1, .deadline_ms = LONG_MS});
	char path[64];

	ck_assert_str_eq(transforming(pool, ".", "1"), "OK 1");
	long pid = child_only();
	ck_assert_str_eq(child_proc(pid, "environ"), "");
	snprintf(path, sizeof(path), "/proc/%ld/fd", pid);
	DIR *folder = opendir(path);
	ck_assert_ptr_nonnull(folder);
	for (struct dirent *d; (d = readdir(folder));)
		ck_assert_msg(d->d_name[0] == '.' || strcmp(d->d_name, "3") == 0 ||
		                      (SANITIZED && strcmp(d->d_name, "2") == 0),
		              "descriptor %s is open", d->d_name);
	closedir(folder);
	transforms_destroy(pool);
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_TEST(an_endless_program_comes_to_its_deadline),
	SUITE_LOOP(what_a_program_does_to_its_worker_fails_that_run_alone, deadly),
	SUITE_TEST(memory_is_what_the_options_say),
	SUITE_TEST(an_idle_worker_that_is_killed_is_replaced_quietly),
	SUITE_TEST(a_worker_that_is_killed_at_work_fails_its_run),
	SUITE_TEST(destroying_answers_everything_and_leaves_no_process),
	SUITE_TEST(a_slow_program_leaves_a_worker_to_the_others),
	SUITE_TEST(a_worker_is_confined),
	SUITE_TEST(a_worker_has_one_descriptor_and_no_environment),
};

SUITE_MAIN("transform_hostile", tests)
