/* Bundles that nobody should have made: each is refused, with what is wrong and where. */

#include "hostile_bundle.h"

START_TEST(the_one_that_the_others_are_made_of_is_good)
{
	struct err e;

	begin();
	zip_finish(&parts, NULL, &zip);
	ck_assert_msg(read_it(&e) == 0, "%s", e.text);
	buf_finish(&zip);
}
END_TEST

/*
 * Names
 */

static const struct {
	const char *name;
	const char *shown;
} names[] = {
	{"../evil", "\"../evil\" is no name"},
	{"dependencies/../evil", "\"dependencies/../evil\" is no name"},
	{"dependencies/..", "is no name"},
	{"dependencies/.hidden", "is no name"},
	{"dependencies/a/b", "is no name"},
	{"dependencies/", "is no name"},
	{"/etc/passwd", "\"/etc/passwd\" is no name"},
	{"dependencies\\evil", "\"dependencies\\x5cevil\" is no name"},
	{"C:evil", "\"C:evil\" is no name"},
	{"C:/evil", "is no name"},
	{"dependencies/c:evil", "is no name"},
	{"dependencies/a b", "is no name"},
	{"dependencies/\303\244", "\\xc3\\xa4"},
	{"dependencies/a\nb", "a\\x0ab"},
	{"./connection.json", "is no name"},
	{"connection.json/", "is no name"},
	{"connections/", "is no name"},
	{"connections/.json", "is no name"},
	{"connections/../evil.json", "is no name"},
	{"connections/a/b/c.json", "is no name"},
	{"connections/ a.json", "is no name"},
	{"connections/x/../../a.json", "is no name"},
	{"evil.txt", "is no name"},
	{"dependencies/"
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
         "..."},
};

START_TEST(names_come_from_a_pattern)
{
	begin();
	zip_add(&parts, names[_i].name, "x")->unnamed = true;
	zip_finish(&parts, NULL, &zip);
	assert_refused(names[_i].shown);
	buf_finish(&zip);
}
END_TEST

START_TEST(a_name_with_a_nul_byte_is_refused)
{
	begin();
	struct zip_part *part = zip_add(&parts, "dependencies/a\0.pem", "x");
	part->name_bytes = 19;
	part->unnamed = true;
	zip_finish(&parts, NULL, &zip);
	assert_refused("NUL");
	buf_finish(&zip);
}
END_TEST

START_TEST(an_entry_without_a_name_is_refused)
{
	begin();
	zip_add(&parts, "", "x")->unnamed = true;
	zip_finish(&parts, NULL, &zip);
	assert_refused("no name");
	buf_finish(&zip);
}
END_TEST

static const char *const twice[][2] = {
	{"dependencies/a.pem", "dependencies/a.pem"},
	{"dependencies/a.pem", "dependencies/A.pem"},
	{"Connection.json", "connection.json"},
};

START_TEST(a_name_is_there_once_whatever_its_case)
{
	begin();
	zip_add(&parts, twice[_i][0], "x")->unnamed = true;
	zip_add(&parts, twice[_i][1], "y")->unnamed = true;
	zip_finish(&parts, NULL, &zip);
	assert_refused("is in the bundle twice");
	buf_finish(&zip);
}
END_TEST

/*
 * Kinds of entries
 */

static const struct {
	unsigned mode, flags;
	const char *comment, *text;
} kinds[] = {
	{ZIP_LINK_ATTRIBUTES, 0, NULL, "dependencies/a.pem in the bundle is a link or a folder"},
	{ZIP_FOLDER_ATTRIBUTES, 0, NULL, "is a link or a folder"},
	{0x11a4, 0, NULL, "is a link or a folder"},
	{0x61a4, 0, NULL, "is a link or a folder"},
	{0xc1a4, 0, NULL, "is a link or a folder"},
	{0, 1, NULL, "dependencies/a.pem in the bundle is encrypted"},
	{0, 1 << 6, NULL, "is encrypted"},
	{0, 1 << 13, NULL, "is encrypted"},
	{0, 0, "hello", "dependencies/a.pem in the bundle has a comment"},
};

START_TEST(only_plain_files_are_in_it)
{
	begin();
	struct zip_part *part = zip_add(&parts, "dependencies/a.pem", "x");
	part->mode = kinds[_i].mode;
	part->flags = kinds[_i].flags;
	part->comment = kinds[_i].comment;
	zip_finish(&parts, NULL, &zip);
	assert_refused(kinds[_i].text);
	buf_finish(&zip);
}
END_TEST

START_TEST(a_local_header_cannot_tell_another_name)
{
	begin();
	zip_add(&parts, "dependencies/a.pem", "x")->local_name = "dependencies/b.pem";
	zip_finish(&parts, NULL, &zip);
	assert_refused("cannot be read");
	buf_finish(&zip);
}
END_TEST

/*
 * Bounds
 */

static void add_zeros(const char *name, size_t runs, unsigned literals, struct buf *packed)
{
	static char zeros[12 << 20];
	size_t bytes = 1 + runs * (258 + literals);

	ck_assert_uint_le(bytes, sizeof(zeros));
	buf_init(packed, MOST);
	zip_deflate_zeros(runs, literals, packed);
	struct zip_part *part = zip_add(&parts, name, "");
	part->bytes = zeros;
	part->size_bytes = bytes;
	part->packed = packed->data;
	part->packed_bytes = packed->len_bytes;
}

START_TEST(what_is_compressed_too_well_is_refused)
{
	struct buf packed;

	begin();
	add_zeros("dependencies/bomb", 4000, 0, &packed);
	zip_finish(&parts, NULL, &zip);
	assert_refused("dependencies/bomb in the bundle is compressed to less than one 100th");
	buf_finish(&packed);
	buf_finish(&zip);
}
END_TEST

START_TEST(what_is_compressed_less_well_is_read)
{
	struct buf packed;
	struct err e;

	begin();
	add_zeros("dependencies/fine", 4000, 10, &packed);
	parts.items[1] = (struct zip_part){.name = "dependencies.json"};
	parts.items[1].bytes = "{\"items\":[],\"files\":[{\"name\":\"fine\",\"kind\":\"other\"}]}";
	parts.items[1].size_bytes = strlen(parts.items[1].bytes);
	zip_finish(&parts, NULL, &zip);
	ck_assert_msg(read_it(&e) == 0, "%s", e.text);
	buf_finish(&packed);
	buf_finish(&zip);
}
END_TEST

START_TEST(a_large_entry_is_refused)
{
	struct buf packed;

	begin();
	add_zeros("dependencies/large", 39200, 10, &packed);
	zip_finish(&parts, NULL, &zip);
	assert_refused("dependencies/large in the bundle is too large: at most 10485760 bytes");
	buf_finish(&packed);
	buf_finish(&zip);
}
END_TEST

START_TEST(many_entries_are_too_large_together)
{
	static char several[7][32];
	static struct buf packed[7];

	begin();
	for (size_t i = 0; i < 7; i++) {
		snprintf(several[i], sizeof(several[i]), "dependencies/large%zu", i);
		add_zeros(several[i], 39000, 10, &packed[i]);
	}
	zip_finish(&parts, NULL, &zip);
	assert_refused("the bundle is too large: at most 67108864 bytes are read in all");
	for (size_t i = 0; i < 7; i++)
		buf_finish(&packed[i]);
	buf_finish(&zip);
}
END_TEST

/* The header says little, the stream gives much; and the other way round. */
static const int64_t lies[] = {-1000000, -1, 1, 5000000};

START_TEST(sizes_in_headers_are_not_believed)
{
	struct buf packed;

	begin();
	add_zeros("dependencies/liar", 4000, 10, &packed);
	parts.items[2].lie_bytes = lies[_i];
	zip_finish(&parts, NULL, &zip);
	assert_refused("dependencies/liar in the bundle");
	buf_finish(&packed);
	buf_finish(&zip);
}
END_TEST

START_TEST(too_many_entries_are_refused)
{
	static char many[1000][24];

	begin();
	for (size_t i = 0; i < 1000; i++) {
		snprintf(many[i], sizeof(many[i]), "dependencies/f%zu", i);
		zip_add(&parts, many[i], "x");
	}
	zip_finish(&parts, NULL, &zip);
	assert_refused("the bundle has 1003 entries; at most 1000 are read");
	buf_finish(&zip);
}
END_TEST

START_TEST(documents_are_not_too_large_for_a_tree)
{
	static char text[4 << 20];
	size_t length = 0;

	begin();
	length += (size_t)snprintf(text, sizeof(text), "{\"items\":[");
	memset(text + length, ' ', sizeof(text) - length - 20);
	snprintf(text + sizeof(text) - 20, 20, "],\"files\":[]}");
	zip_add(&parts, "connections/a.json", text);
	zip_finish(&parts, NULL, &zip);
	assert_refused("connections/a.json in the bundle is too large: at most 1048576 bytes");
	buf_finish(&zip);

	begin();
	parts.count = 1;
	zip_add(&parts, "dependencies.json", text);
	zip_add(&parts, "connections/a.json", "{}");
	char *other = mem_strdup(text);
	zip_add(&parts, "dependencies.jso", other)->name = "connections/b.json";
	parts.items[3].size_bytes = 1 << 20;
	zip_finish(&parts, NULL, &zip);
	assert_refused("connections/b.json");
	mem_free(other);
	buf_finish(&zip);
}
END_TEST

/*
 * The archive
 */

START_TEST(what_was_cut_off_is_refused)
{
	struct err e;

	begin();
	zip_finish(&parts, NULL, &zip);
	size_t whole = zip.len_bytes;
	for (size_t part = 0; part < 50; part++) {
		zip.len_bytes = whole * part / 50;
		ck_assert_int_eq(read_it(&e), ERR_INVALID);
		ck_assert_ptr_nonnull(strstr(e.text, "no export bundle"));
	}
	zip.len_bytes = whole;
	ck_assert_int_eq(read_it(&e), 0);
	buf_finish(&zip);
}
END_TEST

/* The parts, then the end record as it is wanted. */
static void finish_with_end(size_t count_more, size_t offset_more, const char *comment)
{
	zip_finish(&parts, NULL, &zip);
	size_t end = zip.len_bytes - 22;
	uint32_t bytes, offset;
	memcpy(&bytes, zip.data + end + 12, 4);
	memcpy(&offset, zip.data + end + 16, 4);
	buf_cut(&zip, end);
	zip_put_end(&zip, parts.count + count_more, bytes, offset + offset_more, comment);
}

static const struct {
	size_t count_more, offset_more;
	const char *comment, *text;
} ends[] = {
	{0, 0, "hello", "without a comment"},
	{1, 0, "", "directory is damaged"},
	{(size_t)-1, 0, "", "longer than its entries"},
	{0, 1, "", "directory is not where it says"},
	{0xffff - 3, 0, "", "the bundle has 65535 entries"},
};

START_TEST(the_end_record_is_exact)
{
	begin();
	finish_with_end(ends[_i].count_more, ends[_i].offset_more, ends[_i].comment);
	assert_refused(ends[_i].text);
	buf_finish(&zip);
}
END_TEST

START_TEST(nothing_stands_before_or_behind)
{
	struct buf whole;

	begin();
	zip_finish(&parts, NULL, &zip);
	buf_add(&zip, "x", 1);
	assert_refused("does not end as a ZIP file");
	zip.len_bytes--;
	buf_init(&whole, MOST);
	buf_add_str(&whole, "#!/bin/sh\n");
	buf_add(&whole, zip.data, zip.len_bytes);
	buf_finish(&zip);
	zip = whole;
	assert_refused("does not begin as a ZIP file");
	buf_finish(&zip);
}
END_TEST

/* An end of ZIP64, of which libzip would believe the number of entries. */
START_TEST(zip64_is_refused)
{
	begin();
	zip_finish(&parts, NULL, &zip);
	size_t end = zip.len_bytes - 22, bytes = 56;
	uint32_t directory_bytes, offset;
	memcpy(&directory_bytes, zip.data + end + 12, 4);
	memcpy(&offset, zip.data + end + 16, 4);
	buf_cut(&zip, end);
	zip_put(&zip, 4, 0x06064b50);
	zip_put(&zip, 8, bytes - 12);
	zip_put(&zip, 4, 45 | 45 << 16);
	zip_put(&zip, 8, 0);
	zip_put(&zip, 8, UINT64_C(1) << 40);
	zip_put(&zip, 8, UINT64_C(1) << 40);
	zip_put(&zip, 8, directory_bytes);
	zip_put(&zip, 8, offset);
	zip_put(&zip, 4, 0x07064b50);
	zip_put(&zip, 4, 0);
	zip_put(&zip, 8, end);
	zip_put(&zip, 4, 1);
	zip_put_end(&zip, parts.count, directory_bytes + 76, offset, "");
	assert_refused("ZIP64");
	buf_finish(&zip);
}
END_TEST

START_TEST(other_files_are_no_bundles)
{
	static const char *const texts[] = {"", "x", "hello, world", "{\"name\": \"Hook\"}"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		buf_init(&zip, MOST);
		buf_add_str(&zip, texts[i]);
		assert_refused("this is no export bundle");
		buf_finish(&zip);
	}
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_TEST(the_one_that_the_others_are_made_of_is_good),
	SUITE_LOOP(names_come_from_a_pattern, names),
	SUITE_TEST(a_name_with_a_nul_byte_is_refused),
	SUITE_TEST(an_entry_without_a_name_is_refused),
	SUITE_LOOP(a_name_is_there_once_whatever_its_case, twice),
	SUITE_LOOP(only_plain_files_are_in_it, kinds),
	SUITE_TEST(a_local_header_cannot_tell_another_name),
	SUITE_TEST(what_is_compressed_too_well_is_refused),
	SUITE_TEST(what_is_compressed_less_well_is_read),
	SUITE_TEST(a_large_entry_is_refused),
	SUITE_TEST(many_entries_are_too_large_together),
	SUITE_LOOP(sizes_in_headers_are_not_believed, lies),
	SUITE_TEST(too_many_entries_are_refused),
	SUITE_TEST(documents_are_not_too_large_for_a_tree),
	SUITE_TEST(what_was_cut_off_is_refused),
	SUITE_LOOP(the_end_record_is_exact, ends),
	SUITE_TEST(nothing_stands_before_or_behind),
	SUITE_TEST(zip64_is_refused),
	SUITE_TEST(other_files_are_no_bundles),
};

SUITE_MAIN("bundle_hostile", tests)
