/* Tests of changing what is saved. */
#include "base/file.h"
#include "cataloguing.h"
#include "suite.h"

#define COMMENTED                                                                                  \
	"# Mine.\nconnection: {\n  name = \"Old\";\n  type = \"echo\"; # kept\n"                   \
	"  settings: { };\n  environments: { Test: { }; };\n};\n"

static struct catalog_edit edit_of(enum catalog_verb verb, const char *name)
{
	return (struct catalog_edit){.verb = verb, .project = "global", .name = name};
}

/* A member of the first item of the last result. */
static const char *told(const char *member)
{
	const struct json *item = json_at(json_get(cataloguing.answer.result, "items"), 0);

	return json_as_string(json_get(item, member));
}

static void revision_of(const char *name, char *ret)
{
	const struct catalog_entry *entry =
		catalog_find_exactly(cataloguing.catalog, "global", name);

	ck_assert_ptr_nonnull(entry);
	snprintf(ret, REVISION_BYTES, "%s", entry->revision);
	catalog_release(entry);
}

static bool is_saved(const char *project, const char *name)
{
	const struct catalog_entry *entry =
		catalog_find_exactly(cataloguing.catalog, project, name);

	catalog_release(entry);
	return entry != NULL;
}

START_TEST(a_new_connection_is_a_file)
{
	cataloguing_begin();
	cataloguing_create(NULL, "Orders", cataloguing_echo("'delay_ms': 1", "'Test': {}"));
	ck_assert_str_eq(told("action"), "create");
	ck_assert_ptr_nonnull(strstr(cataloguing_text("connections/Orders.conf"), "delay_ms = 1"));
	ck_assert(is_saved("global", "orders"));
	cataloguing_create("Shop", "Own", cataloguing_echo("", "'Test': {}"));
	ck_assert_str_ne(cataloguing_text("projects/Shop/connections/Own.conf"), "-");
	/* The same is there after a restart, and after a reload. */
	char *before = cataloguing_world();
	cataloguing_restart();
	cataloguing_same(before);
	before = cataloguing_world();
	cataloguing_well(cataloguing_reload(NULL));
	cataloguing_same(before);
	cataloguing_end();
}
END_TEST

START_TEST(a_project_is_spelt_one_way)
{
	cataloguing_begin();
	cataloguing_create("Shop", "A", cataloguing_echo("", "'Test': {}"));
	cataloguing_create("shop", "B", cataloguing_echo("", "'Test': {}"));
	ck_assert_str_ne(cataloguing_text("projects/Shop/connections/B.conf"), "-");
	ck_assert_str_eq(cataloguing_text("projects/shop/connections/B.conf"), "-");
	cataloguing_end();
}
END_TEST

/* What nobody may create, and why. */
static const struct {
	const char *project, *name;
	const char *definition;
	int rc;
	const char *code;
} faulty[] = {
	{"global", "Taken", "{'type': 'echo', 'environments': {'Test': {}}}", ERR_CONFLICT,
         "name_taken"},
	{"global", "TAKEN", "{'type': 'echo', 'environments': {'Test': {}}}", ERR_CONFLICT,
         "name_taken"},
	{"Shop", "taken", "{'type': 'echo', 'environments': {'Test': {}}}", ERR_CONFLICT,
         "name_taken"},
	{"global", "own", "{'type': 'echo', 'environments': {'Test': {}}}", ERR_CONFLICT,
         "name_taken"},
	{"global", "unread", "{'type': 'echo', 'environments': {'Test': {}}}", ERR_CONFLICT,
         "name_taken"},
	{"global", "a/b", "{'type': 'echo', 'environments': {'Test': {}}}", ERR_INVALID,
         "invalid_name"},
	{"global", "", "{'type': 'echo', 'environments': {'Test': {}}}", ERR_INVALID,
         "invalid_name"},
	{"../x", "a", "{'type': 'echo', 'environments': {'Test': {}}}", ERR_INVALID,
         "invalid_name"},
	{"global", "New", "{'type': 'nothing', 'environments': {'Test': {}}}", ERR_INVALID,
         "invalid_definition"},
	{"global", "New", "{'type': 'echo', 'environments': {'Nowhere': {}}}", ERR_INVALID,
         "invalid_definition"},
	{"global", "New",
         "{'type': 'echo', 'settings': {'delay_ms': -1}, 'environments': {'Test': {}}}",
         ERR_INVALID, "invalid_definition"},
	{"global", "New", "{'type': 'echo', 'settings': {'delay_ms': -1}, 'environments': {}}",
         ERR_INVALID, "invalid_definition"},
	{"global", "New",
         "{'type': 'echo', 'settings': {'token': '${NOPE}'}, 'environments': {'Test': {}}}",
         ERR_INVALID, "invalid_definition"},
};

START_TEST(what_cannot_be_is_refused)
{
	cataloguing_begin();
	cataloguing_create(NULL, "Taken", cataloguing_echo("", "'Test': {}"));
	cataloguing_create("Shop", "Own", cataloguing_echo("", "'Test': {}"));
	folder_write("connections/unread.conf", "somebody's\n");
	char *before = cataloguing_world();
	struct catalog_edit edit = edit_of(CATALOG_CREATE, faulty[_i].name);
	edit.project = faulty[_i].project;
	edit.definition = cataloguing_document("%s", faulty[_i].definition);
	cataloguing_refused(cataloguing_edit(edit), faulty[_i].rc, faulty[_i].code);
	cataloguing_same(before);
	cataloguing_end();
}
END_TEST

START_TEST(a_replaced_one_keeps_its_identity)
{
	char revision[REVISION_BYTES];

	cataloguing_begin();
	cataloguing_create(NULL, "Orders", cataloguing_echo("", "'Test': {}"));
	revision_of("Orders", revision);
	struct catalog_edit edit = edit_of(CATALOG_REPLACE, "orders");
	edit.definition = cataloguing_echo("'delay_ms': 5", "'Test': {}");
	edit.expected = revision;
	cataloguing_well(cataloguing_edit(edit));
	ck_assert_str_eq(told("action"), "update");
	ck_assert_str_eq(told("name"), "Orders");
	ck_assert_ptr_nonnull(strstr(cataloguing_text("connections/Orders.conf"), "delay_ms = 5"));
	/* The same once more is nothing. */
	edit.expected = NULL;
	cataloguing_well(cataloguing_edit(edit));
	ck_assert_str_eq(told("action"), "none");
	/* world() compares identities. */
	mem_free(cataloguing_world());
	edit.name = "Nobody";
	cataloguing_refused(cataloguing_edit(edit), ERR_NOT_FOUND, NULL);
	cataloguing_end();
}
END_TEST

START_TEST(an_edit_of_an_older_revision_is_stale)
{
	char revision[REVISION_BYTES];

	cataloguing_begin();
	cataloguing_create(NULL, "Orders", cataloguing_echo("", "'Test': {}"));
	revision_of("Orders", revision);
	struct catalog_edit edit = edit_of(CATALOG_REPLACE, "Orders");
	edit.definition = cataloguing_echo("'delay_ms': 5", "'Test': {}");
	cataloguing_well(cataloguing_edit(edit));
	edit.definition = cataloguing_echo("'delay_ms': 6", "'Test': {}");
	edit.expected = revision;
	char *before = cataloguing_world();
	cataloguing_refused(cataloguing_edit(edit), ERR_CONFLICT, "stale");
	ck_assert_uint_eq(json_count(json_get(cataloguing.answer.detail, "changes")), 1);
	ck_assert_ptr_nonnull(json_get(cataloguing.answer.detail, "revision"));
	cataloguing_same(before);
	cataloguing_end();
}
END_TEST

START_TEST(a_file_that_was_edited_by_hand_is_not_written_over)
{
	cataloguing_begin();
	cataloguing_create(NULL, "Orders", cataloguing_echo("", "'Test': {}"));
	hosting_define("Orders", "echo", "delay_ms = 9;");
	char *before = cataloguing_world();
	struct catalog_edit edit = edit_of(CATALOG_REPLACE, "Orders");
	edit.definition = cataloguing_echo("'delay_ms': 5", "'Test': {}");
	cataloguing_refused(cataloguing_edit(edit), ERR_CONFLICT, "stale");
	edit = edit_of(CATALOG_DELETE, "Orders");
	cataloguing_refused(cataloguing_edit(edit), ERR_CONFLICT, "stale");
	cataloguing_same(before);
	/* After a reload it may. */
	cataloguing_well(cataloguing_reload(NULL));
	cataloguing_well(cataloguing_edit(edit));
	ck_assert_str_eq(cataloguing_text("connections/Orders.conf"), "-");
	cataloguing_end();
}
END_TEST

START_TEST(comments_go_only_on_somebodys_word)
{
	cataloguing_prepare();
	folder_write("connections/Old.conf", COMMENTED);
	cataloguing_start();
	char *before = cataloguing_world();
	struct catalog_edit edit = edit_of(CATALOG_REPLACE, "Old");
	edit.definition = cataloguing_echo("'delay_ms': 5", "'Test': {}");
	cataloguing_refused(cataloguing_edit(edit), ERR_CONFLICT, "comments_lost");
	cataloguing_same(before);
	edit.drops_comments = true;
	cataloguing_well(cataloguing_edit(edit));
	ck_assert_ptr_null(strstr(cataloguing_text("connections/Old.conf"), "kept"));
	ck_assert_ptr_nonnull(strstr(cataloguing_text("connections/Old.conf"), "# Mine."));
	cataloguing_end();
}
END_TEST

START_TEST(switching_off_keeps_the_file)
{
	cataloguing_prepare();
	folder_write("connections/Old.conf", COMMENTED);
	cataloguing_start();
	cataloguing_well(cataloguing_deploy((struct deploy_call){.name = "Old"}));
	hosting_expect("Old", "ok");
	struct catalog_edit edit = edit_of(CATALOG_REPLACE, "Old");
	edit.sets_enabled = true;
	cataloguing_well(cataloguing_edit(edit));
	ck_assert_str_eq(told("action"), "disable");
	ck_assert_ptr_nonnull(strstr(cataloguing_text("connections/Old.conf"), "enabled = false;"));
	ck_assert_ptr_nonnull(strstr(cataloguing_text("connections/Old.conf"), "# kept"));
	hosting_expect("Old", "disabled");
	edit.enabled = true;
	cataloguing_well(cataloguing_edit(edit));
	ck_assert_str_eq(told("action"), "enable");
	hosting_expect("Old", "ok");
	cataloguing_well(cataloguing_edit(edit));
	ck_assert_str_eq(told("action"), "none");
	cataloguing_end();
}
END_TEST

/*
 * Names
 */

START_TEST(another_name_takes_everything_along)
{
	cataloguing_begin();
	cataloguing_create(NULL, "Old", cataloguing_echo("", "'Test': {}, 'Live': {}"));
	cataloguing_well(cataloguing_deploy((struct deploy_call){.name = "Old"}));
	struct catalog_edit edit = edit_of(CATALOG_MOVE, "old");
	edit.to_name = "New";
	cataloguing_well(cataloguing_edit(edit));
	ck_assert_str_eq(told("action"), "rename");
	ck_assert_str_eq(cataloguing_text("connections/Old.conf"), "-");
	ck_assert_ptr_nonnull(strstr(cataloguing_text("connections/New.conf"), "\"New\""));
	struct send_answer answer;
	ck_assert_int_eq(hosting_try("Old", "x", &answer), ERR_NOT_FOUND);
	hosting_expect("New", "ok");
	/* Only the case of letters. */
	edit = edit_of(CATALOG_MOVE, "New");
	edit.to_name = "NEW";
	cataloguing_well(cataloguing_edit(edit));
	ck_assert_str_eq(told("action"), "rename");
	ck_assert_str_ne(cataloguing_text("connections/NEW.conf"), "-");
	hosting_expect("new", "ok");
	/* Into a project, and out of it. */
	edit = edit_of(CATALOG_MOVE, "NEW");
	edit.to_project = "Shop";
	cataloguing_well(cataloguing_edit(edit));
	ck_assert_str_eq(told("action"), "move");
	ck_assert_str_ne(cataloguing_text("projects/Shop/connections/NEW.conf"), "-");
	ck_assert_int_eq(hosting_try("NEW", "x", &answer), ERR_NOT_FOUND);
	edit.project = "shop";
	edit.to_project = "GLOBAL";
	edit.to_name = "Back";
	cataloguing_well(cataloguing_edit(edit));
	hosting_expect("Back", "ok");
	char *before = cataloguing_world();
	cataloguing_restart();
	cataloguing_same(before);
	hosting_expect("Back", "ok");
	cataloguing_end();
}
END_TEST

START_TEST(a_taken_name_is_not_given_again)
{
	cataloguing_begin();
	cataloguing_create(NULL, "A", cataloguing_echo("", "'Test': {}"));
	cataloguing_create("Shop", "B", cataloguing_echo("", "'Test': {}"));
	char *before = cataloguing_world();
	struct catalog_edit edit = edit_of(CATALOG_MOVE, "A");
	edit.to_name = "b";
	cataloguing_refused(cataloguing_edit(edit), ERR_CONFLICT, "name_taken");
	edit.to_project = "Shop";
	cataloguing_refused(cataloguing_edit(edit), ERR_CONFLICT, "name_taken");
	edit.to_name = "../x";
	cataloguing_refused(cataloguing_edit(edit), ERR_INVALID, "invalid_name");
	edit.to_name = NULL;
	edit.to_project = "..";
	cataloguing_refused(cataloguing_edit(edit), ERR_INVALID, "invalid_name");
	cataloguing_same(before);
	cataloguing_end();
}
END_TEST

START_TEST(whoever_is_used_keeps_name_and_sight)
{
	cataloguing_begin();
	cataloguing_create(NULL, "Bell", cataloguing_echo("", "'Test': {}"));
	cataloguing_create("Shop", "User",
	                   cataloguing_echo("'alert_connection': 'bell'", "'Test': {}"));
	char *before = cataloguing_world();
	struct catalog_edit edit = edit_of(CATALOG_MOVE, "Bell");
	edit.to_name = "Gong";
	cataloguing_refused(cataloguing_edit(edit), ERR_CONFLICT, "in_use");
	ck_assert_uint_eq(json_count(json_get(cataloguing.answer.detail, "items")), 1);
	edit.to_name = NULL;
	edit.to_project = "Other";
	cataloguing_refused(cataloguing_edit(edit), ERR_CONFLICT, "loses_sight");
	edit = edit_of(CATALOG_DELETE, "Bell");
	cataloguing_refused(cataloguing_edit(edit), ERR_CONFLICT, "in_use");
	cataloguing_same(before);
	/* Where its user is, it may go; other letters are the same name. */
	edit = edit_of(CATALOG_MOVE, "Bell");
	edit.to_project = "Shop";
	edit.to_name = "BELL";
	cataloguing_well(cataloguing_edit(edit));
	/* Now the user may not leave. */
	edit = edit_of(CATALOG_MOVE, "User");
	edit.project = "Shop";
	edit.to_project = "global";
	cataloguing_refused(cataloguing_edit(edit), ERR_CONFLICT, "loses_sight");
	/* With a definition that uses it no more it may. */
	edit.verb = CATALOG_REPLACE;
	edit.definition = cataloguing_echo("", "'Test': {}");
	cataloguing_well(cataloguing_edit(edit));
	ck_assert(is_saved("global", "User"));
	cataloguing_end();
}
END_TEST

START_TEST(a_forced_delete_ends_it)
{
	struct send_answer answer;

	cataloguing_begin();
	cataloguing_create(NULL, "Bell", cataloguing_echo("", "'Test': {}"));
	cataloguing_create(NULL, "User",
	                   cataloguing_echo("'alert_connection': 'Bell'", "'Test': {}"));
	cataloguing_well(cataloguing_deploy((struct deploy_call){.name = "Bell"}));
	struct catalog_edit edit = edit_of(CATALOG_DELETE, "bell");
	edit.forced = true;
	cataloguing_well(cataloguing_edit(edit));
	ck_assert_str_eq(told("action"), "delete");
	ck_assert_str_eq(cataloguing_text("connections/Bell.conf"), "-");
	ck_assert(!is_saved("global", "Bell"));
	ck_assert_int_eq(hosting_try("Bell", "x", &answer), ERR_NOT_FOUND);
	/* A later one of that name begins anew. */
	cataloguing_create(NULL, "Bell", cataloguing_echo("", "'Test': {}"));
	ck_assert_int_eq(hosting_try("Bell", "x", &answer), ERR_NOT_FOUND);
	cataloguing_well(cataloguing_deploy((struct deploy_call){.name = "Bell"}));
	ck_assert_int_eq(json_as_int(json_get(cataloguing.answer.result, "number")), 1);
	hosting_expect("Bell", "ok");
	cataloguing_end();
}
END_TEST

START_TEST(one_whose_file_is_gone_is_followed_by_a_new_one)
{
	struct send_answer answer;

	cataloguing_begin();
	cataloguing_create(NULL, "Orders", cataloguing_echo("", "'Test': {}"));
	cataloguing_well(cataloguing_deploy((struct deploy_call){.name = "Orders"}));
	ck_assert_int_eq(unlink(folder_path("connections/Orders.conf")), 0);
	cataloguing_well(cataloguing_reload(NULL));
	ck_assert(!is_saved("global", "Orders"));
	/* What was deployed goes on, and nobody else gets its name. */
	hosting_expect("Orders", "ok");
	cataloguing_create(NULL, "Other", cataloguing_echo("", "'Test': {}"));
	struct catalog_edit edit = edit_of(CATALOG_MOVE, "Other");
	edit.to_name = "orders";
	cataloguing_refused(cataloguing_edit(edit), ERR_CONFLICT, "name_taken");
	hosting_expect("Orders", "ok");
	cataloguing_create(NULL, "Orders", cataloguing_echo("", "'Test': {}"));
	ck_assert_int_eq(hosting_try("Orders", "x", &answer), ERR_NOT_FOUND);
	char *before = cataloguing_world();
	ck_assert_ptr_null(strstr(before, "runs"));
	cataloguing_restart();
	cataloguing_same(before);
	cataloguing_end();
}
END_TEST

/*
 * Several
 */

START_TEST(several_are_whole_or_not_at_all)
{
	cataloguing_begin();
	cataloguing_create(NULL, "A", cataloguing_echo("", "'Test': {}"));
	cataloguing_create(NULL, "B", cataloguing_echo("", "'Test': {}"));
	struct catalog_edit edits[3] = {
		edit_of(CATALOG_REPLACE, "A"),
		edit_of(CATALOG_CREATE, "C"),
		edit_of(CATALOG_DELETE, "B"),
	};
	edits[0].definition = cataloguing_echo("'delay_ms': 5", "'Test': {}");
	edits[1].definition = cataloguing_echo("'delay_ms': -5", "'Test': {}");
	char *before = cataloguing_world();
	cataloguing_refused(cataloguing_apply_as(edits, 3, &cataloguing_word), ERR_INVALID,
	                    "invalid_definition");
	ck_assert_ptr_eq(strstr(cataloguing.err.text, "C: "), cataloguing.err.text);
	cataloguing_same(before);
	edits[1].definition = cataloguing_echo("", "'Test': {}");
	before = cataloguing_world();
	cataloguing_well(cataloguing_apply_as(edits, 3, &cataloguing_dry));
	ck_assert_uint_eq(json_count(json_get(cataloguing.answer.result, "items")), 3);
	cataloguing_same(before);
	cataloguing_well(cataloguing_apply_as(edits, 3, &cataloguing_word));
	ck_assert(is_saved("global", "A") && !is_saved("global", "B") && is_saved("global", "C"));
	ck_assert_uint_eq(catalog_count(cataloguing.catalog), 2);
	cataloguing_end();
}
END_TEST

static const struct {
	struct catalog_edit first, second;
} twice[] = {
	{{.verb = CATALOG_REPLACE, .name = "A"}, {.verb = CATALOG_REPLACE, .name = "a"}},
	{{.verb = CATALOG_DELETE, .name = "A"}, {.verb = CATALOG_REPLACE, .name = "A"}},
	{{.verb = CATALOG_DELETE, .name = "A"}, {.verb = CATALOG_DELETE, .name = "A"}},
	{{.verb = CATALOG_CREATE, .name = "B"}, {.verb = CATALOG_CREATE, .name = "b"}},
	{{.verb = CATALOG_MOVE, .name = "A", .to_name = "B"},
         {.verb = CATALOG_CREATE, .name = "B"}},
};

START_TEST(one_connection_stands_once_in_a_change)
{
	struct catalog_edit edits[2] = {twice[_i].first, twice[_i].second};

	cataloguing_begin();
	cataloguing_create(NULL, "A", cataloguing_echo("", "'Test': {}"));
	for (unsigned i = 0; i < 2; i++) {
		edits[i].project = "global";
		edits[i].definition = cataloguing_echo("'delay_ms': 1", "'Test': {}");
	}
	char *before = cataloguing_world();
	cataloguing_refused(cataloguing_apply_as(edits, 2, &cataloguing_word), ERR_CONFLICT,
	                    "name_taken");
	cataloguing_same(before);
	cataloguing_end();
}
END_TEST

START_TEST(files_alone_are_a_change_too)
{
	char path[768];

	cataloguing_begin();
	snprintf(path, sizeof(path), "%s", folder_path("certificates/ca.pem"));
	const struct catalog_file file = {path, "pem", 3, 0640};
	cataloguing_reset();
	cataloguing_well(catalog_apply(cataloguing.catalog, NULL, 0, &file, 1, &cataloguing_word,
	                               &cataloguing.answer, &cataloguing.err));
	ck_assert_str_eq(cataloguing_text("certificates/ca.pem"), "pem");
	cataloguing_end();
}
END_TEST

START_TEST(nothing_stays_of_files_when_a_change_is_refused)
{
	char path[768];

	cataloguing_begin();
	snprintf(path, sizeof(path), "%s", folder_path("certificates/ca.pem"));
	const struct catalog_file file = {path, "pem", 3, 0640};
	const struct catalog_edit gone = {
		.verb = CATALOG_DELETE, .project = "global", .name = "Nobody"};
	char *before = cataloguing_world();
	cataloguing_reset();
	cataloguing_refused(catalog_apply(cataloguing.catalog, &gone, 1, &file, 1,
	                                  &cataloguing_word, &cataloguing.answer, &cataloguing.err),
	                    ERR_NOT_FOUND, NULL);
	cataloguing_same(before);
	ck_assert(!file_exists(path));
	cataloguing_end();
}
END_TEST

START_TEST(a_file_that_is_there_already_is_not_written_over)
{
	char path[768];

	cataloguing_begin();
	folder_write("ca.pem", "another");
	snprintf(path, sizeof(path), "%s", folder_path("ca.pem"));
	const struct catalog_file file = {path, "pem", 3, 0640};
	cataloguing_reset();
	cataloguing_refused(catalog_apply(cataloguing.catalog, NULL, 0, &file, 1, &cataloguing_word,
	                                  &cataloguing.answer, &cataloguing.err),
	                    ERR_CONFLICT, NULL);
	ck_assert_str_eq(cataloguing_text("ca.pem"), "another");
	const struct catalog_file same = {path, "another", 7, 0640};
	cataloguing_reset();
	cataloguing_well(catalog_apply(cataloguing.catalog, NULL, 0, &same, 1, &cataloguing_word,
	                               &cataloguing.answer, &cataloguing.err));
	ck_assert_str_eq(cataloguing_text("ca.pem"), "another");
	cataloguing_end();
}
END_TEST

START_TEST(literal_secrets_do_not_stay_in_the_file)
{
	cataloguing_begin();
	cataloguing_create(NULL, "Orders", cataloguing_echo("'token': 'hush-hush'", "'Test': {}"));
	ck_assert_ptr_null(strstr(cataloguing_text("connections/Orders.conf"), "hush"));
	ck_assert_ptr_nonnull(
		strstr(cataloguing_text("connections/Orders.conf"), "${secret:local/"));
	cataloguing_well(cataloguing_deploy((struct deploy_call){.name = "Orders"}));
	hosting_expect("Orders", "ok");
	cataloguing_end();
}
END_TEST

START_TEST(an_open_journal_is_finished_at_the_start)
{
	static const char text[] =
		"connection: { name = \"Late\"; type = \"echo\"; environments: { Test: {}; }; };\n";
	char path[768];

	cataloguing_begin();
	snprintf(path, sizeof(path), "%s", folder_path("connections/Late.conf"));
	const struct store_file file = {path, NULL, text, sizeof(text) - 1, 0640};
	const struct store_naming name = {NULL, NULL, "global", "Late", "late-uid"};
	struct store_change op = {.op.kind = STORE_CHANGE,
	                          .files = &file,
	                          .file_count = 1,
	                          .names = &name,
	                          .name_count = 1};
	ck_assert_int_eq(store_post_wait(cataloguing.store, &op.op), 0);
	ck_assert(!is_saved("global", "Late"));
	cataloguing_restart();
	ck_assert_str_eq(cataloguing_text("connections/Late.conf"), text);
	const struct catalog_entry *entry = catalog_find(cataloguing.catalog, "Shop", "late");
	ck_assert_ptr_nonnull(entry);
	ck_assert_str_eq(entry->uid, "late-uid");
	catalog_release(entry);
	cataloguing_end();
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_TEST(a_new_connection_is_a_file),
	SUITE_TEST(a_project_is_spelt_one_way),
	SUITE_LOOP(what_cannot_be_is_refused, faulty),
	SUITE_TEST(a_replaced_one_keeps_its_identity),
	SUITE_TEST(an_edit_of_an_older_revision_is_stale),
	SUITE_TEST(a_file_that_was_edited_by_hand_is_not_written_over),
	SUITE_TEST(comments_go_only_on_somebodys_word),
	SUITE_TEST(switching_off_keeps_the_file),
	SUITE_TEST(another_name_takes_everything_along),
	SUITE_TEST(a_taken_name_is_not_given_again),
	SUITE_TEST(whoever_is_used_keeps_name_and_sight),
	SUITE_TEST(a_forced_delete_ends_it),
	SUITE_TEST(one_whose_file_is_gone_is_followed_by_a_new_one),
	SUITE_TEST(several_are_whole_or_not_at_all),
	SUITE_LOOP(one_connection_stands_once_in_a_change, twice),
	SUITE_TEST(files_alone_are_a_change_too),
	SUITE_TEST(nothing_stays_of_files_when_a_change_is_refused),
	SUITE_TEST(a_file_that_is_there_already_is_not_written_over),
	SUITE_TEST(literal_secrets_do_not_stay_in_the_file),
	SUITE_TEST(an_open_journal_is_finished_at_the_start),
};
SUITE_MAIN("catalog", tests)
