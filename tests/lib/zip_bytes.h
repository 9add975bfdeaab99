/*
 * ZIP files byte by byte, so that a test can say in them what no library would write, and bundles of
 * them whose metadata.json agrees with the rest.
 */
#pragma once

#include <check.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "crypto/hash.h"

enum {
	ZIP_PARTS_MOST = 1100,
	ZIP_FILE_ATTRIBUTES = 0x81a4, /* S_IFREG | 0644 */
	ZIP_LINK_ATTRIBUTES = 0xa1ff,
	ZIP_FOLDER_ATTRIBUTES = 0x41ed,
};

struct zip_part {
	const char *name;
	const char *local_name; /* in the local header; NULL: the same */
	size_t name_bytes;      /* 0: as long as the text */
	const void *bytes;
	size_t size_bytes;
	const void *packed; /* deflated; NULL: stored */
	size_t packed_bytes;
	unsigned mode;  /* 0: a plain file */
	unsigned flags; /* of the general purpose bits */
	const char *comment;
	bool unnamed;      /* not in metadata.json */
	int64_t lie_bytes; /* added to the size in the headers */
};

struct zip_parts {
	struct zip_part items[ZIP_PARTS_MOST];
	size_t count;
};

static inline void zip_put(struct buf *b, unsigned bytes, uint64_t n)
{
	for (unsigned i = 0; i < bytes; i++)
		buf_add_char(b, (char)(n >> (8 * i)));
}

static inline uint32_t zip_crc(const void *bytes, size_t size_bytes)
{
	static uint32_t table[256];
	const unsigned char *p = bytes;
	uint32_t crc = 0xffffffff;

	for (uint32_t i = 0; table[255] == 0 && i < 256; i++) {
		uint32_t n = i;
		for (unsigned bit = 0; bit < 8; bit++)
			n = n & 1 ? n >> 1 ^ 0xedb88320 : n >> 1;
		table[i] = n;
	}
	for (size_t i = 0; i < size_bytes; i++)
		crc = crc >> 8 ^ table[(crc ^ p[i]) & 255];
	return ~crc;
}

static inline size_t zip_name_length(const struct zip_part *part)
{
	return part->name_bytes ? part->name_bytes : strlen(part->name);
}

/* What local header and directory say alike: from "version needed" to the size. */
static inline void zip_put_common(struct buf *b, const struct zip_part *part)
{
	zip_put(b, 2, 20);
	zip_put(b, 2, part->flags);
	zip_put(b, 2, part->packed ? 8 : 0);
	zip_put(b, 4, 0x58e42800);
	zip_put(b, 4, zip_crc(part->bytes, part->size_bytes));
	zip_put(b, 4, part->packed ? part->packed_bytes : part->size_bytes);
	zip_put(b, 4, (uint64_t)((int64_t)part->size_bytes + part->lie_bytes));
}

static inline void zip_put_local(struct buf *b, const struct zip_part *part)
{
	const char *name = part->local_name ? part->local_name : part->name;
	size_t length = part->local_name ? strlen(name) : zip_name_length(part);

	zip_put(b, 4, 0x04034b50);
	zip_put_common(b, part);
	zip_put(b, 2, length);
	zip_put(b, 2, 0);
	buf_add(b, name, length);
	if (part->packed)
		buf_add(b, part->packed, part->packed_bytes);
	else
		buf_add(b, part->bytes, part->size_bytes);
}

static inline void zip_put_central(struct buf *b, const struct zip_part *part, size_t offset)
{
	size_t comment = part->comment ? strlen(part->comment) : 0;

	zip_put(b, 4, 0x02014b50);
	zip_put(b, 2, 3 << 8 | 20);
	zip_put_common(b, part);
	zip_put(b, 2, zip_name_length(part));
	zip_put(b, 2, 0);
	zip_put(b, 2, comment);
	zip_put(b, 2, 0);
	zip_put(b, 2, 0);
	zip_put(b, 4, (uint64_t)(part->mode ? part->mode : ZIP_FILE_ATTRIBUTES) << 16);
	zip_put(b, 4, offset);
	buf_add(b, part->name, zip_name_length(part));
	buf_add(b, part->comment ? part->comment : "", comment);
}

static inline void zip_put_end(struct buf *b, size_t count, size_t bytes, size_t offset,
                               const char *comment)
{
	zip_put(b, 4, 0x06054b50);
	zip_put(b, 4, 0);
	zip_put(b, 2, count);
	zip_put(b, 2, count);
	zip_put(b, 4, bytes);
	zip_put(b, 4, offset);
	zip_put(b, 2, strlen(comment));
	buf_add_str(b, comment);
}

static inline void zip_write(const struct zip_parts *parts, struct buf *b)
{
	static size_t offsets[ZIP_PARTS_MOST];

	for (size_t i = 0; i < parts->count; i++) {
		offsets[i] = b->len_bytes;
		zip_put_local(b, &parts->items[i]);
	}
	size_t directory = b->len_bytes;
	for (size_t i = 0; i < parts->count; i++)
		zip_put_central(b, &parts->items[i], offsets[i]);
	zip_put_end(b, parts->count, b->len_bytes - directory, directory, "");
	ck_assert_int_eq(buf_failed(b), BUF_OK);
}

static inline struct zip_part *zip_add(struct zip_parts *parts, const char *name, const char *text)
{
	ck_assert_uint_lt(parts->count, ZIP_PARTS_MOST);
	struct zip_part *part = &parts->items[parts->count++];
	*part = (struct zip_part){.name = name, .bytes = text, .size_bytes = strlen(text)};
	return part;
}

/* Deflated zero bytes, by the fixed codes: one literal, then runs of 258 (of which each costs 13 bits),
 * after each of them so many literals, which make it less dense. */
struct zip_bits {
	struct buf *out;
	unsigned held, count;
};

static inline void zip_put_bits(struct zip_bits *bits, unsigned code, unsigned length)
{
	while (length-- > 0) {
		bits->held |= (code >> length & 1) << bits->count++;
		if (bits->count == 8) {
			buf_add_char(bits->out, (char)bits->held);
			bits->held = bits->count = 0;
		}
	}
}

static inline void zip_deflate_zeros(size_t runs, unsigned literals, struct buf *b)
{
	struct zip_bits bits = {.out = b};

	zip_put_bits(&bits, 1, 1); /* the last block */
	zip_put_bits(&bits, 2, 2); /* fixed codes; the low bit comes first */
	zip_put_bits(&bits, 0x30, 8);
	for (size_t i = 0; i < runs; i++) {
		zip_put_bits(&bits, 0xc5, 8);
		zip_put_bits(&bits, 0, 5);
		for (unsigned k = 0; k < literals; k++)
			zip_put_bits(&bits, 0x30, 8);
	}
	zip_put_bits(&bits, 0, 7);
	zip_put_bits(&bits, 0, 7);
}

static inline void zip_hash(const void *bytes, size_t size_bytes, char *ret)
{
	uint8_t digest[HASH_BYTES];
	struct hash h;

	hash_init(&h);
	hash_add(&h, bytes, size_bytes);
	hash_end(&h, digest);
	for (size_t i = 0; i < HASH_BYTES; i++)
		snprintf(ret + 2 * i, 3, "%02x", digest[i]);
}

/* The member "entries" of metadata.json for all parts that are there. */
static inline void zip_write_entries(const struct zip_parts *parts, struct buf *b)
{
	const char *comma = "";
	char sha256[2 * HASH_BYTES + 1];

	buf_add_str(b, "\"entries\":{");
	for (size_t i = 0; i < parts->count; i++) {
		const struct zip_part *part = &parts->items[i];
		if (part->unnamed)
			continue;
		zip_hash(part->bytes, part->size_bytes, sha256);
		buf_printf(b, "%s\"%s\":{\"sha256\":\"%s\",\"size_bytes\":%zu}", comma, part->name,
		           sha256, part->size_bytes);
		comma = ",";
	}
	buf_add_str(b, "}");
}

#define ZIP_REVISION "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define ZIP_DEFINITION                                                                             \
	"{\"name\":\"Hook\",\"type\":\"webhook\",\"settings\":{\"url\":\"https://${host}/\"},"     \
	"\"environments\":{\"Production\":{}}}"
#define ZIP_ROW                                                                                       \
	"{\"project\":\"global\",\"name\":\"Hook\",\"type\":\"webhook\",\"revision\":\"" ZIP_REVISION \
	"\",\"at\":\"2024-07-04T05:00:00.000Z\",\"entry\":\"connection.json\"}"
#define ZIP_HEAD                                                                                   \
	"\"format\":1,\"product\":\"Linkspan\",\"product_version\":\"0.1.0\","                     \
	"\"created\":\"2024-07-04T05:00:00.000Z\",\"host\":\"h\",\"connections\":[" ZIP_ROW "],"

/* The parts of a bundle of one connection, without metadata.json. */
static inline void zip_start(struct zip_parts *parts)
{
	parts->count = 0;
	zip_add(parts, "connection.json", ZIP_DEFINITION);
	zip_add(parts, "dependencies.json", "{\"items\":[],\"files\":[]}");
}

/* Writes it with a metadata.json that begins with `head` (NULL: as a good one does). */
static inline void zip_finish(struct zip_parts *parts, const char *head, struct buf *b)
{
	static struct buf metadata;

	buf_finish(&metadata);
	buf_init(&metadata, BUF_MAX_TEXT);
	buf_printf(&metadata, "{%s", head ? head : ZIP_HEAD);
	zip_write_entries(parts, &metadata);
	buf_add_str(&metadata, "}");
	zip_add(parts, "metadata.json", buf_str(&metadata));
	zip_write(parts, b);
}
