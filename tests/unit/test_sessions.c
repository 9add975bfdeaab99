/* Sessions: how long they last, and what is kept of them. */
#include "admin/sessions.h"

#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "crypto/random.h"
#include "suite.h"

static struct sessions sessions;
static char cookie[SESSION_SECRET_LENGTH + 1];
static struct session first;

static void begin(int64_t now_ms)
{
	ck_assert_int_eq(crypto_init(NULL), 0);
	sessions_init(&sessions);
	ck_assert_int_eq(sessions_begin(&sessions, "abcdefghijkl", now_ms, cookie, &first), 0);
}

static bool is_there(int64_t now_ms)
{
	struct session found;

	return sessions_find(&sessions, cookie, now_ms, &found);
}

START_TEST(a_session_is_found_by_its_cookie)
{
	struct session found;

	begin(0);
	ck_assert(sessions_find(&sessions, cookie, 1, &found));
	ck_assert_str_eq(found.token, "abcdefghijkl");
	ck_assert_str_eq(found.csrf, first.csrf);
	ck_assert_str_ne(found.csrf, cookie);
	ck_assert(!sessions_find(&sessions, "", 1, &found));
	ck_assert(!sessions_find(&sessions, first.csrf, 1, &found));
	sessions_end(&sessions, cookie);
	ck_assert(!is_there(1));
	sessions_finish(&sessions);
}
END_TEST

START_TEST(the_cookie_is_not_kept)
{
	const char *at = (const char *)&first;

	begin(0);
	for (size_t i = 0; i + SESSION_SECRET_LENGTH <= sizeof(first); i++)
		ck_assert_int_ne(memcmp(at + i, cookie, SESSION_SECRET_LENGTH), 0);
	sessions_finish(&sessions);
}
END_TEST

START_TEST(it_ends_when_it_is_not_used)
{
	begin(0);
	ck_assert(is_there(SESSION_IDLE_MS - 1));
	ck_assert(is_there(2 * SESSION_IDLE_MS - 2));
	ck_assert(!is_there(3 * SESSION_IDLE_MS - 2));
	sessions_finish(&sessions);
}
END_TEST

START_TEST(it_ends_at_last_however_it_is_used)
{
	int64_t now_ms = 0;

	begin(0);
	for (; now_ms < SESSION_LONGEST_MS; now_ms += SESSION_IDLE_MS - 1)
		ck_assert(is_there(now_ms));
	ck_assert(!is_there(SESSION_LONGEST_MS));
	sessions_finish(&sessions);
}
END_TEST

START_TEST(the_longest_unused_makes_room)
{
	char other[SESSION_SECRET_LENGTH + 1];
	struct session session;

	begin(0);
	for (int i = 1; i < SESSIONS_MAX; i++)
		ck_assert_int_eq(sessions_begin(&sessions, "abcdefghijkl", i, other, &session), 0);
	ck_assert(is_there(5));
	/* Now the second is the one. */
	ck_assert_int_eq(sessions_begin(&sessions, "abcdefghijkl", 2000, other, &session), 0);
	ck_assert_uint_eq(sessions.count, SESSIONS_MAX);
	ck_assert(is_there(2001));
	sessions_finish(&sessions);
}
END_TEST

START_TEST(without_memory_there_is_none)
{
	struct session session;

	ck_assert_int_eq(crypto_init(NULL), 0);
	sessions_init(&sessions);
	mem_fail_at(1);
	ck_assert_int_eq(sessions_begin(&sessions, "abcdefghijkl", 0, cookie, &session),
	                 ERR_NO_MEMORY);
	ck_assert(!is_there(0));
	sessions_finish(&sessions);
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_TEST(a_session_is_found_by_its_cookie),
	SUITE_TEST(the_cookie_is_not_kept),
	SUITE_TEST(it_ends_when_it_is_not_used),
	SUITE_TEST(it_ends_at_last_however_it_is_used),
	SUITE_TEST(the_longest_unused_makes_room),
	SUITE_TEST(without_memory_there_is_none),
};

SUITE_MAIN("sessions", tests)
