/* Sealing: what goes in comes out, and nothing that was touched does. */
#include <string.h>

#include "crypto/random.h"
#include "crypto/seal.h"
#include "suite.h"

static const uint8_t key[SEAL_KEY_BYTES] = "0123456789abcdef0123456789abcde";
static const char text[] = "s3cr3t, and some more than that";

enum { TEXT_BYTES = sizeof(text) - 1, SEALED_BYTES = TEXT_BYTES + SEAL_EXTRA_BYTES };

static void seal_it(uint8_t *ret)
{
	ck_assert_int_eq(crypto_init(NULL), 0);
	seal(key, text, TEXT_BYTES, "name", 4, ret);
}

START_TEST(what_was_sealed_is_opened)
{
	uint8_t sealed[SEALED_BYTES], opened[TEXT_BYTES];

	seal_it(sealed);
	ck_assert_ptr_null(memmem(sealed, sizeof(sealed), text, 6));
	ck_assert(seal_open(key, sealed, sizeof(sealed), "name", 4, opened));
	ck_assert_int_eq(memcmp(opened, text, TEXT_BYTES), 0);
}
END_TEST

START_TEST(nothing_is_a_text_too)
{
	uint8_t sealed[SEAL_EXTRA_BYTES], opened[1] = {7};

	ck_assert_int_eq(crypto_init(NULL), 0);
	seal(key, NULL, 0, NULL, 0, sealed);
	ck_assert(seal_open(key, sealed, sizeof(sealed), NULL, 0, opened));
	ck_assert(!seal_open(key, sealed, sizeof(sealed), "x", 1, opened));
	ck_assert_uint_eq(opened[0], 7);
}
END_TEST

START_TEST(no_two_seals_are_alike)
{
	uint8_t one[SEALED_BYTES], other[SEALED_BYTES];

	seal_it(one);
	seal_it(other);
	ck_assert_int_ne(memcmp(one, other, 24), 0);
	ck_assert_int_ne(memcmp(one + 24, other + 24, TEXT_BYTES), 0);
}
END_TEST

START_TEST(every_bit_counts)
{
	uint8_t sealed[SEALED_BYTES], opened[TEXT_BYTES];

	seal_it(sealed);
	for (size_t bit = 0; bit < 8 * sizeof(sealed); bit++) {
		sealed[bit / 8] ^= (uint8_t)(1u << bit % 8);
		ck_assert(!seal_open(key, sealed, sizeof(sealed), "name", 4, opened));
		sealed[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	for (size_t bytes = 0; bytes < sizeof(sealed); bytes++)
		ck_assert(!seal_open(key, sealed, bytes, "name", 4, opened));
	ck_assert(seal_open(key, sealed, sizeof(sealed), "name", 4, opened));
}
END_TEST

START_TEST(key_and_name_must_be_the_same)
{
	uint8_t sealed[SEALED_BYTES], opened[TEXT_BYTES], other[SEAL_KEY_BYTES];

	seal_it(sealed);
	memcpy(other, key, sizeof(other));
	other[31] ^= 1;
	memset(opened, 'x', sizeof(opened));
	ck_assert(!seal_open(other, sealed, sizeof(sealed), "name", 4, opened));
	ck_assert(!seal_open(key, sealed, sizeof(sealed), "nam", 3, opened));
	ck_assert(!seal_open(key, sealed, sizeof(sealed), "Name", 4, opened));
	ck_assert(!seal_open(key, sealed, sizeof(sealed), NULL, 0, opened));
	/* Nothing of the text is given to whoever may not read it. */
	for (size_t i = 0; i < sizeof(opened); i++)
		ck_assert_uint_eq(opened[i], 0);
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_TEST(what_was_sealed_is_opened),     SUITE_TEST(nothing_is_a_text_too),
	SUITE_TEST(no_two_seals_are_alike),        SUITE_TEST(every_bit_counts),
	SUITE_TEST(key_and_name_must_be_the_same),
};

SUITE_MAIN("seal", tests)
