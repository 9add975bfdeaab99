/* Tests of the errand pool: every errand comes home, also when the pool stops. */
#include <poll.h>
#include <stdatomic.h>

#include "base/list.h"
#include "core/errand.h"
#include "suite.h"

enum { ERRANDS = 2000 };

static struct mailbox home;
static struct errands pool;
static atomic_uint worked;
static unsigned finished, skipped;

static void work(struct errand *errand)
{
	(void)errand;
	atomic_fetch_add(&worked, 1);
}

static void finish(struct errand *errand)
{
	finished++;
	skipped += errand->skipped;
}

static void serve_until(unsigned count)
{
	while (finished < count) {
		struct pollfd p = {.fd = home.event_fd, .events = POLLIN};
		ck_assert_int_eq(poll(&p, 1, 30000), 1);
		mailbox_deliver(&home);
	}
}

static struct errand all[ERRANDS];

static void begin(void)
{
	ck_assert_int_eq(mailbox_init(&home, NULL), 0);
	ck_assert_int_eq(errands_start(&pool, NULL), 0);
	for (unsigned i = 0; i < ERRANDS; i++)
		all[i] = (struct errand){.home = &home, .work = work, .finish = finish};
}

START_TEST(each_errand_is_done_once_and_comes_home)
{
	begin();
	for (unsigned i = 0; i < ERRANDS; i++)
		errands_post(&pool, &all[i]);
	serve_until(ERRANDS);
	ck_assert_uint_eq(worked, ERRANDS);
	ck_assert_uint_eq(skipped, 0);
	errands_stop(&pool);
	mailbox_finish(&home);
}
END_TEST

START_TEST(a_pool_that_stops_sends_them_home_undone)
{
	begin();
	for (unsigned i = 0; i < ERRANDS; i++)
		errands_post(&pool, &all[i]);
	errands_stop(&pool);
	serve_until(ERRANDS);
	ck_assert_uint_eq(worked + skipped, ERRANDS);
	mailbox_finish(&home);
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_TEST(each_errand_is_done_once_and_comes_home),
	SUITE_TEST(a_pool_that_stops_sends_them_home_undone),
};

SUITE_MAIN("errand", tests)
