/* Reading scalars: every type at its bounds, texts with variables and secrets, files. */
#include <sys/stat.h>
#include <unistd.h>

#include "reading.h"

static const struct {
	const char *text;
	size_t row;
	int64_t n;
} numbers[] = {
	{"{\"s\":{\"int\":1000}}", INT, 1000},
	{"{\"s\":{\"int\":60000}}", INT, 60000},
	{"{\"s\":{\"int\":\"1500\"}}", INT, 1500},
	{"{\"s\":{\"int\":\"${timeout}\"}}", INT, 2000},
	{"{\"s\":{\"int\":\"1${empty}234\"}}", INT, 1234},
	{"{\"s\":{\"any_int\":-9223372036854775808}}", ANY_INT, INT64_MIN},
	{"{\"s\":{\"any_int\":\"9223372036854775807\"}}", ANY_INT, INT64_MAX},
	{"{\"s\":{\"even\":4}}", EVEN, 4},
	{"{\"s\":{\"bool\":false}}", BOOL, 0},
	{"{\"s\":{\"bool\":\"true\"}}", BOOL, 1},
	{"{\"s\":{\"time\":\"250ms\"}}", TIME, 250},
	{"{\"s\":{\"time\":\"2m\"}}", TIME, 120000},
	{"{\"s\":{\"time\":\"${timeout}ms\"}}", TIME, 2000},
	{"{\"s\":{\"size\":0}}", SIZE, 0},
	{"{\"s\":{\"size\":\"4096\"}}", SIZE, 4096},
	{"{\"s\":{\"size\":\"1MiB\"}}", SIZE, 1048576},
	{"{\"s\":{\"floor\":1}}", FLOOR, 1},
};

START_TEST(reads_numbers)
{
	start();
	const struct lk_value *v = good(numbers[_i].text, numbers[_i].row);
	ck_assert_int_eq(v->u.i, numbers[_i].n);
	ck_assert_uint_eq(v->is_set, 1);
	ck_assert_uint_eq(v->secret, 0);
	stop();
}
END_TEST

static const struct {
	const char *text;
	size_t row;
	const char *s;
} texts[] = {
	{"{\"s\":{\"string\":\"ab\"}}", STRING, "ab"},
	{"{\"s\":{\"string\":\"äöüß\"}}", STRING, "äöüß"},
	{"{\"s\":{\"string\":\"${timeout}\"}}", STRING, "2000"},
	{"{\"s\":{\"word\":\"\"}}", WORD, ""},
	{"{\"s\":{\"word\":\"x${brace}\"}}", WORD, "xa{b}c"},
	{"{\"s\":{\"method\":\"GET\"}}", ENUM, "GET"},
	{"{\"s\":{\"url\":\"https://h/{a}?x#f\"}}", URL, "https://h/{a}?x#f"},
	{"{\"s\":{\"url\":\"git+ssh://u@h\"}}", URL, "git+ssh://u@h"},
	{"{\"s\":{\"url\":\"https://h/${brace}/{id}\"}}", URL, "https://h/a%7Bb%7Dc/{id}"},
	{"{\"s\":{\"file\":\"\"}}", FILE_, ""},
};

START_TEST(reads_texts)
{
	start();
	const struct lk_value *v = good(texts[_i].text, texts[_i].row);
	ck_assert_str_eq(v->u.s, texts[_i].s);
	ck_assert_uint_eq(v->count, strlen(texts[_i].s));
	ck_assert_uint_eq(v->is_set, 1);
	ck_assert_uint_eq(v->secret, 0);
	stop();
}
END_TEST

START_TEST(refuses_text_that_is_not_utf8)
{
	start();
	struct node *root = node_create(&arena, NODE_GROUP, NULL, "t.conf", 1);
	struct node *n = node_create(&arena, NODE_STRING, "word", "t.conf", 2);
	n->u.s = "a\xff";
	node_append(root, n);
	ck_assert_int_eq(schema_read(&values, root, &part, 1, 0, &report), ERR_INVALID);
	ck_assert_str_eq(report.faults[0].code, "not_utf8");
	stop();
}
END_TEST

static const struct {
	const char *written, *shown;
	unsigned parts;
	bool literal;
	const char *warning;
} secrets[] = {
	{"${secret:file/x}", "${secret:file/x}", 1, false, NULL},
	{"${secret:file/x}${secret:env/Y}", "${secret:file/x}${secret:env/Y}", 2, false, NULL},
	{"a${secret:file/x}", "***", 2, false, NULL},
	{"${timeout}${secret:file/x}", "***", 2, false, NULL},
	{"${empty}${secret:file/x}", "${empty}${secret:file/x}", 2, false, NULL},
	{"hunter2", "***", 1, true,
         "t.conf:5: warning: s.auth.token: is a secret written into the file; keep it with "
         "`linkspan secret set NAME` and write ${secret:local/NAME}\n"},
	{"${timeout}", "***", 1, true,
         "t.conf:5: warning: s.auth.token: is a secret written into the file; keep it with "
         "`linkspan secret set NAME` and write ${secret:local/NAME}\n"},
	{"", "", 1, true, NULL},
};

START_TEST(keeps_secrets_apart)
{
	char text[512];

	start();
	snprintf(text, sizeof(text), "{\"s\":{\"auth\":{\"kind\":\"bearer\",\"token\":\"%s\"}}}",
	         secrets[_i].written);
	good(text, AUTH);
	const struct lk_value *v = part.values[AUTH]->u.v[2];
	ck_assert_uint_eq(v->secret, 1);
	ck_assert_str_eq(v->u.s, secrets[_i].shown);
	ck_assert_uint_eq(v->count, strlen(secrets[_i].shown));
	ck_assert_uint_eq(values.secret_count, 1);
	ck_assert_str_eq(values.secrets[0].path, "s.auth.token");
	ck_assert_uint_eq(values.secrets[0].part_count, secrets[_i].parts);
	ck_assert_int_eq(values.secrets[0].literal, secrets[_i].literal);
	ck_assert_str_eq(printed, secrets[_i].warning ? secrets[_i].warning : "");
	stop();
}
END_TEST

START_TEST(takes_references_in_any_plain_text)
{
	start();
	good("{\"s\":{\"headers\":[{\"name\":\"a\",\"value\":\"Bearer ${secret:file/a}\"},"
	     "{\"name\":\"b\",\"value\":\"${timeout} ${secret:file/b}\"}],"
	     "\"word\":\"not checked ${secret:file/c}\"}}",
	     HEADERS);
	const struct lk_value *headers = part.values[HEADERS], *word = part.values[WORD];
	const struct lk_value *first = headers->u.v[0]->u.v[1], *second = headers->u.v[1]->u.v[1];

	ck_assert_str_eq(first->u.s, "Bearer ${secret:file/a}");
	ck_assert_str_eq(second->u.s, "${timeout} ${secret:file/b}");
	ck_assert_str_eq(values.secrets[first->secret - 1].path, "s.headers[0].value");
	ck_assert_str_eq(values.secrets[second->secret - 1].path, "s.headers[1].value");
	const struct secret_text *text = &values.secrets[second->secret - 1];
	ck_assert_uint_eq(text->part_count, 3);
	ck_assert_str_eq(text->parts[0].text, "2000");
	ck_assert_str_eq(text->parts[2].text, "file/b");
	ck_assert_uint_ne(word->secret, 0);
	ck_assert_str_eq(printed, "");
	stop();
}
END_TEST

static const struct {
	const char *text;
	size_t row;
	const char *s; /* NULL: a number */
	int64_t n;
} unknowns[] = {
	{"{\"s\":{\"int\":\"${unknown}\"}}", INT, NULL, 2000},
	{"{\"s\":{\"any_int\":\"${unknown}\"}}", ANY_INT, NULL, 0},
	{"{\"s\":{\"bool\":\"${unknown}\"}}", BOOL, NULL, 1},
	{"{\"s\":{\"even\":\"${unknown}1\"}}", EVEN, NULL, 2},
	{"{\"s\":{\"method\":\"${unknown}\"}}", ENUM, "${unknown}", 0},
	{"{\"s\":{\"string\":\"${unknown}\"}}", STRING, "${unknown}", 0},
	{"{\"s\":{\"word\":\"a b${unknown}\"}}", WORD, "a b${unknown}", 0},
	{"{\"s\":{\"url\":\"${unknown}/x\"}}", URL, "${unknown}/x", 0},
	{"{\"s\":{\"file\":\"/nowhere/${unknown}\"}}", FILE_, "/nowhere/${unknown}", 0},
};

START_TEST(leaves_unknown_variables_unchecked)
{
	start();
	ck_assert_int_eq(read_text(unknowns[_i].text, SCHEMA_VARIABLES_UNKNOWN), 0);
	ck_assert_str_eq(printed, "");
	const struct lk_value *v = part.values[unknowns[_i].row];
	ck_assert_uint_eq(v->is_set, 1);
	if (unknowns[_i].s)
		ck_assert_str_eq(v->u.s, unknowns[_i].s);
	else
		ck_assert_int_eq(v->u.i, unknowns[_i].n);
	stop();
}
END_TEST
static void write_file(const char *path)
{
	FILE *f = fopen(path, "w");

	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(fclose(f), 0);
}

START_TEST(finds_files_beside_the_definition)
{
	char folder[] = "/tmp/test_check_XXXXXX", here[4096];
	struct node *root, *n;

	start();
	ck_assert_ptr_nonnull(mkdtemp(folder));
	char *file = arena_printf(&arena, "%s/ca.pem", folder);
	write_file(file);
	const char *const written_in[] = {arena_printf(&arena, "%s/x.conf", folder), "./x.conf",
	                                  "x.conf"};
	ck_assert_ptr_nonnull(getcwd(here, sizeof(here)));
	ck_assert_int_eq(chdir(folder), 0);
	for (size_t i = 0; i < 3; i++) {
		root = node_create(&arena, NODE_GROUP, NULL, written_in[i], 1);
		n = node_create(&arena, NODE_STRING, "file", written_in[i], 2);
		n->u.s = "ca.pem";
		node_append(root, n);
		ck_assert_int_eq(schema_read(&values, root, &part, 1, 0, &report), 0);
		const char *found = part.values[FILE_]->u.s;
		ck_assert_int_eq(found[0], '/');
		ck_assert_int_eq(access(found, R_OK), 0);
	}
	n->u.s = "absent.pem";
	ck_assert_int_eq(schema_read(&values, root, &part, 1, 0, &report), ERR_INVALID);
	ck_assert_str_eq(report.faults[0].code, "file_unreadable");
	ck_assert_int_eq(chdir(here), 0);
	ck_assert_int_eq(unlink(file), 0);
	ck_assert_int_eq(rmdir(folder), 0);
	stop();
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_LOOP(reads_numbers, numbers),
	SUITE_LOOP(reads_texts, texts),
	SUITE_TEST(refuses_text_that_is_not_utf8),
	SUITE_LOOP(keeps_secrets_apart, secrets),
	SUITE_TEST(takes_references_in_any_plain_text),
	SUITE_LOOP(leaves_unknown_variables_unchecked, unknowns),
	SUITE_TEST(finds_files_beside_the_definition),
};
SUITE_MAIN("value", tests)
