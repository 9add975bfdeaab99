/*
 * The frame of an archive, before libzip sees it: libzip would look for a directory in several places,
 * take memory for as many entries as one says it has, and make blanks of NUL bytes in names.  (APPNOTE.TXT
 * 4.3.12, 4.3.15, 4.3.16)
 */
#include "base/banned.h"
#include "base/err.h"
#include "conf/name.h"
#include "core/bundle/bundle_impl.h"

enum {
	LOCAL_MAGIC = 0x04034b50,
	CENTRAL_MAGIC = 0x02014b50,
	END_MAGIC = 0x06054b50,
	ZIP64_MAGIC = 0x07064b50, /* of the locator, which stands right before the end record */
	ZIP64_BYTES = 20,
	END_BYTES = 22,
	CENTRAL_BYTES = 46,
	TAIL_BYTES = 65536 + END_BYTES, /* where libzip looks for ends */
	FLAG_ENCRYPTED = 1,
	FLAG_STRONG = 1 << 6,
	FLAG_MASKED = 1 << 13,
	DOS_FOLDER = 0x10,
	TYPE_FILE = 0x8, /* the upper four bits of st_mode */
};

/* One record of the directory. */
struct record {
	unsigned flags;
	size_t name_bytes, extra_bytes, comment_bytes;
	uint32_t attributes;
	const unsigned char *name;
};

static unsigned get2(const unsigned char *p)
{
	return p[0] | (unsigned)p[1] << 8;
}

static uint32_t get4(const unsigned char *p)
{
	return get2(p) | (uint32_t)get2(p + 2) << 16;
}

static int is_no_zip(struct err *e, const char *why)
{
	return err_set(e, ERR_INVALID, "this is no export bundle: %s", why);
}

/* An end record of ZIP64 may name any number of entries. */
static bool has_zip64(const unsigned char *zip, size_t size_bytes)
{
	size_t at =
		size_bytes > TAIL_BYTES + ZIP64_BYTES ? size_bytes - TAIL_BYTES - ZIP64_BYTES : 0;

	for (; at + ZIP64_BYTES + END_BYTES <= size_bytes; at++)
		if (get4(zip + at) == ZIP64_MAGIC && get4(zip + at + ZIP64_BYTES) == END_MAGIC)
			return true;
	return false;
}

/* The end record: where the directory is. */
static int check_end(const unsigned char *zip, size_t size_bytes, size_t *ret_count,
                     size_t *ret_offset, struct err *e)
{
	if (size_bytes < END_BYTES || get4(zip) != LOCAL_MAGIC)
		return is_no_zip(e, "it does not begin as a ZIP file does");
	const unsigned char *end = zip + size_bytes - END_BYTES;
	if (get4(end) != END_MAGIC || get2(end + 20) != 0)
		return is_no_zip(e, "it does not end as a ZIP file without a comment does; it may "
		                    "have been cut off");
	if (has_zip64(zip, size_bytes))
		return is_no_zip(e, "it is a ZIP64 file, which a bundle never needs");
	if (get2(end + 4) != 0 || get2(end + 6) != 0 || get2(end + 8) != get2(end + 10))
		return is_no_zip(e, "it is one of several parts");
	if (get2(end + 10) > BUNDLE_ENTRIES_MOST)
		return err_set(e, ERR_INVALID, "the bundle has %u entries; at most %d are read",
		               get2(end + 10), BUNDLE_ENTRIES_MOST);
	if ((uint64_t)get4(end + 12) + get4(end + 16) != size_bytes - END_BYTES)
		return is_no_zip(e, "its directory is not where it says");
	*ret_count = get2(end + 10);
	*ret_offset = get4(end + 16);
	return 0;
}

/* How long it is; 0: there is none. */
static size_t read_record(const unsigned char *p, size_t left, struct record *ret)
{
	if (left < CENTRAL_BYTES || get4(p) != CENTRAL_MAGIC)
		return 0;
	*ret = (struct record){
		.flags = get2(p + 8),
		.name_bytes = get2(p + 28),
		.extra_bytes = get2(p + 30),
		.comment_bytes = get2(p + 32),
		.attributes = get4(p + 38),
		.name = p + CENTRAL_BYTES,
	};
	size_t bytes = CENTRAL_BYTES + ret->name_bytes + ret->extra_bytes + ret->comment_bytes;
	return bytes <= left ? bytes : 0;
}

static bool is_plain_file(uint32_t attributes)
{
	uint32_t type = attributes >> 28;

	return (type == 0 || type == TYPE_FILE) && !(attributes & DOS_FOLDER);
}

static int check_record(const struct record *r, const char *name, struct err *e)
{
	char shown[BUNDLE_SHOWN_BYTES];

	if (r->name_bytes == 0 || strlen(name) != r->name_bytes)
		return err_set(e, ERR_INVALID, "an entry of the bundle has %s",
		               r->name_bytes ? "a name with a NUL byte" : "no name");
	if (r->flags & (FLAG_ENCRYPTED | FLAG_STRONG | FLAG_MASKED))
		return err_set(e, ERR_INVALID,
		               "%s in the bundle is encrypted; a bundle is sealed "
		               "as a whole",
		               bundle_shown(name, shown));
	if (!is_plain_file(r->attributes))
		return err_set(e, ERR_INVALID,
		               "%s in the bundle is a link or a folder, not a plain "
		               "file",
		               bundle_shown(name, shown));
	if (r->comment_bytes > 0)
		return err_set(e, ERR_INVALID, "%s in the bundle has a comment",
		               bundle_shown(name, shown));
	return 0;
}

/* Files that differ in case alone are one file on some systems. */
static int check_once(const struct bundle_entries *entries, const char *name, struct err *e)
{
	char shown[BUNDLE_SHOWN_BYTES];

	for (size_t i = 0; i < entries->count; i++)
		if (name_compare(entries->items[i].name, name) == 0)
			return err_set(e, ERR_INVALID,
			               "%s is in the bundle twice; upper and lower "
			               "case are the same",
			               bundle_shown(name, shown));
	return 0;
}

int bundle_frame_read(struct arena *a, const void *zip, size_t size_bytes,
                      struct bundle_entries *ret, struct err *e)
{
	const unsigned char *bytes = zip;
	struct bundle_entries entries = {0};
	size_t count = 0, at = 0;

	int rc = check_end(bytes, size_bytes, &count, &at, e);
	if (rc < 0)
		return rc;
	entries.items = arena_array(a, count, sizeof(*entries.items));
	if (!entries.items)
		return err_no_memory(e);
	for (; entries.count < count; entries.count++) {
		struct record r;
		size_t length = read_record(bytes + at, size_bytes - END_BYTES - at, &r);
		if (length == 0)
			return is_no_zip(e, "its directory is damaged");
		char *name = arena_dup(a, r.name, r.name_bytes);
		if (!name)
			return err_no_memory(e);
		rc = check_record(&r, name, e);
		rc = rc < 0 ? rc : check_once(&entries, name, e);
		if (rc < 0)
			return rc;
		entries.items[entries.count].name = name;
		at += length;
	}
	if (at != size_bytes - END_BYTES)
		return is_no_zip(e, "its directory is longer than its entries");
	*ret = entries;
	return 0;
}
