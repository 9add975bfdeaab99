/* Reading with parameter tables: faults in their words, duplicates, defaults, `when`, nesting. */
#include <stddef.h>

#include "reading.h"

static const struct {
	const char *text, *line;
} faults[] = {
	{"{\"s\":{\"int\":999}}",
         "t.conf:3: error: s.int: 999 is out of range; allowed: 1000 to 60000\n"},
	{"{\"s\":{\"int\":60001}}",
         "t.conf:3: error: s.int: 60001 is out of range; allowed: 1000 to 60000\n"},
	{"{\"s\":{\"int\":\"999\"}}",
         "t.conf:3: error: s.int: \"999\" is out of range; allowed: 1000 to 60000\n"},
	{"{\"s\":{\"int\":\"2s\"}}",
         "t.conf:3: error: s.int: \"2s\" is not a whole number; allowed: 1000 to 60000\n"},
	{"{\"s\":{\"int\":\"${timeout}0 \"}}",
         "t.conf:3: error: s.int: \"20000 \" is not a whole number; allowed: 1000 to 60000\n"},
	{"{\"s\":{\"int\":2.5}}",
         "t.conf:3: error: s.int: is a number with a fraction; a whole number is needed\n"},
	{"{\"s\":{\"int\":[1]}}", "t.conf:3: error: s.int: is a list; a whole number is needed\n"},
	{"{\"s\":{\"int\":null}}", "t.conf:3: error: s.int: is null; a whole number is needed\n"},
	{"{\"s\":{\"any_int\":\"9223372036854775808\"}}",
         "t.conf:3: error: s.any_int: \"9223372036854775808\" is not a whole number; allowed: any "
         "whole number\n"},
	{"{\"s\":{\"floor\":0}}",
         "t.conf:3: error: s.floor: 0 is out of range; allowed: at least 1\n"},
	{"{\"s\":{\"even\":3}}", "t.conf:3: error: s.even: 3 is not allowed; it must be even\n"},
	{"{\"s\":{\"even\":\"3\"}}",
         "t.conf:3: error: s.even: \"3\" is not allowed; it must be even\n"},
	{"{\"s\":{\"bool\":\"yes\"}}",
         "t.conf:3: error: s.bool: \"yes\" is neither true nor false; allowed: true or false\n"},
	{"{\"s\":{\"bool\":1}}",
         "t.conf:3: error: s.bool: is a whole number; true or false is needed\n"},
	{"{\"s\":{\"method\":\"FETCH\"}}",
         "t.conf:3: error: s.method: \"FETCH\" is not known; allowed: GET, POST, DELETE\n"},
	{"{\"s\":{\"method\":\"POTS\"}}",
         "t.conf:3: error: s.method: \"POTS\" is not known; allowed: GET, POST, DELETE (did you "
         "mean \"POST\"?)\n"},
	{"{\"s\":{\"method\":\"get\"}}",
         "t.conf:3: error: s.method: \"get\" is not known; allowed: GET, POST, DELETE (did you "
         "mean \"GET\"?)\n"},
	{"{\"s\":{\"method\":true}}",
         "t.conf:3: error: s.method: is true or false; a string is needed\n"},
	{"{\"s\":{\"time\":\"249ms\"}}",
         "t.conf:3: error: s.time: \"249ms\" is out of range; allowed: 250ms to 2m\n"},
	{"{\"s\":{\"time\":\"121s\"}}",
         "t.conf:3: error: s.time: \"121s\" is out of range; allowed: 250ms to 2m\n"},
	{"{\"s\":{\"time\":\"10\"}}",
         "t.conf:3: error: s.time: \"10\" is not a time with its unit (ms, s, m, h, d); allowed: "
         "250ms to 2m\n"},
	{"{\"s\":{\"time\":10}}",
         "t.conf:3: error: s.time: is a whole number; a time with its unit, "
         "such as \"10s\" is needed\n"},
	{"{\"s\":{\"size\":1048577}}",
         "t.conf:3: error: s.size: 1048577 is out of range; allowed: 0 to 1MiB\n"},
	{"{\"s\":{\"size\":-1}}",
         "t.conf:3: error: s.size: -1 is out of range; allowed: 0 to 1MiB\n"},
	{"{\"s\":{\"size\":\"2kb\"}}",
         "t.conf:3: error: s.size: \"2kb\" is not a size (a number of bytes, or with KiB, MiB, "
         "GiB); allowed: 0 to 1MiB\n"},
	{"{\"s\":{\"string\":\"\"}}",
         "t.conf:3: error: s.string: is empty; allowed: 2 to 4 characters\n"},
	{"{\"s\":{\"string\":\"a\"}}",
         "t.conf:3: error: s.string: is 1 character long; allowed: 2 to 4 characters\n"},
	{"{\"s\":{\"string\":\"abcde\"}}",
         "t.conf:3: error: s.string: is 5 characters long; allowed: 2 to 4 characters\n"},
	{"{\"s\":{\"string\":2}}",
         "t.conf:3: error: s.string: is a whole number; a string is needed\n"},
	{"{\"s\":{\"string\":[\"ab\"]}}",
         "t.conf:3: error: s.string: is a list; a string is needed\n"},
	{"{\"s\":{\"word\":\"a \\n\"}}",
         "t.conf:3: error: s.word: \"a \\x0a\" is not allowed; spaces "
         "may not stand in it\n"},
	{"{\"s\":{\"url\":\"h/path\"}}",
         "t.conf:3: error: s.url: \"h/path\" is not an absolute URL; write it like "
         "\"https://host/path\", without spaces\n"},
	{"{\"s\":{\"url\":\"https:///p\"}}",
         "t.conf:3: error: s.url: \"https:///p\" is not an absolute URL; write it like "
         "\"https://host/path\", without spaces\n"},
	{"{\"s\":{\"url\":\"https://h/a b\"}}",
         "t.conf:3: error: s.url: \"https://h/a b\" is not an absolute URL; write it like "
         "\"https://host/path\", without spaces\n"},
	{"{\"s\":{\"url\":\"https://h/0123456789012345678901234567890\"}}",
         "t.conf:3: error: s.url: is 41 characters long; allowed: 0 to 40 characters\n"},
	{"{\"s\":{\"url\":\"https://h/${secret:file/x}\"}}",
         "t.conf:3: error: s.url: a URL may not hold a secret; send the secret in a header\n"},
	{"{\"s\":{\"int\":\"${secret:file/x}\"}}",
         "t.conf:3: error: s.int: may not hold a secret; only plain text settings can\n"},
	{"{\"s\":{\"file\":\"/nowhere/x\"}}",
         "t.conf:3: error: s.file: \"/nowhere/x\" cannot be read: No such file or directory; a "
         "readable file is needed\n"},
	{"{\"s\":{\"file\":\"/\"}}",
         "t.conf:3: error: s.file: \"/\" cannot be read: Is a directory; "
         "a readable file is needed\n"},
	{"{\"s\":{\"string\":\"${unknown}\"}}",
         "t.conf:3: error: s.string: holds a variable that has no value here\n"},
	{"{\"s\":{\"list\":[\"a\",\"b\",\"c\"]}}",
         "t.conf:3: error: s.list: has 3 items; allowed: 0 to 2 items\n"},
	{"{\"s\":{\"list\":[\"a\",\"\"]}}",
         "t.conf:5: error: s.list[1]: is empty; allowed: 1 to 5 characters\n"},
	{"{\"s\":{\"list\":\"a\"}}", "t.conf:3: error: s.list: is a string; a list is needed\n"},
	{"{\"s\":{\"headers\":[{\"name\":\"a\"}]}}",
         "t.conf:4: error: s.headers[0].value: is missing; allowed: any text\n"},
	{"{\"s\":{\"headers\":[{\"name\":\"\",\"value\":\"v\"}]}}",
         "t.conf:5: error: s.headers[0].name: is empty; allowed: 1 to 8 characters\n"},
	{"{\"s\":{\"headers\":[\"a\"]}}",
         "t.conf:4: error: s.headers[0]: is a string; a group is needed\n"},
	{"{\"s\":{\"headers\":[{\"nam\":\"a\",\"name\":\"a\",\"value\":\"v\"}]}}",
         "t.conf:5: error: s.headers[0].nam: unknown key \"nam\" (did you mean \"name\"?)\n"},
	{"{\"s\":{\"headers\":[{\"x-ray\":\"a\",\"name\":\"a\",\"value\":\"v\"}]}}",
         "t.conf:5: error: s.headers[0].x-ray: unknown key \"x-ray\"; allowed: name, value\n"},
	{"{\"s\":{\"map\":{\"a\":10}}}",
         "t.conf:4: error: s.map.a: 10 is out of range; allowed: 1 to 9\n"},
	{"{\"s\":{\"map\":{\"a\":1,\"b\":2,\"c\":3}}}",
         "t.conf:3: error: s.map: has 3 members; allowed: 0 to 2 members\n"},
	{"{\"s\":{\"map\":[1]}}", "t.conf:3: error: s.map: is a list; a group is needed\n"},
	{"{\"s\":{\"pairs\":[1]}}",
         "t.conf:3: error: s.pairs: as many keys as values are needed\n"},
	{"{\"s\":{\"metod\":\"GET\"}}",
         "t.conf:3: error: s.metod: unknown key \"metod\" (did you mean \"method\"?)\n"},
	{"{\"s\":{\"auth\":{\"kind\":\"basic\"}}}",
         "t.conf:3: error: s.auth.username: is missing; allowed: 1 to 10 characters\n"},
	{"{\"s\":{\"auth\":{\"username\":\"u\"}}}",
         "t.conf:4: error: s.auth.username: applies only when kind is \"basic\"; it is \"none\" "
         "here\n"},
	{"{\"s\":{\"auth\":{\"kind\":\"none\",\"token\":\"${secret:file/x}\"}}}",
         "t.conf:5: error: s.auth.token: applies only when kind is \"basic\" or \"bearer\"; it is "
         "\"none\" here\n"},
	{"{\"s\":{\"auth\":{\"kind\":\"bearer\",\"token\":\"123456789${secret:file/x}\"}}}",
         "t.conf:5: error: s.auth.token: is 9 characters long; allowed: 0 to 8 characters\n"},
	/* A wrong choice brings no further faults about what depends on it. */
	{"{\"s\":{\"auth\":{\"kind\":\"basik\",\"username\":\"u\"}}}",
         "t.conf:4: error: s.auth.kind: \"basik\" is not known; allowed: none, basic, bearer (did "
         "you mean \"basic\"?)\n"},
	{"{\"s\":{\"int\":1,\"size\":-1,\"x_y_z\":1,\"bool\":\"t\"}}", NULL},
};

START_TEST(says_what_is_wrong_where_and_what_is_allowed)
{
	start();
	ck_assert_int_eq(read_text(faults[_i].text, 0), ERR_INVALID);
	ck_assert_ptr_null(part.values);
	if (faults[_i].line)
		ck_assert_str_eq(printed, faults[_i].line);
	else
		ck_assert_uint_eq(report.errors, 4);
	stop();
}
END_TEST

/* JSON readers refuse it themselves; other sources of trees may not. */
START_TEST(refuses_a_key_given_twice)
{
	static const char *const groups[] = {"s", "map"};

	for (size_t i = 0; i < 2; i++) {
		start();
		struct node *root = tree_parse(&arena, "{\"s\":{\"map\":{}}}");
		struct node *group = i == 0 ? node_get(root, "s") : node_get(root, "s")->first;
		ck_assert_str_eq(group->name, groups[i]);
		for (unsigned line = 8; line < 10; line++) {
			struct node *n = node_create(&arena, NODE_INT, "int", "t.conf", line);
			n->u.i = i == 0 ? 2000 : 2;
			node_append(group, n);
		}
		ck_assert_int_eq(schema_read(&values, node_get(root, "s"), &part, 1, 0, &report),
		                 ERR_INVALID);
		ck_assert_uint_eq(report.errors, 1);
		ck_assert_uint_eq(report.faults[0].line, 9);
		ck_assert_str_eq(report.faults[0].code, "duplicate_key");
		ck_assert_str_eq(report.faults[0].text,
		                 "is given twice; it was given before in line 8; give it once");
		stop();
	}
}
END_TEST

START_TEST(fills_in_defaults)
{
	start();
	good("{\"s\":{}}", INT);
	for (size_t i = 0; i < ROWS; i++)
		ck_assert_uint_eq(part.values[i]->is_set, 0);
	ck_assert_int_eq(part.values[INT]->u.i, 2000);
	ck_assert_int_eq(part.values[ANY_INT]->u.i, 0);
	ck_assert_int_eq(part.values[BOOL]->u.i, 1);
	ck_assert_int_eq(part.values[TIME]->u.i, 10000);
	ck_assert_int_eq(part.values[SIZE]->u.i, 16384);
	ck_assert_ptr_null(part.values[ENUM]->u.s);
	ck_assert_ptr_null(part.values[STRING]->u.s);
	ck_assert_str_eq(part.values[WORD]->u.s, "");
	ck_assert_uint_eq(part.values[LIST]->count, 0);
	ck_assert_ptr_nonnull(part.values[LIST]->u.v);
	ck_assert_ptr_nonnull(part.values[MAP]->u.v);
	const struct lk_value *auth = part.values[AUTH];
	ck_assert_uint_eq(auth->count, 4);
	ck_assert_str_eq(auth->u.v[0]->u.s, "none");
	ck_assert_ptr_null(auth->u.v[1]->u.s);
	ck_assert_int_eq(auth->u.v[3]->u.i, 60);
	stop();
}
END_TEST

START_TEST(reads_what_is_nested)
{
	start();
	good("{\"s\":{\"list\":[\"a\",\"${timeout}\"],\"map\":{\"x\":1,\"y\":\"2\"},"
	     "\"headers\":[{\"value\":\"v\",\"name\":\"n\"}],\"pairs\":[1,2],"
	     "\"auth\":{\"kind\":\"${kind}\",\"username\":\"me\"}}}",
	     INT);
	const struct lk_value *const *v = part.values;

	ck_assert_uint_eq(v[LIST]->count, 2);
	ck_assert_str_eq(v[LIST]->u.v[1]->u.s, "2000");
	ck_assert_str_eq(v[MAP]->keys[1], "y");
	ck_assert_int_eq(v[MAP]->u.v[1]->u.i, 2);
	ck_assert_uint_eq(v[HEADERS]->count, 1);
	/* In the order of the rows, not of the writing. */
	ck_assert_uint_eq(v[HEADERS]->u.v[0]->count, 2);
	ck_assert_str_eq(v[HEADERS]->u.v[0]->u.v[0]->u.s, "n");
	ck_assert_str_eq(v[HEADERS]->u.v[0]->u.v[1]->u.s, "v");
	ck_assert_str_eq(v[AUTH]->u.v[0]->u.s, "basic");
	ck_assert_str_eq(v[AUTH]->u.v[1]->u.s, "me");
	ck_assert_uint_eq(v[AUTH]->u.v[2]->is_set, 0);
	stop();
}
END_TEST

START_TEST(does_not_guess_what_an_unknown_choice_implies)
{
	start();
	ck_assert_int_eq(read_text("{\"s\":{\"auth\":{\"kind\":\"${unknown}\",\"ttl\":5}}}",
	                           SCHEMA_VARIABLES_UNKNOWN),
	                 0);
	ck_assert_str_eq(printed, "");
	stop();
	/* What is known is still checked. */
	start();
	ck_assert_int_eq(
		read_text("{\"s\":{\"string\":\"abcde${unknown}\"}}", SCHEMA_VARIABLES_UNKNOWN),
		ERR_INVALID);
	stop();
}
END_TEST

START_TEST(warns_of_what_is_deprecated)
{
	start();
	good("{\"s\":{\"old\":true}}", OLD);
	ck_assert_str_eq(printed, "t.conf:3: warning: s.old: is deprecated: Use bool.\n");
	stop();
}
END_TEST

START_TEST(reads_a_group_with_two_tables)
{
	struct schema_part two[] = {{.rows = rows, .count = 1}, {.rows = auth_rows, .count = 4}};

	start();
	struct node *n = tree_parse(&arena, "{\"int\":3000,\"kind\":\"basic\",\"username\":\"u\"}");
	ck_assert_int_eq(schema_read(&values, n, two, 2, 0, &report), 0);
	ck_assert_int_eq(two[0].values[0]->u.i, 3000);
	ck_assert_str_eq(two[1].values[1]->u.s, "u");

	n = tree_parse(&arena, "{\"usrname\":\"u\",\"kind\":\"none\"}");
	ck_assert_int_eq(schema_read(&values, n, two, 2, 0, &report), ERR_INVALID);
	ck_assert_uint_eq(report.errors, 1);
	ck_assert_str_eq(report.faults[0].text,
	                 "unknown key \"usrname\" (did you mean \"username\"?)");
	stop();
}
END_TEST

START_TEST(reads_rows_of_older_and_newer_plugins)
{
	/* A newer plugin's row is longer, an older one's ends early. */
	struct newer {
		struct lk_param row;
		const char *unknown;
	} newer[2] = {
		{.row = {.name = "a", .type = LK_T_INT, .def = "1"}, .unknown = "x"},
		{.row = {.name = "g", .type = LK_T_GROUP, .sub_count = 1}, .unknown = "y"},
	};
	struct newer inner[1] = {{.row = {.name = "b", .type = LK_T_INT, .def = "2"}}};
	struct lk_param *copy;

	newer[1].row.sub = &inner[0].row;
	newer[1].row.sub_size = sizeof(struct newer);
	start();
	copy = schema_import(&arena, &newer[0].row, 2, sizeof(struct newer));
	ck_assert_str_eq(copy[1].name, "g");
	ck_assert_str_eq(copy[1].sub[0].name, "b");
	ck_assert_uint_eq(copy[1].sub_size, sizeof(struct lk_param));

	char older[2 * offsetof(struct lk_param, check)];
	memcpy(older, &newer[0].row, sizeof(older) / 2);
	memcpy(older + sizeof(older) / 2, &inner[0].row, sizeof(older) / 2);
	copy = schema_import(&arena, (const struct lk_param *)(const void *)older, 2,
	                     offsetof(struct lk_param, check));
	ck_assert_str_eq(copy[1].name, "b");
	ck_assert_str_eq(copy[1].def, "2");
	ck_assert(!copy[1].check);
	ck_assert_ptr_null(copy[1].sub);
	ck_assert_int_eq(schema_row(copy, 2, "b"), 1);
	ck_assert_int_eq(schema_row(copy, 2, "c"), -1);
	stop();
}
END_TEST

static void read_or_run_out(unsigned n, bool *ret_pending)
{
	static const char text[] =
		"{\"s\":{\"headers\":[{\"name\":\"a\",\"value\":\"x${secret:file/a}\"}],\"int\":1,"
		"\"metod\":1,\"method\":\"POTS\",\"url\":\"https://h/${brace}\",\"map\":{\"a\":1},"
		"\"auth\":{\"kind\":\"basic\"},\"word\":\"a b\"}}";
	struct node *root;

	start();
	root = tree_parse(&arena, text);
	mem_fail_at(n);
	int rc = schema_read(&values, node_get(root, "s"), &part, 1, 0, &report);
	*ret_pending = mem_fail_pending();
	mem_fail_at(0);
	ck_assert_int_eq(rc, *ret_pending ? ERR_INVALID : ERR_NO_MEMORY);
	ck_assert_ptr_null(part.values);
	stop();
}

START_TEST(survives_every_failing_allocation)
{
	unsigned n = 0;
	bool pending;

	do
		read_or_run_out(++n, &pending);
	while (!pending);
	ck_assert_uint_gt(n, 20);
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_LOOP(says_what_is_wrong_where_and_what_is_allowed, faults),
	SUITE_TEST(refuses_a_key_given_twice),
	SUITE_TEST(fills_in_defaults),
	SUITE_TEST(reads_what_is_nested),
	SUITE_TEST(does_not_guess_what_an_unknown_choice_implies),
	SUITE_TEST(warns_of_what_is_deprecated),
	SUITE_TEST(reads_a_group_with_two_tables),
	SUITE_TEST(reads_rows_of_older_and_newer_plugins),
	SUITE_TEST(survives_every_failing_allocation),
};
SUITE_MAIN("check", tests)
