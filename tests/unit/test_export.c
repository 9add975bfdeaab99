/* Export: what goes into a bundle, and what must not. */
#include "core/export.h"

#include <utime.h>

#include "bundling.h"
#include "suite.h"

/* For files, which must be there before the catalogue is opened. */
static void prepare(const char *settings, const char *environments)
{
	bundling_begin();
	bundling_define("connections", "Hook", settings, environments);
}

static void begin(const char *settings, const char *environments)
{
	prepare(settings, environments);
	bundling_open();
}

#define URL "url = \"http://${host}/\"; "

/* "KIND NAME PATH FILE" of each need. */
static const char *print_needs(const struct bundle *b)
{
	static char text[4096];
	size_t at = 0;

	text[0] = '\0';
	for (size_t i = 0; i < b->need_count; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s %s %s %s\n",
		                       b->needs[i].kind, b->needs[i].name,
		                       b->needs[i].path ? b->needs[i].path : "-",
		                       b->needs[i].file ? b->needs[i].file : "-");
	return text;
}

START_TEST(a_connection_and_all_that_it_needs)
{
	struct bundle b;

	prepare(URL
	        "headers = ( { name = \"Authorization\"; value = \"Bearer ${secret:file/token}\"; } ); "
	        "tls: { ca_file = \"../tls/ca.pem\"; }; alert_connection = \"Hook\";",
	        "Test: { url = \"http://${host}/${path}\"; }; Production: { };");
	folder_write("tls/ca.pem", BUNDLING_CERTIFICATE);
	bundling_open();
	bundling_export("global", "hook");
	bundling_read(NULL, &b);
	ck_assert_uint_eq(b.connection_count, 1);
	ck_assert_str_eq(b.connections[0].name, "Hook");
	ck_assert_str_eq(b.host, "origin");
	ck_assert_str_eq(print_needs(&b), "variable host settings.url -\n"
	                                  "secret file/token settings.headers[0].value -\n"
	                                  "file ../tls/ca.pem settings.tls.ca_file ca.pem\n"
	                                  "connection Hook settings.alert_connection -\n"
	                                  "environment Test environments.Test -\n"
	                                  "variable path environments.Test.url -\n"
	                                  "environment Production environments.Production -\n");
	ck_assert_uint_eq(b.file_count, 1);
	ck_assert_int_eq(b.files[0].kind, BUNDLE_CERTIFICATE);
	ck_assert_mem_eq(b.files[0].bytes, BUNDLING_CERTIFICATE, strlen(BUNDLING_CERTIFICATE));
	bundle_finish(&b);
	bundling_end();
}
END_TEST

START_TEST(files_of_its_environments_go_along)
{
	struct bundle b;

	prepare(URL, "Test: { };");
	folder_write("environments/Test.conf",
	             "environment: { name = \"Test\"; variables: { host = \"h\"; }; "
	             "tls: { ca_file = \"ca.pem\"; }; };\n");
	folder_write("environments/ca.pem", BUNDLING_CERTIFICATE);
	folder_write("environments/Production.conf",
	             "environment: { name = \"Production\"; tls: { ca_file = \"ca2.pem\"; }; };\n");
	folder_write("environments/ca2.pem", BUNDLING_CERTIFICATE);
	bundling_open();
	bundling_export("global", "Hook");
	bundling_read(NULL, &b);
	ck_assert_ptr_nonnull(
		strstr(print_needs(&b), "file ca.pem environment Test: tls.ca_file ca.pem\n"));
	ck_assert_uint_eq(b.file_count, 1);
	bundle_finish(&b);
	bundling_end();
}
END_TEST

static int export_key(bool may, const char *passphrase, bool without, struct err *e)
{
	static const struct export_name names[] = {{"global", "Hook"}};
	const struct export_call call = {.names = names,
	                                 .count = 1,
	                                 .passphrase = passphrase,
	                                 .without_files = without,
	                                 .may_take_keys = may};

	return bundling_export_as(&call, e);
}

START_TEST(private_keys_need_a_passphrase_and_the_right)
{
	struct bundle b;
	struct err e;

	prepare(URL "tls: { client_certificate = \"c.pem\"; client_key = \"k.pem\"; };",
	        "Test: { };");
	folder_write("connections/c.pem", BUNDLING_CERTIFICATE);
	folder_write("connections/k.pem", BUNDLING_KEY);
	bundling_open();
	ck_assert_int_eq(export_key(true, NULL, false, &e), ERR_DENIED);
	ck_assert_ptr_nonnull(strstr(e.text, "k.pem of Hook holds a private key"));
	ck_assert_ptr_nonnull(strstr(e.text, "--passphrase-file"));
	ck_assert_ptr_nonnull(strstr(e.text, "--no-dependencies"));
	ck_assert_int_eq(export_key(false, "correct horse", false, &e), ERR_DENIED);
	ck_assert_ptr_nonnull(strstr(e.text, "administrator"));
	ck_assert_int_eq(export_key(true, "horse", false, &e), ERR_INVALID);
	ck_assert_uint_eq(bundling.zip.len_bytes, 0);

	ck_assert_int_eq(export_key(true, "correct horse", false, &e), 0);
	ck_assert(bundle_is_sealed(bundling.zip.data, bundling.zip.len_bytes));
	bundling_read("correct horse", &b);
	ck_assert_uint_eq(b.file_count, 2);
	ck_assert_int_eq(b.files[1].kind, BUNDLE_PRIVATE_KEY);
	bundle_finish(&b);

	ck_assert_int_eq(export_key(false, NULL, true, &e), 0);
	bundling_read(NULL, &b);
	ck_assert_uint_eq(b.file_count, 0);
	ck_assert_ptr_nonnull(strstr(print_needs(&b), "file k.pem settings.tls.client_key -\n"));
	bundle_finish(&b);
	bundling_end();
}
END_TEST

/* A setting can name any file: what it holds must not come out this way. */
static const char *const foreign[] = {"/etc/passwd", "../secrets/token", "../state/linkspan.db",
                                      "../environments/Test.conf"};

START_TEST(no_other_file_of_the_host_goes_along)
{
	char settings[256];
	struct bundle b;

	snprintf(settings, sizeof(settings), URL "tls: { ca_file = \"%s\"; };", foreign[_i]);
	prepare(settings, "Test: { };");
	folder_write("secrets/token", "s3cret");
	folder_write("state/linkspan.db", "x");
	bundling_open();
	bundling_export("global", "Hook");
	bundling_read(NULL, &b);
	ck_assert_uint_eq(b.file_count, 0);
	ck_assert_ptr_nonnull(strstr(print_needs(&b), foreign[_i]));
	bundle_finish(&b);
	bundling_end();
}
END_TEST

START_TEST(a_file_that_cannot_be_read_stops_it)
{
	struct err e;

	prepare(URL "tls: { ca_file = \"nowhere.pem\"; };", "Test: { };");
	folder_write("connections/nowhere.pem", BUNDLING_CERTIFICATE);
	bundling_open();
	ck_assert_int_eq(remove(folder_path("connections/nowhere.pem")), 0);
	ck_assert_int_eq(export_key(false, NULL, false, &e), ERR_INVALID);
	ck_assert_ptr_nonnull(strstr(e.text, "nowhere.pem of Hook cannot be read"));
	ck_assert_ptr_nonnull(strstr(e.text, "--no-dependencies"));
	bundling_end();
}
END_TEST

START_TEST(two_files_of_one_name_are_two)
{
	struct bundle b;

	prepare(URL "tls: { ca_file = \"a/ca.pem\"; };",
	        "Test: { tls: { ca_file = \"b/CA.pem\"; }; }; "
	        "Production: { tls: { ca_file = \"a/../a/ca.pem\"; }; };");
	folder_write("connections/a/ca.pem", BUNDLING_CERTIFICATE);
	folder_write("connections/b/CA.pem", BUNDLING_CERTIFICATE "x");
	bundling_open();
	bundling_export("global", "Hook");
	bundling_read(NULL, &b);
	ck_assert_uint_eq(b.file_count, 2);
	ck_assert_str_eq(b.files[0].name, "ca.pem");
	ck_assert_uint_eq(strlen(b.files[1].name), 8 + strlen("-CA.pem"));
	bundle_finish(&b);
	bundling_end();
}
END_TEST

START_TEST(several_in_any_order_give_the_same_bytes)
{
	static const struct export_name one[] = {
		{"global", "Hook"}, {"billing", "Bills"}, {"global", "Alarm"}};
	static const struct export_name other[] = {
		{"billing", "bills"}, {"global", "Alarm"}, {"global", "Hook"}, {"global", "hook"}};
	const struct utimbuf times = {1763021731, 1763021731};
	struct buf first;
	struct bundle b;
	struct err e;

	bundling_begin();
	bundling_define("connections", "Hook", URL, "Test: { };");
	bundling_define("connections", "Alarm", URL, "Test: { };");
	bundling_define("projects/billing/connections", "Bills", URL, "Test: { };");
	ck_assert_int_eq(utime(folder_path("connections/Hook.conf"), &times), 0);
	ck_assert_int_eq(utime(folder_path("connections/Alarm.conf"), &times), 0);
	ck_assert_int_eq(utime(folder_path("projects/billing/connections/Bills.conf"), &times), 0);
	bundling_open();
	const struct export_call call = {.names = one, .count = 3};
	ck_assert_int_eq(bundling_export_as(&call, &e), 0);
	ck_assert_str_eq(buf_str(&bundling.name),
	                 "13 Nov 2025-connection-Alarm-and-2-more-export.zip");
	buf_init(&first, 2 * (size_t)BUNDLE_BYTES_MOST);
	buf_add(&first, bundling.zip.data, bundling.zip.len_bytes);
	const struct export_call again = {.names = other, .count = 4};
	ck_assert_int_eq(bundling_export_as(&again, &e), 0);
	ck_assert_uint_eq(first.len_bytes, bundling.zip.len_bytes);
	ck_assert_mem_eq(first.data, bundling.zip.data, first.len_bytes);
	bundling_read(NULL, &b);
	ck_assert_str_eq(b.connections[2].project, "billing");
	ck_assert_int_eq(b.at_ms, INT64_C(1763021730000));
	bundle_finish(&b);
	buf_finish(&first);
	bundling_end();
}
END_TEST

START_TEST(a_secret_in_a_definition_stops_it)
{
	struct err e;

	begin(URL "headers = ( { name = \"Authorization\"; value = \"Bearer s3cret\"; } );",
	      "Test: { };");
	ck_assert_int_eq(export_key(true, "correct horse", true, &e), ERR_DENIED);
	ck_assert_ptr_nonnull(strstr(e.text, "\"Hook\" holds a secret itself, at "
	                                     "settings.headers[0].value"));
	ck_assert_ptr_null(strstr(e.text, "s3cret"));
	bundling_end();
}
END_TEST

START_TEST(what_is_not_there_is_not_found)
{
	static const struct export_name names[] = {{"billing", "Hook"}};
	const struct export_call call = {.names = names, .count = 1};
	struct err e;

	begin(URL, "Test: { };");
	ck_assert_int_eq(bundling_export_as(&call, &e), ERR_NOT_FOUND);
	ck_assert_str_eq(e.text, "there is no connection \"Hook\" in billing");
	bundling_end();
}
END_TEST

START_TEST(without_memory_it_is_said)
{
	struct err e;
	int pending = 0;
	unsigned n;

	prepare(URL "tls: { ca_file = \"ca.pem\"; };", "Test: { };");
	folder_write("connections/ca.pem", BUNDLING_CERTIFICATE);
	bundling_open();
	for (n = 1; !pending; n++) {
		buf_clear(&bundling.zip);
		mem_fail_at(n);
		int rc = export_key(false, NULL, false, &e);
		pending = mem_fail_pending();
		mem_fail_at(0);
		ck_assert_msg(rc == (pending ? 0 : ERR_NO_MEMORY), "%u: %d %s", n, rc, e.text);
	}
	ck_assert_uint_gt(n, 10);
	bundling_end();
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_TEST(a_connection_and_all_that_it_needs),
	SUITE_TEST(files_of_its_environments_go_along),
	SUITE_TEST(private_keys_need_a_passphrase_and_the_right),
	SUITE_LOOP(no_other_file_of_the_host_goes_along, foreign),
	SUITE_TEST(a_file_that_cannot_be_read_stops_it),
	SUITE_TEST(two_files_of_one_name_are_two),
	SUITE_TEST(several_in_any_order_give_the_same_bytes),
	SUITE_TEST(a_secret_in_a_definition_stops_it),
	SUITE_TEST(what_is_not_there_is_not_found),
	SUITE_TEST(without_memory_it_is_said),
};

SUITE_MAIN("export", tests)
