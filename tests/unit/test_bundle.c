/* Export bundles: what is written is read, the same bytes each time, and by other programs too. */
#include "core/bundle/bundle.h"

#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "crypto/random.h"
#include "folder.h"
#include "suite.h"
#include "json/json.h"

#define REVISION "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

enum { MOST = 64 << 20 };

/* 13 November 2025, 08:15:30 UTC. */
static const int64_t moment_ms = INT64_C(1763021730000);

static struct bundle_connection connections[3];
static struct json *documents[3];
static struct bundle_file files[2] = {
	{"ca.pem", BUNDLE_CERTIFICATE, "certificate\n", 12},
	{"empty.bin", BUNDLE_OTHER, NULL, 0},
};
static struct bundle_need needs[2] = {
	{0, "file", "tls/ca.pem", "settings.tls.ca_file", "ca.pem"},
	{1, "secret", "file/partner_token", NULL, NULL},
};
static struct bundle b;
static struct buf zip;

static void set_connection(size_t i, const char *project, const char *name)
{
	char text[1024];

	snprintf(text, sizeof(text),
	         "{\"name\":\"%s\",\"type\":\"webhook\",\"settings\":{\"url\":\"https://\u00e9/\","
	         "\"ratio\":1.5},\"environments\":{\"Production\":{}}}",
	         name);
	ck_assert_int_eq(json_read(text, strlen(text), &documents[i], NULL), 0);
	connections[i] = (struct bundle_connection){
		.project = project,
		.name = name,
		.definition = documents[i],
		.revision = REVISION,
		.at_ms = moment_ms,
	};
}

static void begin(void)
{
	ck_assert_int_eq(crypto_init(NULL), 0);
	set_connection(0, "global", "Production_Webhook");
	set_connection(1, "billing", "Partner Logs");
	set_connection(2, "global", "Partner Logs");
	b = (struct bundle){
		.product_version = "0.1.0",
		.host = "host1",
		.at_ms = moment_ms,
		.connections = connections,
		.connection_count = 3,
		.files = files,
		.file_count = 2,
		.needs = needs,
		.need_count = 2,
	};
	buf_init(&zip, MOST);
}

static void end(void)
{
	for (size_t i = 0; i < 3; i++)
		json_free(documents[i]);
	buf_finish(&zip);
}

static void write_it(const char *passphrase)
{
	struct err e = {0};

	buf_clear(&zip);
	ck_assert_msg(bundle_write(&b, passphrase, &zip, &e) == 0, "%s", e.text);
}

static void assert_read(const char *passphrase)
{
	struct bundle r;
	struct err e = {0};

	ck_assert_msg(bundle_read(zip.data, zip.len_bytes, passphrase, &r, &e) == 0, "%s", e.text);
	ck_assert_str_eq(r.product_version, "0.1.0");
	ck_assert_str_eq(r.host, "host1");
	ck_assert_int_eq(r.at_ms, moment_ms);
	ck_assert_uint_eq(r.connection_count, b.connection_count);
	for (size_t i = 0; i < r.connection_count; i++) {
		struct buf was, is;
		buf_init(&was, MOST);
		buf_init(&is, MOST);
		ck_assert_str_eq(r.connections[i].project, connections[i].project);
		ck_assert_str_eq(r.connections[i].name, connections[i].name);
		ck_assert_str_eq(r.connections[i].type, "webhook");
		ck_assert_str_eq(r.connections[i].revision, REVISION);
		ck_assert_int_eq(r.connections[i].at_ms, moment_ms);
		ck_assert_int_eq(json_write(connections[i].definition, 0, &was), 0);
		ck_assert_int_eq(json_write(r.connections[i].definition, 0, &is), 0);
		ck_assert_str_eq(buf_str(&is), buf_str(&was));
		buf_finish(&was);
		buf_finish(&is);
	}
	ck_assert_uint_eq(r.file_count, b.file_count);
	for (size_t i = 0; i < r.file_count; i++) {
		ck_assert_str_eq(r.files[i].name, files[i].name);
		ck_assert_int_eq(r.files[i].kind, files[i].kind);
		ck_assert_uint_eq(r.files[i].size_bytes, files[i].size_bytes);
		if (files[i].size_bytes > 0)
			ck_assert_mem_eq(r.files[i].bytes, files[i].bytes, files[i].size_bytes);
	}
	ck_assert_uint_eq(r.need_count, b.need_count);
	for (size_t i = 0; i < r.need_count; i++) {
		ck_assert_uint_eq(r.needs[i].connection, needs[i].connection);
		ck_assert_str_eq(r.needs[i].kind, needs[i].kind);
		ck_assert_str_eq(r.needs[i].name, needs[i].name);
		ck_assert_pstr_eq(r.needs[i].path, needs[i].path);
		ck_assert_pstr_eq(r.needs[i].file, needs[i].file);
	}
	bundle_finish(&r);
}

START_TEST(what_was_written_is_read)
{
	begin();
	write_it(NULL);
	ck_assert(!bundle_is_sealed(zip.data, zip.len_bytes));
	assert_read(NULL);
	b.connection_count = 1;
	b.need_count = 1;
	write_it(NULL);
	assert_read(NULL);
	end();
}
END_TEST

START_TEST(a_sealed_one_needs_its_passphrase)
{
	struct bundle r;
	struct err e = {0};

	begin();
	files[0].kind = BUNDLE_PRIVATE_KEY;
	write_it("correct horse");
	ck_assert(bundle_is_sealed(zip.data, zip.len_bytes));
	assert_read("correct horse");
	ck_assert_int_eq(bundle_read(zip.data, zip.len_bytes, NULL, &r, &e), ERR_DENIED);
	ck_assert_ptr_nonnull(strstr(e.text, "sealed"));
	bundle_finish(&r);
	err_clear(&e);
	ck_assert_int_eq(bundle_read(zip.data, zip.len_bytes, "wrong horse", &r, &e), ERR_DENIED);
	ck_assert_str_eq(e.text, "the passphrase is wrong, or the bundle was changed");
	bundle_finish(&r);
	files[0].kind = BUNDLE_CERTIFICATE;
	end();
}
END_TEST

static const enum bundle_file_kind secret_kinds[] = {BUNDLE_PRIVATE_KEY, BUNDLE_KEY_STORE};

START_TEST(keys_do_not_leave_in_a_plain_one)
{
	struct err e = {0};

	begin();
	files[0].kind = secret_kinds[_i];
	ck_assert_int_eq(bundle_write(&b, NULL, &zip, &e), ERR_DENIED);
	ck_assert_ptr_nonnull(strstr(e.text, "ca.pem"));
	ck_assert_ptr_nonnull(strstr(e.text, "passphrase"));
	ck_assert_uint_eq(zip.len_bytes, 0);
	end();
}
END_TEST

/* 03:30 on the last Sunday of March does not exist in Berlin, at 02:30 UTC it is 04:30. */
static const struct {
	const char *zone;
	int64_t at_ms;
} moments[] = {
	{"Asia/Tokyo", INT64_C(1763021730000)},       {"Europe/Berlin", INT64_C(1743301800000)},
	{"America/St_Johns", INT64_C(1743301801999)}, {"Asia/Tokyo", INT64_C(0)},
	{"Asia/Tokyo", INT64_C(253402300799000)},
};

START_TEST(the_same_bundle_gives_the_same_bytes_in_every_zone)
{
	struct buf first;

	begin();
	buf_init(&first, MOST);
	for (size_t i = 0; i < 3; i++)
		connections[i].at_ms = moments[_i].at_ms;
	b.at_ms = moments[_i].at_ms;
	setenv("TZ", "UTC", 1);
	tzset();
	write_it(NULL);
	buf_add(&first, zip.data, zip.len_bytes);
	setenv("TZ", moments[_i].zone, 1);
	tzset();
	write_it(NULL);
	ck_assert_uint_eq(zip.len_bytes, first.len_bytes);
	ck_assert_mem_eq(zip.data, first.data, zip.len_bytes);
	buf_finish(&first);
	end();
}
END_TEST

START_TEST(its_name_says_when_and_what)
{
	struct buf name;

	begin();
	buf_init(&name, BUF_MAX_LINE);
	ck_assert_int_eq(bundle_name(&b, &name), 0);
	ck_assert_str_eq(buf_str(&name),
	                 "13 Nov 2025-connection-Production_Webhook-and-2-more-export.zip");
	buf_clear(&name);
	b.connection_count = 1;
	ck_assert_int_eq(bundle_name(&b, &name), 0);
	ck_assert_str_eq(buf_str(&name), "13 Nov 2025-connection-Production_Webhook-export.zip");
	buf_finish(&name);
	end();
}
END_TEST

/* Its first line that has `word` in it. */
static const char *run(const char *command, const char *word)
{
	static char line[512];
	char found[512] = "";

	FILE *pipe = popen(command, "r");
	ck_assert_ptr_nonnull(pipe);
	while (fgets(line, sizeof(line), pipe))
		if (found[0] == '\0' && strstr(line, word))
			snprintf(found, sizeof(found), "%s", line);
	ck_assert_msg(pclose(pipe) == 0, "%s", command);
	snprintf(line, sizeof(line), "%s", found);
	return line;
}

START_TEST(other_programs_read_it)
{
	begin();
	write_it(NULL);
	folder_create();
	folder_write_bytes("a.zip", zip.data, zip.len_bytes);
	ck_assert_int_eq(chdir(folder_path(".")), 0);
	run("unzip -tqq a.zip", "");
	run("python3 -c 'import zipfile; assert zipfile.ZipFile(\"a.zip\").testzip() is None'", "");
	ck_assert_str_eq(run("unzip -p a.zip dependencies/ca.pem", ""), "certificate\n");
	const char *line = run("zipinfo -T a.zip", "metadata.json");
	ck_assert_msg(strncmp(line, "-rw-r--r--", 10) == 0, "%s", line);
	ck_assert_ptr_nonnull(strstr(line, " stor "));
	ck_assert_ptr_nonnull(strstr(line, "20251113.081530"));
	run("zipinfo -1 a.zip > names; printf '%s\\n' connections/Production_Webhook.json "
	    "'connections/billing/Partner Logs.json' 'connections/Partner Logs.json' metadata.json "
	    "dependencies.json dependencies/ca.pem dependencies/empty.bin | cmp - names",
	    "");
	ck_assert_int_eq(chdir("/"), 0);
	folder_destroy();
	end();
}
END_TEST

static const struct {
	const char *bytes;
	size_t size_bytes;
	enum bundle_file_kind kind;
} contents[] = {
	{"", 0, BUNDLE_OTHER},
	{"hello", 5, BUNDLE_OTHER},
	{"-----BEGIN CERTIFICATE-----\nMII", 31, BUNDLE_CERTIFICATE},
	{"-----BEGIN PRIVATE KEY-----\nMII", 31, BUNDLE_PRIVATE_KEY},
	{"-----BEGIN EC PRIVATE KEY-----\n", 31, BUNDLE_PRIVATE_KEY},
	{"-----BEGIN ENCRYPTED PRIVATE KEY-----", 37, BUNDLE_PRIVATE_KEY},
	{"-----BEGIN CERTIFICATE-----\n-----BEGIN RSA PRIVATE KEY-----", 59, BUNDLE_PRIVATE_KEY},
	{"\x30\x82\x09\x00\x02\x01\x03\x30", 8, BUNDLE_KEY_STORE},
	{"\x30\x80\x02\x01\x03\x30", 6, BUNDLE_KEY_STORE},
	{"\x30\x82\x04\x00\x02\x01\x00\x30", 8, BUNDLE_PRIVATE_KEY},
	{"\x30\x77\x02\x01\x01\x04", 6, BUNDLE_PRIVATE_KEY},
	{"\x30\x82\x04\x00\x30\x40\x06\x09", 8, BUNDLE_PRIVATE_KEY},
	{"\x30\x82\x03\x00\x30\x82\x02\x00\xa0\x03", 10, BUNDLE_CERTIFICATE},
	{"\xfe\xed\xfe\xed\x00\x00\x00\x02", 8, BUNDLE_KEY_STORE},
	{"\x30\xff\x02\x01", 4, BUNDLE_OTHER},
	{"\x30", 1, BUNDLE_OTHER},
};

START_TEST(a_file_is_what_is_in_it)
{
	ck_assert_int_eq(bundle_file_kind_of(contents[_i].bytes, contents[_i].size_bytes),
	                 contents[_i].kind);
}
END_TEST

START_TEST(a_key_that_is_called_a_certificate_stays_here)
{
	static const char key[] = "-----BEGIN PRIVATE KEY-----\n";

	begin();
	files[0].bytes = key;
	files[0].size_bytes = strlen(key);
	ck_assert_int_eq(bundle_write(&b, NULL, &zip, NULL), ERR_DENIED);
	end();
}
END_TEST

static void name_file_upwards(void)
{
	files[1].name = "../empty.bin";
}

static void name_file_twice(void)
{
	files[1].name = "CA.PEM";
}

static void name_connection_twice(void)
{
	connections[2] = connections[0];
}

static void name_connection_badly(void)
{
	connections[0].name = "a/b";
}

static void name_project_badly(void)
{
	connections[1].project = "..";
}

static void need_nothing_known(void)
{
	needs[0].kind = "moon";
}

static void leave_all_out(void)
{
	b.connection_count = 0;
}

static void define_it_large(void)
{
	static char text[1100000];

	memset(text, 'x', sizeof(text) - 1);
	json_set(documents[0], "description", json_string(text));
}

static void need_a_large_file(void)
{
	static char bytes[(10 << 20) + 1];

	files[0].bytes = bytes;
	files[0].size_bytes = sizeof(bytes);
}

static const struct {
	void (*spoil)(void);
	const char *text;
} refused[] = {
	{name_file_upwards, "\"../empty.bin\" is no name of a file"},
	{name_file_twice, "dependencies/CA.PEM is in the bundle twice"},
	{name_connection_twice, "is in the bundle twice"},
	{name_connection_badly, "the name of the connection \"a/b\""},
	{name_project_badly, "the name of the project \"..\""},
	{need_nothing_known, "must have a known \"kind\""},
	{leave_all_out, "no connection"},
	{define_it_large, "at most 1048576 bytes"},
	{need_a_large_file, "dependencies/ca.pem is too large"},
};

START_TEST(what_could_not_be_read_is_not_written)
{
	struct err e = {0};

	begin();
	refused[_i].spoil();
	ck_assert_int_eq(bundle_write(&b, NULL, &zip, &e), ERR_INVALID);
	ck_assert_msg(strstr(e.text, refused[_i].text) != NULL, "%s", e.text);
	ck_assert_uint_eq(zip.len_bytes, 0);
	end();
}
END_TEST

START_TEST(a_thousand_entries_are_the_most)
{
	static struct bundle_file many[999];
	static char names[999][16];
	struct err e = {0};

	begin();
	for (size_t i = 0; i < 999; i++) {
		snprintf(names[i], sizeof(names[i]), "f%zu", i);
		many[i] = (struct bundle_file){names[i], BUNDLE_OTHER, "x", 1};
	}
	b.files = many;
	b.need_count = 0;
	b.file_count = 996;
	ck_assert_int_eq(bundle_write(&b, NULL, &zip, &e), ERR_INVALID);
	ck_assert_str_eq(e.text,
	                 "a bundle may have at most 1000 entries; this one would have 1001");
	b.file_count = 995;
	write_it(NULL);
	end();
}
END_TEST

START_TEST(without_memory_it_is_said)
{
	unsigned n;
	int rc = ERR_NO_MEMORY, pending = 0;

	begin();
	for (n = 1; !pending; n++) {
		struct bundle r;
		struct err e = {0};
		buf_clear(&zip);
		mem_fail_at(n);
		rc = bundle_write(&b, NULL, &zip, &e);
		int read = rc == 0 ? bundle_read(zip.data, zip.len_bytes, NULL, &r, &e) : rc;
		pending = mem_fail_pending();
		mem_fail_at(0);
		ck_assert_int_eq(read, pending ? 0 : ERR_NO_MEMORY);
		if (rc == 0)
			bundle_finish(&r);
	}
	ck_assert_uint_gt(n, 20);
	end();
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_TEST(what_was_written_is_read),
	SUITE_TEST(a_sealed_one_needs_its_passphrase),
	SUITE_LOOP(keys_do_not_leave_in_a_plain_one, secret_kinds),
	SUITE_LOOP(a_file_is_what_is_in_it, contents),
	SUITE_TEST(a_key_that_is_called_a_certificate_stays_here),
	SUITE_LOOP(the_same_bundle_gives_the_same_bytes_in_every_zone, moments),
	SUITE_TEST(its_name_says_when_and_what),
	SUITE_TEST(other_programs_read_it),
	SUITE_LOOP(what_could_not_be_read_is_not_written, refused),
	SUITE_TEST(a_thousand_entries_are_the_most),
	SUITE_TEST(without_memory_it_is_said),
};

SUITE_MAIN("bundle", tests)
