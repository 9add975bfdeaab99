/* Sealing under a passphrase. */
#include "crypto/passphrase.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "crypto/random.h"
#include "suite.h"

#define PASSPHRASE "correct horse"
#define DENIED     "the passphrase is wrong, or the bundle was changed"

enum { OPS = 1, KIB = 8, HEADER_BYTES = 60, AT_OPS = 12, AT_KIB = 16, CHUNK_BYTES = 65536 + 17 };

static struct buf sealed, opened;

static void begin(void)
{
	ck_assert_int_eq(crypto_init(NULL), 0);
	buf_init(&sealed, BUF_MAX_TEXT);
	buf_init(&opened, BUF_MAX_TEXT);
}

static void end(void)
{
	buf_finish(&sealed);
	buf_finish(&opened);
}

/* So many bytes that differ from chunk to chunk. */
static char *make_text(size_t bytes)
{
	char *text = mem_alloc(bytes + 1);

	for (size_t i = 0; i < bytes; i++)
		text[i] = (char)('a' + (i + i / 65536) % 26);
	text[bytes] = '\0';
	return text;
}

static void seal(size_t bytes)
{
	char *text = make_text(bytes);
	struct err e = {0};

	buf_clear(&sealed);
	ck_assert_msg(passphrase_seal_with(PASSPHRASE, OPS, KIB, text, bytes, &sealed, &e) == 0,
	              "%s", e.text);
	mem_free(text);
}

static int open_with(const char *passphrase, size_t bytes, struct err *e)
{
	*e = (struct err){0};
	buf_clear(&opened);
	return passphrase_open(passphrase, sealed.data, bytes, &opened, e);
}

static void assert_denied(const char *passphrase, size_t bytes)
{
	struct err e;

	ck_assert_int_eq(open_with(passphrase, bytes, &e), ERR_DENIED);
	ck_assert_str_eq(e.text, DENIED);
	ck_assert_uint_eq(opened.len_bytes, 0);
}

START_TEST(what_was_sealed_is_opened)
{
	static const size_t sizes[] = {0, 1, 65535, 65536, 65537, 200000};
	struct err e;

	begin();
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		char *text = make_text(sizes[i]);
		seal(sizes[i]);
		ck_assert(passphrase_is_sealed(sealed.data, sealed.len_bytes));
		ck_assert_msg(open_with(PASSPHRASE, sealed.len_bytes, &e) == 0, "%s", e.text);
		ck_assert_uint_eq(opened.len_bytes, sizes[i]);
		ck_assert_str_eq(buf_str(&opened), text);
		mem_free(text);
	}
	end();
}
END_TEST

START_TEST(the_parameters_that_are_used_are_those_it_opens)
{
	struct err e = {0};

	begin();
	ck_assert_int_eq(passphrase_seal(PASSPHRASE, "x", 1, &sealed, &e), 0);
	ck_assert_int_eq(sealed.data[AT_OPS], 3);
	ck_assert_mem_eq(sealed.data + AT_KIB, "\0\0\4\0", 4);
	ck_assert_int_eq(open_with(PASSPHRASE, sealed.len_bytes, &e), 0);
	ck_assert_str_eq(buf_str(&opened), "x");
	end();
}
END_TEST

START_TEST(another_passphrase_opens_nothing)
{
	begin();
	seal(100);
	assert_denied("correct horsf", sealed.len_bytes);
	assert_denied("correct horse ", sealed.len_bytes);
	assert_denied("", sealed.len_bytes);
	end();
}
END_TEST

START_TEST(no_byte_can_be_changed)
{
	struct err e;

	begin();
	seal(40);
	for (size_t i = 0; i < sealed.len_bytes; i++) {
		/* Numbers of the key's cost, upwards, would take long: they have a test of their own. */
		if (i >= AT_OPS && i < AT_KIB + 4)
			continue;
		sealed.data[i] ^= 1;
		int rc = open_with(PASSPHRASE, sealed.len_bytes, &e);
		ck_assert_msg(rc == ERR_DENIED || (i < AT_OPS && rc == ERR_INVALID), "%zu: %d", i,
		              rc);
		ck_assert_uint_eq(opened.len_bytes, 0);
		sealed.data[i] ^= 1;
	}
	ck_assert_int_eq(open_with(PASSPHRASE, sealed.len_bytes, &e), 0);
	end();
}
END_TEST

START_TEST(nothing_can_be_cut_off)
{
	begin();
	seal(3 * 65536);
	for (size_t part = 1; part < 50; part++)
		assert_denied(PASSPHRASE, sealed.len_bytes * part / 50);
	assert_denied(PASSPHRASE, HEADER_BYTES + CHUNK_BYTES);
	assert_denied(PASSPHRASE, HEADER_BYTES + 2 * CHUNK_BYTES);
	assert_denied(PASSPHRASE, sealed.len_bytes - 1);
	assert_denied(PASSPHRASE, HEADER_BYTES);
	assert_denied(PASSPHRASE, 9);
	end();
}
END_TEST

START_TEST(nothing_can_be_put_behind)
{
	begin();
	seal(100);
	buf_add(&sealed, "12345678901234567890", 20);
	assert_denied(PASSPHRASE, sealed.len_bytes);
	end();
}
END_TEST

START_TEST(chunks_cannot_change_places)
{
	char *first;

	begin();
	seal(3 * 65536);
	first = mem_dup(sealed.data + HEADER_BYTES, CHUNK_BYTES);
	memmove(sealed.data + HEADER_BYTES, sealed.data + HEADER_BYTES + CHUNK_BYTES, CHUNK_BYTES);
	memcpy(sealed.data + HEADER_BYTES + CHUNK_BYTES, first, CHUNK_BYTES);
	assert_denied(PASSPHRASE, sealed.len_bytes);
	mem_free(first);
	end();
}
END_TEST

static const struct {
	const char *ops, *kib; /* four bytes */
} greedy[] = {
	{"\0\0\0\0", "\10\0\0\0"},         {"\13\0\0\0", "\10\0\0\0"},
	{"\377\377\377\377", "\10\0\0\0"}, {"\1\0\0\0", "\0\0\0\0"},
	{"\1\0\0\0", "\7\0\0\0"},          {"\1\0\0\0", "\1\0\4\0"},
	{"\1\0\0\0", "\377\377\377\377"},
};

START_TEST(a_header_cannot_ask_for_more_than_the_bounds)
{
	struct err e;

	begin();
	seal(10);
	memcpy(sealed.data + AT_OPS, greedy[_i].ops, 4);
	memcpy(sealed.data + AT_KIB, greedy[_i].kib, 4);
	ck_assert_int_eq(open_with(PASSPHRASE, sealed.len_bytes, &e), ERR_INVALID);
	ck_assert_ptr_nonnull(strstr(e.text, "at most 10 passes over 262144 KiB"));
	end();
}
END_TEST

START_TEST(a_younger_format_is_named_as_such)
{
	struct err e;

	begin();
	seal(10);
	sealed.data[8] = 2;
	ck_assert_int_eq(open_with(PASSPHRASE, sealed.len_bytes, &e), ERR_INVALID);
	ck_assert_ptr_nonnull(strstr(e.text, "younger"));
	ck_assert(!passphrase_is_sealed("PK\3\4", 4));
	ck_assert(!passphrase_is_sealed("LKSEAL\r", 7));
	end();
}
END_TEST

START_TEST(short_passphrases_seal_nothing)
{
	static const struct {
		const char *passphrase;
		int rc;
	} rows[] = {
		{"", ERR_INVALID},
		{"1234567", ERR_INVALID},
		/* Seven characters in more than eight bytes. */
		{"\303\244\303\266\303\274\303\244\303\266\303\274\303\244", ERR_INVALID},
		{"12345678", 0},
	};

	begin();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		ck_assert_int_eq(
			passphrase_seal_with(rows[i].passphrase, OPS, KIB, "x", 1, &sealed, NULL),
			rows[i].rc);
	char *long_one = make_text(PASSPHRASE_MOST + 1);
	ck_assert_int_eq(passphrase_seal_with(long_one, OPS, KIB, "x", 1, &sealed, NULL),
	                 ERR_INVALID);
	mem_free(long_one);
	end();
}
END_TEST

START_TEST(without_memory_nothing_is_left_half)
{
	begin();
	seal(200000);
	for (unsigned n = 1; n < 100; n++) {
		struct buf ret;
		buf_init(&ret, BUF_MAX_TEXT);
		mem_fail_at(n);
		int rc = passphrase_open(PASSPHRASE, sealed.data, sealed.len_bytes, &ret, NULL);
		int pending = mem_fail_pending();
		mem_fail_at(0);
		ck_assert_int_eq(rc, pending ? 0 : ERR_NO_MEMORY);
		ck_assert_uint_eq(ret.len_bytes, pending ? 200000 : 0);
		buf_finish(&ret);
		if (pending)
			break;
	}
	end();
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_TEST(what_was_sealed_is_opened),
	SUITE_TEST(the_parameters_that_are_used_are_those_it_opens),
	SUITE_TEST(another_passphrase_opens_nothing),
	SUITE_TEST(no_byte_can_be_changed),
	SUITE_TEST(nothing_can_be_cut_off),
	SUITE_TEST(nothing_can_be_put_behind),
	SUITE_TEST(chunks_cannot_change_places),
	SUITE_LOOP(a_header_cannot_ask_for_more_than_the_bounds, greedy),
	SUITE_TEST(a_younger_format_is_named_as_such),
	SUITE_TEST(short_passphrases_seal_nothing),
	SUITE_TEST(without_memory_nothing_is_left_half),
};

SUITE_MAIN("passphrase", tests)
