/*
 * What every unit test program shares: tests are listed in one table, and the result is TAP on
 * standard output, which automake's harness reads.
 *
 *	START_TEST(adds_two_numbers) { … } END_TEST
 *	static const struct suite_test tests[] = {SUITE_TEST(adds_two_numbers)};
 *	SUITE_MAIN("sums", tests)
 */
#pragma once

#include <check.h>
#include <stddef.h>
#include <stdlib.h>

struct suite_test {
	const TTest **test;
	int loop_count; /* 0: once; else _i runs from 0 */
};

#define SUITE_TEST(name)                                                                           \
	{                                                                                          \
		&name, 0                                                                           \
	}
/* So many times, with _i from 0. */
#define SUITE_TIMES(name, times)                                                                   \
	{                                                                                          \
		&name, (times)                                                                     \
	}
#define SUITE_LOOP(name, rows)                                                                     \
	{                                                                                          \
		&name, (int)(sizeof(rows) / sizeof((rows)[0]))                                     \
	}

static inline int suite_run(const char *name, const struct suite_test *tests, size_t count)
{
	Suite *suite = suite_create(name);
	TCase *tcase = tcase_create(name);

	tcase_set_timeout(tcase, 120);
	for (size_t i = 0; i < count; i++) {
		if (tests[i].loop_count)
			tcase_add_loop_test(tcase, *tests[i].test, 0, tests[i].loop_count);
		else
			tcase_add_test(tcase, *tests[i].test);
	}
	suite_add_tcase(suite, tcase);

	SRunner *runner = srunner_create(suite);
	srunner_set_tap(runner, "-");
	srunner_run_all(runner, CK_SILENT);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#define SUITE_MAIN(name, tests)                                                                    \
	int main(void)                                                                             \
	{                                                                                          \
		return suite_run(name, tests, sizeof(tests) / sizeof((tests)[0]));                 \
	}
