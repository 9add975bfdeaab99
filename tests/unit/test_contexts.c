/* The contexts: their document, their order, and a file that is whole or as it was. */
#include "linkspan/contexts.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/err.h"
#include "suite.h"
#include "json/json.h"

static const char two[] =
	"{\"current\": \"b\", \"contexts\": {"
	"\"b\": {\"url\": \"https://b\", \"token_file\": \"/t\", \"of_later_times\": 7},"
	"\"a\": {\"config\": \"/c\", \"environment\": \"Test\", \"project\": \"shop\"}}}";

static void read_two(struct contexts *c)
{
	contexts_init(c);
	c->file = "contexts.json";
	ck_assert_int_eq(contexts_read(c, two, sizeof(two) - 1, NULL), 0);
}

START_TEST(a_document_is_read)
{
	struct contexts c;

	read_two(&c);
	ck_assert_uint_eq(c.count, 2);
	ck_assert_str_eq(c.items[0].name, "a");
	ck_assert_str_eq(c.items[0].fields[CONTEXT_CONFIG], "/c");
	ck_assert_str_eq(c.items[0].fields[CONTEXT_ENVIRONMENT], "Test");
	ck_assert_ptr_null(c.items[0].fields[CONTEXT_URL]);
	ck_assert_str_eq(contexts_find(&c, "b")->fields[CONTEXT_URL], "https://b");
	ck_assert_str_eq(c.current, "b");
	ck_assert_ptr_null(contexts_find(&c, "B"));
	contexts_finish(&c);
}
END_TEST

START_TEST(what_is_written_is_read_again)
{
	struct contexts c, again;
	struct buf text;

	read_two(&c);
	buf_init(&text, BUF_MAX_TEXT);
	struct json *document = contexts_document(&c);
	ck_assert_int_eq(json_write(document, 0, &text), 0);
	contexts_init(&again);
	ck_assert_int_eq(contexts_read(&again, buf_str(&text), text.len_bytes, NULL), 0);
	ck_assert_uint_eq(again.count, 2);
	ck_assert_str_eq(again.items[1].fields[CONTEXT_TOKEN_FILE], "/t");
	ck_assert_str_eq(again.current, "b");
	json_free(document);
	buf_finish(&text);
	contexts_finish(&again);
	contexts_finish(&c);
}
END_TEST

START_TEST(making_and_removing)
{
	struct contexts c;

	contexts_init(&c);
	for (int i = 20; i > 0; i--) {
		char name[8];
		snprintf(name, sizeof(name), "c%02d", i);
		ck_assert_ptr_nonnull(contexts_make(&c, name));
		ck_assert_ptr_eq(contexts_make(&c, name), contexts_find(&c, name));
	}
	ck_assert_uint_eq(c.count, 20);
	for (size_t i = 1; i < c.count; i++)
		ck_assert_int_lt(strcmp(c.items[i - 1].name, c.items[i].name), 0);
	c.current = c.items[3].name;
	contexts_remove(&c, &c.items[4]);
	ck_assert_str_eq(c.current, "c04");
	contexts_remove(&c, contexts_find(&c, "c04"));
	ck_assert_ptr_null(c.current);
	ck_assert_uint_eq(c.count, 18);
	ck_assert_ptr_null(contexts_find(&c, "c04"));
	contexts_finish(&c);
}
END_TEST

START_TEST(an_unknown_one_names_its_neighbour)
{
	struct contexts c;
	struct err e = {0};

	contexts_init(&c);
	c.file = "contexts.json";
	contexts_make(&c, "production");
	ck_assert_int_eq(contexts_unknown(&c, "prodution", &e), ERR_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(e.text, "\"production\""));
	err_clear(&e);
	contexts_unknown(&c, "test", &e);
	ck_assert_ptr_nonnull(strstr(e.text, "contexts.json"));
	contexts_finish(&c);
}
END_TEST

START_TEST(without_memory_nothing_is_half_done)
{
	for (unsigned n = 1; n < 200; n++) {
		struct contexts c;
		struct err e = {0};
		contexts_init(&c);
		c.file = "contexts.json";
		mem_fail_at(n);
		int rc = contexts_read(&c, two, sizeof(two) - 1, &e);
		bool reached = !mem_fail_pending();
		mem_fail_at(0);
		contexts_finish(&c);
		ck_assert(rc == 0 || rc == ERR_NO_MEMORY);
		if (!reached) {
			ck_assert_int_eq(rc, 0);
			return;
		}
	}
	ck_abort_msg("it never ended");
}
END_TEST

START_TEST(the_file)
{
	char folder[] = "/tmp/linkspan-contexts-XXXXXX", path[256];
	struct contexts c;
	struct err e = {0};
	struct stat st;

	ck_assert_ptr_nonnull(mkdtemp(folder));
	setenv("XDG_CONFIG_HOME", folder, 1);
	ck_assert_int_eq(contexts_load(&c, &e), 0);
	ck_assert_uint_eq(c.count, 0);
	contexts_make(&c, "here")->fields[CONTEXT_CONFIG] = "/c";
	ck_assert_msg(contexts_save(&c, &e) == 0, "%s", e.text);
	contexts_finish(&c);
	ck_assert_int_eq(contexts_load(&c, &e), 0);
	ck_assert_str_eq(c.items[0].fields[CONTEXT_CONFIG], "/c");
	snprintf(path, sizeof(path), "%s", c.file);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	chmod(path, 0602);
	contexts_finish(&c);
	ck_assert_int_eq(contexts_load(&c, &e), ERR_DENIED);
	contexts_finish(&c);
	unlink(path);
	snprintf(path, sizeof(path), "%s/linkspan", folder);
	rmdir(path);
	rmdir(folder);
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_TEST(a_document_is_read),
	SUITE_TEST(what_is_written_is_read_again),
	SUITE_TEST(making_and_removing),
	SUITE_TEST(an_unknown_one_names_its_neighbour),
	SUITE_TEST(without_memory_nothing_is_half_done),
	SUITE_TEST(the_file),
};
SUITE_MAIN("contexts", tests)
