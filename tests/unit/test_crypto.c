/* Tests of the crypto room: identifiers, guarded memory, base64. */
#include <string.h>

#include "base/mem.h"
#include "crypto/base64.h"
#include "crypto/guard.h"
#include "crypto/random.h"
#include "suite.h"

START_TEST(ids_are_unique_and_well_formed)
{
	char first[RANDOM_ID_BYTES], second[RANDOM_ID_BYTES];

	ck_assert_int_eq(crypto_init(NULL), 0);
	random_id(first);
	random_id(second);
	ck_assert_str_ne(first, second);
	ck_assert_uint_eq(strlen(first), 30);
	ck_assert_int_eq(strncmp(first, "msg_", 4), 0);
	ck_assert_uint_eq(strspn(first + 4, "0123456789abcdefghijklmnopqrstuv"), 26);
}
END_TEST

START_TEST(random_below_stays_below)
{
	unsigned seen = 0;

	for (int i = 0; i < 1000; i++) {
		uint32_t r = random_below(5);
		ck_assert_uint_lt(r, 5);
		seen |= 1u << r;
	}
	ck_assert_uint_eq(seen, 31);
}
END_TEST

START_TEST(guarded_memory_holds_a_copy)
{
	ck_assert_int_eq(crypto_init(NULL), 0);
	char *copy = guard_dup("secret\0tail", 11);

	ck_assert_ptr_nonnull(copy);
	ck_assert_int_eq(memcmp(copy, "secret\0tail", 12), 0);
	guard_free(copy);
	guard_free(NULL);
}
END_TEST

static const struct base64_row {
	const char *plain, *encoded;
} base64_rows[] = {
	/* RFC 4648, section 10 */
	{"", ""},
	{"f", "Zg=="},
	{"fo", "Zm8="},
	{"foo", "Zm9v"},
	{"foob", "Zm9vYg=="},
	{"fooba", "Zm9vYmE="},
	{"foobar", "Zm9vYmFy"},
};

START_TEST(base64_of_the_rfc)
{
	const struct base64_row *row = &base64_rows[_i];
	char *text = base64_encode(row->plain, strlen(row->plain));

	ck_assert_str_eq(text, row->encoded);
	mem_free(text);
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_TEST(ids_are_unique_and_well_formed),
	SUITE_TEST(random_below_stays_below),
	SUITE_TEST(guarded_memory_holds_a_copy),
	SUITE_LOOP(base64_of_the_rfc, base64_rows),
};

SUITE_MAIN("crypto", tests)
