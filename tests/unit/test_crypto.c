/* Tests of the crypto room: random numbers, guarded memory, base64, digests. */
#include <sys/wait.h>
#include <unistd.h>

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "crypto/base64.h"
#include "crypto/guard.h"
#include "crypto/hash.h"
#include "crypto/mac.h"
#include "crypto/random.h"
#include "suite.h"

START_TEST(random_below_stays_below)
{
	unsigned seen = 0;

	for (int i = 0; i < 1000; i++) {
		uint32_t r = random_below(5);
		ck_assert_uint_lt(r, 5);
		seen |= 1u << r;
	}
	ck_assert_uint_eq(seen, 31);
	ck_assert_uint_eq(random_below(1), 0);
}
END_TEST

static void draw(uint32_t *numbers, size_t count)
{
	random_bytes(numbers, count / 2 * sizeof(*numbers));
	for (size_t i = count / 2; i < count; i++)
		numbers[i] = random_below(UINT32_MAX);
}

START_TEST(a_child_draws_other_numbers)
{
	unsigned char own[16], childs[16];
	int ends[2];

	ck_assert_int_eq(crypto_init(NULL), 0);
	random_bytes(own, sizeof(own));
	ck_assert_int_eq(pipe(ends), 0);
	pid_t child = fork();
	ck_assert_int_ge(child, 0);
	random_bytes(own, sizeof(own));
	if (child == 0) {
		_exit(write(ends[1], own, sizeof(own)) == sizeof(own) ? 0 : 1);
	}
	ck_assert_int_eq(read(ends[0], childs, sizeof(childs)), sizeof(childs));
	ck_assert_int_eq(waitpid(child, NULL, 0), child);
	ck_assert_int_ne(memcmp(own, childs, sizeof(own)), 0);
	close(ends[0]);
	close(ends[1]);
}
END_TEST

START_TEST(small_pieces_do_not_repeat)
{
	uint64_t seen[1000];

	for (size_t i = 0; i < 1000; i++) {
		random_bytes(&seen[i], sizeof(seen[i]));
		for (size_t k = 0; k < i; k++)
			ck_assert_uint_ne(seen[i], seen[k]);
	}
}
END_TEST

START_TEST(a_seed_fixes_what_is_drawn)
{
	uint32_t free[8], first[8], again[8], other[8];

	ck_assert_int_eq(crypto_init(NULL), 0);
	draw(free, 8);
	random_fix(7);
	draw(first, 8);
	draw(other, 8);
	ck_assert_mem_ne(first, other, sizeof(first));
	random_fix(7);
	draw(again, 8);
	ck_assert_mem_eq(first, again, sizeof(first));
	ck_assert_mem_ne(first, free, sizeof(first));
	random_fix(8);
	draw(other, 8);
	ck_assert_mem_ne(first, other, sizeof(first));
	for (int i = 1; i < 8; i++)
		ck_assert_uint_ne(first[i], first[i - 1]);
}
END_TEST

/* Each number is drawn about as often, for limits that divide the range unevenly, too. */
START_TEST(what_a_seed_fixes_is_uniform)
{
	static const uint32_t limits[] = {1, 2, 5, 3000000000u};

	ck_assert_int_eq(crypto_init(NULL), 0);
	random_fix(1);
	for (size_t i = 0; i < 4; i++) {
		unsigned low = 0;
		for (int n = 0; n < 10000; n++) {
			uint32_t r = random_below(limits[i]);
			ck_assert_uint_lt(r, limits[i]);
			low += r < (limits[i] + 1) / 2;
		}
		unsigned share = (unsigned)(10000ull * ((limits[i] + 1) / 2) / limits[i]);
		ck_assert(low + 300 > share && low < share + 300);
	}
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

static const struct hash_row {
	const char *text, *digest;
} hash_rows[] = {
	/* FIPS 180-4, the examples of NIST */
	{"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
	{"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
	{"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
};

/* In two pieces, cut everywhere. */
START_TEST(sha256_of_the_standard)
{
	const char *text = hash_rows[_i].text;
	size_t bytes = strlen(text);

	ck_assert_int_eq(crypto_init(NULL), 0);
	for (size_t cut = 0; cut <= bytes; cut++) {
		uint8_t digest[HASH_BYTES];
		char hex[2 * HASH_BYTES + 1];
		struct hash h;
		hash_init(&h);
		hash_add(&h, text, cut);
		hash_add(&h, NULL, 0);
		hash_add(&h, text + cut, bytes - cut);
		hash_end(&h, digest);
		for (int i = 0; i < HASH_BYTES; i++)
			snprintf(hex + 2 * (size_t)i, 3, "%02x", digest[i]);
		ck_assert_str_eq(hex, hash_rows[_i].digest);
	}
}
END_TEST

/* RFC 4231, case 1 and 2 with the keys filled up with zeros, as HMAC itself does. */
static const struct {
	uint8_t key[MAC_KEY_BYTES];
	const char *text, *digest;
} mac_rows[] = {
	{{0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b,
          0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b},
         "Hi There",
         "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
	{{'J', 'e', 'f', 'e'},
         "what do ya want for nothing?",
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
};

START_TEST(hmac_of_the_rfc)
{
	const char *text = mac_rows[_i].text;
	char hex[2 * MAC_BYTES + 1];
	uint8_t digest[MAC_BYTES];
	struct mac m;

	ck_assert_int_eq(crypto_init(NULL), 0);
	mac_init(&m, mac_rows[_i].key);
	mac_add(&m, text, 3);
	mac_add(&m, NULL, 0);
	mac_add(&m, text + 3, strlen(text) - 3);
	mac_end(&m, digest);
	for (int i = 0; i < MAC_BYTES; i++)
		snprintf(hex + 2 * (size_t)i, 3, "%02x", digest[i]);
	ck_assert_str_eq(hex, mac_rows[_i].digest);
	ck_assert(mac_equal("abc", "abcd", 3));
	ck_assert(!mac_equal("abc", "abd", 3));
}
END_TEST

START_TEST(base64_for_urls_has_no_padding)
{
	char text[BASE64_URL_LENGTH(4) + 1];

	base64_url("\xfb\xff\xfe\xff", 4, text);
	ck_assert_str_eq(text, "-__-_w");
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_LOOP(hmac_of_the_rfc, mac_rows),      SUITE_TEST(base64_for_urls_has_no_padding),
	SUITE_TEST(a_child_draws_other_numbers),    SUITE_TEST(small_pieces_do_not_repeat),
	SUITE_TEST(random_below_stays_below),       SUITE_TEST(a_seed_fixes_what_is_drawn),
	SUITE_TEST(what_a_seed_fixes_is_uniform),   SUITE_TEST(guarded_memory_holds_a_copy),
	SUITE_LOOP(base64_of_the_rfc, base64_rows), SUITE_LOOP(sha256_of_the_standard, hash_rows),
};

SUITE_MAIN("crypto", tests)
