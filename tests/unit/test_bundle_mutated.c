/* Bundles in which chance has changed a few bytes: each is read, or refused with a reason, and no more. */
#include <stdlib.h>

#include "base/err.h"
#include "core/bundle/bundle.h"
#include "crypto/passphrase.h"
#include "crypto/random.h"
#include "suite.h"
#include "zip_bytes.h"

enum { MOST = 80 << 20, MUTATIONS = 10000, SEALED_MUTATIONS = 200 };

static struct zip_parts parts;
static struct buf zip;

/* LINKSPAN_SEED, or a new one, which is shown. */
static void fix_randomness(void)
{
	const char *text = getenv("LINKSPAN_SEED");
	uint32_t seed;

	ck_assert_int_eq(crypto_init(NULL), 0);
	seed = text && *text ? (uint32_t)strtoul(text, NULL, 10) : random_below(UINT32_MAX);
	fprintf(stderr, "LINKSPAN_SEED=%u\n", seed);
	random_fix(seed);
}

/* One change at a random place. */
static void mutate(char *bytes, size_t *length)
{
	static const unsigned char marks[] = {0, 1, '"', '/', '.', '{', 'P', 0x7f, 0x80, 0xff};
	size_t at = random_below((uint32_t)*length), other = random_below((uint32_t)*length);
	size_t left = *length - (at > other ? at : other),
	       run = left ? random_below((uint32_t)left) : 0;

	switch (random_below(6)) {
	case 0:
		bytes[at] ^= (char)(1 << random_below(8));
		break;
	case 1:
		bytes[at] = (char)marks[random_below(sizeof(marks))];
		break;
	case 2:
		bytes[at] = (char)random_below(256);
		break;
	case 3:
		memmove(bytes + at, bytes + other, run % 64);
		break;
	case 4: /* cut out */
		run = run % 16 < *length - at ? run % 16 : 0;
		memmove(bytes + at, bytes + at + run, *length - at - run);
		*length -= run;
		break;
	default: /* numbers of headers */
		for (size_t i = at; i < *length && i < at + 4; i++)
			bytes[i] = (char)(random_below(2) ? 0xff : 0);
		break;
	}
}

static void mutate_some(char *bytes, size_t *length)
{
	for (unsigned n = 1 + random_below(3); n > 0 && *length > 1; n--)
		mutate(bytes, length);
}

static void assert_sane(const char *bytes, size_t length, const char *passphrase)
{
	struct bundle b;
	struct err e = {0};
	int rc = bundle_read(bytes, length, passphrase, &b, &e);

	ck_assert_msg(rc == 0 || rc == ERR_INVALID || rc == ERR_DENIED, "%d: %s", rc, e.text);
	ck_assert_int_eq(e.code, rc);
	if (rc == 0) {
		size_t total = 0;
		ck_assert_uint_gt(b.connection_count, 0);
		for (size_t i = 0; i < b.file_count; i++) {
			ck_assert(bundle_file_name_valid(b.files[i].name));
			total += b.files[i].size_bytes;
		}
		ck_assert_uint_le(total, BUNDLE_BYTES_MOST);
	} else {
		for (const char *p = e.text; *p; p++)
			ck_assert_msg((unsigned char)*p >= ' ', "%s", e.text);
	}
	bundle_finish(&b);
}

static void make_good(void)
{
	buf_init(&zip, MOST);
	zip_start(&parts);
	parts.items[1].bytes =
		"{\"items\":[{\"connection\":\"Hook\",\"project\":\"global\",\"kind\":\"file\","
		"\"name\":\"tls/a.pem\",\"path\":\"settings.tls.ca_file\",\"file\":\"a.pem\"}],"
		"\"files\":[{\"name\":\"a.pem\",\"kind\":\"certificate\"}]}";
	parts.items[1].size_bytes = strlen(parts.items[1].bytes);
	zip_add(&parts, "dependencies/a.pem", "certificate");
}

START_TEST(mutated_archives_are_read_or_refused)
{
	fix_randomness();
	make_good();
	zip_finish(&parts, NULL, &zip);
	char *bytes = mem_alloc(zip.len_bytes);
	for (unsigned i = 0; i < MUTATIONS / 2; i++) {
		size_t length = zip.len_bytes;
		memcpy(bytes, zip.data, length);
		mutate_some(bytes, &length);
		assert_sane(bytes, length, NULL);
	}
	mem_free(bytes);
	buf_finish(&zip);
}
END_TEST

/* The archive and the hashes are right, what is in a document is not. */
START_TEST(mutated_documents_are_read_or_refused)
{
	static char text[8192];

	fix_randomness();
	for (unsigned i = 0; i < MUTATIONS / 2; i++) {
		make_good();
		bool is_metadata = i % 2;
		if (is_metadata)
			zip_finish(&parts, NULL, &zip);
		struct zip_part *part = &parts.items[is_metadata ? 3 : random_below(2)];
		size_t length = part->size_bytes;
		ck_assert_uint_lt(length, sizeof(text));
		memcpy(text, part->bytes, length);
		mutate_some(text, &length);
		part->bytes = text;
		part->size_bytes = length;
		buf_clear(&zip);
		if (is_metadata)
			zip_write(&parts, &zip);
		else
			zip_finish(&parts, NULL, &zip);
		assert_sane(zip.data, zip.len_bytes, NULL);
		buf_finish(&zip);
	}
}
END_TEST

START_TEST(mutated_sealed_ones_are_refused)
{
	struct buf sealed;

	fix_randomness();
	make_good();
	zip_finish(&parts, NULL, &zip);
	buf_init(&sealed, MOST);
	ck_assert_int_eq(passphrase_seal_with("correct horse", 1, PASSPHRASE_KIB_LEAST, zip.data,
	                                      zip.len_bytes, &sealed, NULL),
	                 0);
	assert_sane(sealed.data, sealed.len_bytes, "correct horse");
	char *bytes = mem_alloc(sealed.len_bytes);
	for (unsigned i = 0; i < SEALED_MUTATIONS; i++) {
		struct bundle b;
		size_t length = sealed.len_bytes;
		memcpy(bytes, sealed.data, length);
		while (length == sealed.len_bytes && memcmp(bytes, sealed.data, length) == 0)
			mutate_some(bytes, &length);
		int rc = bundle_read(bytes, length, "correct horse", &b, NULL);
		ck_assert(rc == ERR_DENIED || rc == ERR_INVALID);
		bundle_finish(&b);
	}
	mem_free(bytes);
	buf_finish(&sealed);
	buf_finish(&zip);
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_TEST(mutated_archives_are_read_or_refused),
	SUITE_TEST(mutated_documents_are_read_or_refused),
	SUITE_TEST(mutated_sealed_ones_are_refused),
};

SUITE_MAIN("bundle_mutated", tests)
