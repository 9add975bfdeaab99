/* Definitions in files: what is found where, to which project it belongs, and where faults are. */
#include "linkspan/definition_files.h"

#include "base/banned.h"
#include "base/buf.h"
#include "base/err.h"
#include "folder.h"
#include "suite.h"
#include "json/json.h"

static struct definitions d;

static const char *write_text(const char *name, const char *text)
{
	folder_write(name, text);
	return folder_path(name);
}

static void begin(void)
{
	folder_create();
	definitions_init(&d);
}

static void end(void)
{
	definitions_finish(&d);
	folder_destroy();
}

static const char *name_of(size_t i)
{
	return json_as_string(json_get(d.items[i].definition, "name"));
}

START_TEST(a_file_of_libconfig)
{
	begin();
	const char *path = write_text("A.conf", "connection: { name = \"A\";\n"
	                                        "  settings: { url = \"x\"; }; };\n");
	ck_assert_int_eq(definitions_add(&d, path, NULL), 0);
	ck_assert_uint_eq(d.count, 1);
	ck_assert_str_eq(name_of(0), "A");
	ck_assert_ptr_null(d.items[0].project);
	ck_assert_str_eq(
		json_as_string(json_get(json_get(d.items[0].definition, "settings"), "url")), "x");
	end();
}
END_TEST

/* What the API says beside the definition is left out. */
START_TEST(json_in_every_form)
{
	begin();
	ck_assert_int_eq(definitions_add(&d,
	                                 write_text("a", "{\"name\": \"A\", \"project\": \"shop\","
	                                                 " \"revision\": \"x\", \"secrets\": []}"),
	                                 NULL),
	                 0);
	ck_assert_int_eq(
		definitions_add(&d, write_text("b", "{\"connection\": {\"name\": \"B\"}}"), NULL),
		0);
	ck_assert_int_eq(
		definitions_add(&d,
	                        write_text("c", " {\"items\": [{\"project\": \"p\", \"definition\":"
	                                        " {\"name\": \"C\"}}, {\"name\": \"D\"}]}"),
	                        NULL),
		0);
	ck_assert_uint_eq(d.count, 4);
	ck_assert_str_eq(name_of(0), "A");
	ck_assert_str_eq(d.items[0].project, "shop");
	ck_assert_uint_eq(json_count(d.items[0].definition), 1);
	ck_assert_str_eq(name_of(1), "B");
	ck_assert_str_eq(name_of(2), "C");
	ck_assert_str_eq(d.items[2].project, "p");
	ck_assert_str_eq(name_of(3), "D");
	end();
}
END_TEST

START_TEST(a_folder_laid_out_as_a_host)
{
	begin();
	write_text("projects/empty/x", "");
	write_text("connections/A.conf", "connection: { name = \"A\"; };");
	write_text("connections/E.conf", "environment: { name = \"E\"; };");
	write_text("projects/shop/connections/B.conf", "connection: { name = \"B\"; };");
	ck_assert_int_eq(definitions_add(&d, folder_root, NULL), 0);
	ck_assert_uint_eq(d.count, 2);
	ck_assert_str_eq(name_of(0), "A");
	ck_assert_str_eq(d.items[0].project, "global");
	ck_assert_str_eq(name_of(1), "B");
	ck_assert_str_eq(d.items[1].project, "shop");
	ck_assert_uint_eq(d.project_count, 2);
	end();
}
END_TEST

START_TEST(the_project_of_a_file_by_its_place)
{
	begin();
	const char *path =
		write_text("projects/shop/connections/B.conf", "connection: { name = \"B\"; };");
	ck_assert_int_eq(definitions_add(&d, path, NULL), 0);
	ck_assert_str_eq(d.items[0].project, "shop");
	ck_assert_uint_eq(d.project_count, 0);
	end();
}
END_TEST

START_TEST(every_fault_of_every_file)
{
	struct err e = {0};

	begin();
	write_text("A.conf", "connection: { name = ");
	write_text("B.conf", "connection: { name = \"B\"; };");
	write_text("C.conf", "connection = 7;");
	ck_assert_int_eq(definitions_add(&d, folder_root, &e), ERR_INVALID);
	ck_assert_uint_eq(d.report.errors, 2);
	ck_assert_int_eq(definitions_verdict(&d, &e), ERR_INVALID);
	ck_assert_str_eq(e.text, "2 errors; nothing was changed");
	end();
}
END_TEST

START_TEST(what_is_none)
{
	struct err e = {0};

	begin();
	ck_assert_int_eq(definitions_add(&d, "no such file", &e), ERR_NOT_FOUND);
	ck_assert_int_eq(
		definitions_add(&d, write_text("a", "environment: { name = \"E\"; };"), &e),
		ERR_INVALID);
	ck_assert_int_eq(definitions_add(&d, write_text("b", "{\"n\": 1}"), &e), ERR_INVALID);
	ck_assert_int_eq(definitions_add(&d, write_text("c", "{\"n\""), &e), ERR_INVALID);
	ck_assert_uint_eq(d.report.errors, 3);
	end();
}
END_TEST

static const struct {
	const char *pointer, *line;
} faults[] = {
	{"/settings/url", ":3: error: settings.url: odd\n"},
	{"/settings/headers/1/value", ":5: error: settings.headers.1.value: odd\n"},
	{"/settings/method", ":2: error: settings.method: odd\n"},
	{"/name", ":1: error: name: odd\n"},
	{"/url", ":3: error: url: odd\n"},
	{"/headers/0", ":4: error: headers.0: odd\n"},
	{"/none", ":1: error: none: odd\n"},
	{"", ":1: error: odd\n"},
};

START_TEST(a_pointer_leads_to_a_line)
{
	begin();
	struct buf b;
	const char *path = write_text("A.conf", "connection: { name = \"A\";\n"
	                                        " settings: {\n"
	                                        "  url = \"x\";\n"
	                                        "  headers = ( { name = \"a\"; value = \"b\"; },\n"
	                                        "   { name = \"c\"; value = \"d\"; } ); }; };\n");
	char wanted[256];
	buf_init(&b, BUF_MAX_LINE);
	ck_assert_int_eq(definitions_add(&d, path, NULL), 0);
	definitions_fault(&d.items[0], faults[_i].pointer, "odd", &b);
	snprintf(wanted, sizeof(wanted), "%s%s", path, faults[_i].line);
	ck_assert_str_eq(buf_str(&b), wanted);
	buf_finish(&b);
	end();
}
END_TEST

START_TEST(no_memory_at_any_place)
{
	bool done = false;

	folder_create();
	write_text("connections/A.conf", "connection: { name = \"A\"; };");
	write_text("connections/J.conf", "{\"name\": \"J\", \"project\": \"p\"}");
	write_text("projects/shop/connections/B.conf", "connection: { name = \"B\"; };");
	for (unsigned n = 1; !done; n++) {
		struct err e = {0};
		definitions_init(&d);
		mem_fail_at(n);
		int rc = definitions_add(&d, folder_root, &e);
		done = mem_fail_pending();
		mem_fail_at(0);
		ck_assert_int_eq(rc, done ? 0 : ERR_NO_MEMORY);
		ck_assert_int_eq(e.code, rc);
		ck_assert(!done || d.count == 3);
		definitions_finish(&d);
	}
	folder_destroy();
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_TEST(no_memory_at_any_place),
	SUITE_TEST(a_file_of_libconfig),
	SUITE_TEST(json_in_every_form),
	SUITE_TEST(a_folder_laid_out_as_a_host),
	SUITE_TEST(the_project_of_a_file_by_its_place),
	SUITE_TEST(every_fault_of_every_file),
	SUITE_TEST(what_is_none),
	SUITE_LOOP(a_pointer_leads_to_a_line, faults),
};

SUITE_MAIN("definition_files", tests)
