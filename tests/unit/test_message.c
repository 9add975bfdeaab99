/* Messages: their ids, and that everything of them is copied. */
#include "core/message.h"

#include <linkspan/connector.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/thread.h"
#include "crypto/random.h"
#include "suite.h"

static const struct {
	uint64_t seq, salt;
	const char *id;
} ids[] = {
	{0, 0, "msg_00000000000000000000000000"},
	{0, 1, "msg_00000000000000000000000004"},
	{0, 7, "msg_0000000000000000000000000s"},
	{0, 8, "msg_00000000000000000000000010"},
	{1, 0, "msg_00000000000020000000000000"},
	{UINT64_C(1) << 63, 0, "msg_g0000000000000000000000000"},
	{UINT64_MAX, UINT64_MAX, "msg_vvvvvvvvvvvvvvvvvvvvvvvvvs"},
	/* base32hex of RFC 4648 over "fooba" and zeros */
	{UINT64_C(0x666f6f6261000000), 0, "msg_cpnmuoj1000000000000000000"},
};

START_TEST(an_id_is_written_and_read)
{
	char text[MESSAGE_ID_BYTES];
	uint64_t seq = 99, salt = 99;

	message_id_write(ids[_i].seq, ids[_i].salt, text);
	ck_assert_str_eq(text, ids[_i].id);
	ck_assert_int_eq(message_id_parse(text, &seq, &salt), 0);
	ck_assert_uint_eq(seq, ids[_i].seq);
	ck_assert_uint_eq(salt, ids[_i].salt);
}
END_TEST

static const char *const no_ids[] = {
	"",
	"msg",
	"msg_",
	"msg_0",
	"msg_0000000000000000000000000",   /* 25 */
	"msg_000000000000000000000000000", /* 27 */
	"msg_00000000000000000000000001",  /* bits that no id has */
	"msg_0000000000000000000000000v",
	"msg_0000000000000000000000000w",
	"msg_w0000000000000000000000000",
	"msg_G0000000000000000000000000",
	"MSG_00000000000000000000000000",
	"evt_00000000000000000000000000",
	" msg_00000000000000000000000000",
	"msg_00000000000000000000000000 ",
	"msg_000000.0000000000000000000",
	"msg_p5jXN8AQM9LWM0D4loKWxJek",
};

START_TEST(what_is_no_id_is_refused)
{
	uint64_t seq = 5, salt = 6;

	ck_assert_int_eq(message_id_parse(no_ids[_i], &seq, &salt), ERR_INVALID);
	ck_assert_uint_eq(seq, 5);
	ck_assert_uint_eq(salt, 6);
}
END_TEST

static uint64_t any(void)
{
	uint64_t number;

	random_bytes(&number, sizeof(number));
	/* close ones, too */
	return random_below(3) ? number : number >> 60;
}

START_TEST(ids_sort_by_number_and_then_salt)
{
	ck_assert_int_eq(crypto_init(NULL), 0);
	random_fix(1);
	for (int round = 0; round < 100000; round++) {
		uint64_t seq[] = {any(), any()}, salt[] = {any(), any()}, seq_read, salt_read;
		char text[2][MESSAGE_ID_BYTES];
		int order = 0;
		if (random_below(2))
			seq[1] = seq[0];
		for (int i = 0; i < 2; i++) {
			message_id_write(seq[i], salt[i], text[i]);
			ck_assert_int_eq(message_id_parse(text[i], &seq_read, &salt_read), 0);
			ck_assert(seq_read == seq[i] && salt_read == salt[i]);
		}
		if (seq[0] != seq[1])
			order = seq[0] < seq[1] ? -1 : 1;
		else if (salt[0] != salt[1])
			order = salt[0] < salt[1] ? -1 : 1;
		int sorted = strcmp(text[0], text[1]);
		ck_assert_int_eq((sorted > 0) - (sorted < 0), order);
	}
}
END_TEST

static const struct {
	const char *beginning;
	uint64_t least, most;
} ranges[] = {
	{"msg_", 0, UINT64_MAX},
	{"msg_0", 0, UINT64_MAX >> 5},
	{"msg_v", UINT64_C(31) << 59, UINT64_MAX},
	{"msg_0ab", UINT64_C(0x14b) << 49, (UINT64_C(0x14c) << 49) - 1},
	{"msg_000000000000", 0, 15},
	{"msg_000000000001", 16, 31},
	/* from the 13th on a digit holds one bit of the salt, and then nothing else */
	{"msg_0000000000010", 16, 16},
	{"msg_0000000000013", 17, 17},
	{"msg_00000000000130000", 17, 17},
	{"msg_00000000000130000000000000", 17, 17},
};

START_TEST(a_beginning_gives_a_range_of_numbers)
{
	uint64_t least, most;

	ck_assert_int_eq(message_id_range(ranges[_i].beginning, &least, &most), 0);
	ck_assert_uint_eq(least, ranges[_i].least);
	ck_assert_uint_eq(most, ranges[_i].most);
}
END_TEST

static const char *const no_beginnings[] = {
	"",
	"m",
	"msg",
	"0ab",
	"msg_w",
	"msg_0-",
	"MSG_",
	"msg_00000000000000000000000001",
	"msg_000000000000000000000000000",
};

START_TEST(what_no_id_begins_with_is_refused)
{
	uint64_t least = 5, most = 6;

	ck_assert_int_eq(message_id_range(no_beginnings[_i], &least, &most), ERR_INVALID);
	ck_assert_uint_eq(least, 5);
	ck_assert_uint_eq(most, 6);
}
END_TEST

/* Every beginning of an id has its number in the range, and the one beyond not. */
START_TEST(ranges_hold_what_begins_so)
{
	ck_assert_int_eq(crypto_init(NULL), 0);
	random_fix(2);
	for (int round = 0; round < 20000; round++) {
		uint64_t seq = any(), least, most;
		char text[MESSAGE_ID_BYTES], other[MESSAGE_ID_BYTES];
		size_t bytes = 4 + random_below(27);

		message_id_write(seq, any(), text);
		text[bytes] = '\0';
		ck_assert_int_eq(message_id_range(text, &least, &most), 0);
		ck_assert(least <= seq && seq <= most);
		if (bytes > 4 + 12)
			continue; /* the salt has a part in it */
		message_id_write(most, UINT64_MAX, other);
		ck_assert_int_eq(strncmp(other, text, bytes), 0);
		message_id_write(most + 1, 0, other);
		ck_assert(most == UINT64_MAX || strncmp(other, text, bytes) > 0);
	}
}
END_TEST

START_TEST(numbers_follow_time_and_never_repeat)
{
	const int64_t now = INT64_C(1795212534000);
	uint64_t first = message_seq_next(now);

	ck_assert_uint_eq(first, (uint64_t)now << 20);
	ck_assert_uint_eq(message_seq_next(now), first + 1);
	/* a clock that goes back */
	ck_assert_uint_eq(message_seq_next(now - 1000), first + 2);
	ck_assert_uint_eq(message_seq_next(-1), first + 3);
	ck_assert_uint_eq(message_seq_next(now + 1), (uint64_t)(now + 1) << 20);
	/* what a store has seen */
	message_seq_after(first);
	ck_assert_uint_eq(message_seq_next(now), ((uint64_t)(now + 1) << 20) + 1);
	message_seq_after((uint64_t)(now + 5) << 20);
	ck_assert_uint_eq(message_seq_next(now), ((uint64_t)(now + 5) << 20) + 1);
}
END_TEST

enum { THREADS = 4, NUMBERS = 50000 };
static uint64_t drawn[THREADS][NUMBERS];

static void *draw(void *arg)
{
	uint64_t *mine = arg;

	for (int i = 0; i < NUMBERS; i++)
		mine[i] = message_seq_next(i / 1000);
	return NULL;
}

static int by_value(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return (left > right) - (left < right);
}

START_TEST(numbers_of_many_threads_differ)
{
	uint64_t *all = &drawn[0][0];
	pthread_t threads[THREADS];

	for (int i = 0; i < THREADS; i++)
		ck_assert_int_eq(thread_start(&threads[i], "draws", draw, drawn[i], NULL), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < THREADS; i++)
		for (int n = 1; n < NUMBERS; n++)
			ck_assert_uint_gt(drawn[i][n], drawn[i][n - 1]);
	qsort(all, (size_t)THREADS * NUMBERS, sizeof(*all), by_value);
	for (int i = 1; i < THREADS * NUMBERS; i++)
		ck_assert_uint_ne(all[i], all[i - 1]);
}
END_TEST

START_TEST(a_message_without_an_id_gets_one)
{
	const struct message_parts at = {.unix_ms = INT64_C(1795212534000)}, now = {.body = NULL};
	struct message *first, *second, *third;
	uint64_t seq[3], salt[3];

	ck_assert_int_eq(crypto_init(NULL), 0);
	ck_assert_int_eq(message_create(&at, &first, NULL), 0);
	ck_assert_int_eq(message_create(&at, &second, NULL), 0);
	ck_assert_int_eq(message_id_parse(message_get(first)->id, &seq[0], &salt[0]), 0);
	ck_assert_int_eq(message_id_parse(message_get(second)->id, &seq[1], &salt[1]), 0);
	ck_assert_uint_eq(seq[0] >> 20, 1795212534000u);
	ck_assert_uint_eq(seq[1], seq[0] + 1);
	ck_assert_uint_ne(salt[0], salt[1]);
	/* the time of the system */
	ck_assert_int_eq(message_create(&now, &third, NULL), 0);
	ck_assert_int_eq(message_id_parse(message_get(third)->id, &seq[2], &salt[2]), 0);
	ck_assert_uint_gt(seq[2], seq[1]);
	ck_assert_int_eq(message_number(third, &seq[0], &salt[0]), 0);
	ck_assert_uint_eq(seq[0], seq[2]);
	ck_assert_uint_eq(salt[0], salt[2]);
	message_unref(first);
	message_unref(second);
	message_unref(third);
}
END_TEST

START_TEST(everything_is_copied)
{
	char id[] = "order-7", body[] = "{}", type[] = "application/json", key[] = "uri.id",
	     value[] = "42";
	const char *attrs[] = {key, value};
	struct message_parts parts = {.id = id,
	                              .body = body,
	                              .body_bytes = 2,
	                              .content_type = type,
	                              .attrs = attrs,
	                              .attr_count = 1};
	struct message *m;

	ck_assert_int_eq(message_create(&parts, &m, NULL), 0);
	id[0] = body[0] = type[0] = key[0] = value[0] = '#';
	ck_assert_ptr_eq(message_ref(m), m);
	message_unref(m);
	const struct message_parts *got = message_get(m);
	ck_assert_str_eq(got->id, "order-7");
	ck_assert_mem_eq(got->body, "{}", 2);
	ck_assert_uint_eq(got->body_bytes, 2);
	ck_assert_str_eq(got->content_type, "application/json");
	ck_assert_uint_eq(got->attr_count, 1);
	ck_assert_str_eq(got->attrs[0], "uri.id");
	ck_assert_str_eq(got->attrs[1], "42");
	message_unref(m);
	message_unref(NULL);
}
END_TEST

START_TEST(no_body_and_an_empty_one_differ)
{
	struct message_parts parts = {.id = "x"};
	struct message *m;

	ck_assert_int_eq(message_create(&parts, &m, NULL), 0);
	ck_assert_ptr_null(message_get(m)->body);
	message_unref(m);
	parts.body = "";
	ck_assert_int_eq(message_create(&parts, &m, NULL), 0);
	ck_assert_ptr_nonnull(message_get(m)->body);
	ck_assert_uint_eq(message_get(m)->body_bytes, 0);
	message_unref(m);
}
END_TEST

START_TEST(a_message_that_cannot_be_made_says_why)
{
	struct message_parts parts = {.body = "", .body_bytes = (size_t)LK_BODY_MAX + 1};
	struct message *m = NULL;
	struct err e = {0};

	ck_assert_int_eq(message_create(&parts, &m, &e), ERR_USAGE);
	ck_assert_ptr_nonnull(strstr(e.text, "the body has"));
	parts.body_bytes = 0;
	err_clear(&e);
	mem_fail_at(1);
	ck_assert_int_eq(message_create(&parts, &m, &e), ERR_NO_MEMORY);
	ck_assert_ptr_null(m);
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_LOOP(an_id_is_written_and_read, ids),
	SUITE_LOOP(what_is_no_id_is_refused, no_ids),
	SUITE_TEST(ids_sort_by_number_and_then_salt),
	SUITE_LOOP(a_beginning_gives_a_range_of_numbers, ranges),
	SUITE_LOOP(what_no_id_begins_with_is_refused, no_beginnings),
	SUITE_TEST(ranges_hold_what_begins_so),
	SUITE_TEST(numbers_follow_time_and_never_repeat),
	SUITE_TEST(numbers_of_many_threads_differ),
	SUITE_TEST(a_message_without_an_id_gets_one),
	SUITE_TEST(everything_is_copied),
	SUITE_TEST(no_body_and_an_empty_one_differ),
	SUITE_TEST(a_message_that_cannot_be_made_says_why),
};

SUITE_MAIN("message", tests)
