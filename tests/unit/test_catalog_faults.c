/* Tests of changes and deployments that find no memory: the old state stays wholly in force, or the new one is. */
#include "cataloguing.h"
#include "suite.h"

enum { ALLOCATIONS_MOST = 5000 };

/* Something that leads from one state to the other, and back. */
struct move {
	int (*forth)(void);
	int (*back)(void);
};

/* forth() with each allocation failing in turn.  The number of a deployment is not part of a state. */
static void fail_everywhere(const struct move *move)
{
	unsigned failures = 0;
	int rc = -1;

	/* Once around: a file may be written in another way than it was. */
	cataloguing_well(move->forth());
	cataloguing_well(move->back());
	char *old = cataloguing_world();
	cataloguing_well(move->forth());
	char *new = cataloguing_world();
	cataloguing_well(move->back());
	cataloguing_same(mem_strdup(old));
	for (unsigned n = 1; n < ALLOCATIONS_MOST; n++) {
		mem_fail_at(n);
		rc = move->forth();
		bool done = mem_fail_pending();
		mem_fail_at(0);
		ck_assert_int_eq(cataloguing.err.code, rc);
		failures += rc < 0;
		char *now = cataloguing_world();
		if (strstr(now, "journal ")) {
			/* It has happened, and the next to come writes the files. */
			mem_free(now);
			cataloguing_well(cataloguing_reload(NULL));
			now = cataloguing_world();
		}
		bool is_new = strcmp(now, new) == 0;
		ck_assert_msg(is_new || (rc < 0 && strcmp(now, old) == 0),
		              "allocation %u, rc %d %s\n%s\nis neither\n%s\nnor\n%s", n, rc,
		              cataloguing.err.text, now, old, new);
		mem_free(now);
		if (is_new)
			cataloguing_well(move->back());
		cataloguing_same(mem_strdup(old));
		if (done)
			break;
	}
	ck_assert_int_eq(rc, 0);
	ck_assert_uint_gt(failures, 0);
	mem_free(old);
	mem_free(new);
}

static struct catalog_edit edit_of(enum catalog_verb verb, const char *name)
{
	return (struct catalog_edit){.verb = verb, .name = name};
}

static const struct json *first, *second;

static int replace_with(const struct json *definition)
{
	struct catalog_edit edit = edit_of(CATALOG_REPLACE, "Orders");

	edit.definition = definition;
	return cataloguing_edit(edit);
}

static int save_second(void)
{
	return replace_with(second);
}

static int save_first(void)
{
	return replace_with(first);
}

static int rename_to(const char *from, const char *to)
{
	struct catalog_edit edit = edit_of(CATALOG_MOVE, from);

	edit.to_name = to;
	return cataloguing_edit(edit);
}

static int rename_forth(void)
{
	return rename_to("Orders", "Renamed");
}

static int rename_back(void)
{
	return rename_to("Renamed", "Orders");
}

static int create_another(void)
{
	struct catalog_edit edit = edit_of(CATALOG_CREATE, "Another");

	edit.definition = first;
	return cataloguing_edit(edit);
}

static int delete_another(void)
{
	return cataloguing_edit(edit_of(CATALOG_DELETE, "Another"));
}

static int switch_connection(bool enabled)
{
	struct catalog_edit edit = edit_of(CATALOG_REPLACE, "Orders");

	edit.sets_enabled = true;
	edit.enabled = enabled;
	return cataloguing_edit(edit);
}

static int switch_off(void)
{
	return switch_connection(false);
}

static int switch_on(void)
{
	return switch_connection(true);
}

static int deploy_number(uint32_t number)
{
	return cataloguing_deploy((struct deploy_call){.name = "Orders", .number = number});
}

static int deploy_saved(void)
{
	return deploy_number(0);
}

static int deploy_first(void)
{
	return deploy_number(1);
}

static int toggle_off(void)
{
	return cataloguing_toggle((struct deploy_call){.name = "Orders"}, false);
}

static int toggle_on(void)
{
	return cataloguing_toggle((struct deploy_call){.name = "Orders"}, true);
}

static int undeploy(void)
{
	return cataloguing_undeploy((struct deploy_call){.name = "Orders"});
}

/* saves: the second definition is saved, and not deployed. */
static const struct row {
	bool saves;
	struct move move;
} rows[] = {
	{false, {save_second, save_first}},        {false, {rename_forth, rename_back}},
	{false, {create_another, delete_another}}, {false, {switch_off, switch_on}},
	{true, {deploy_saved, deploy_first}},      {true, {deploy_first, deploy_saved}},
	{false, {toggle_off, toggle_on}},          {false, {undeploy, deploy_saved}},
};

START_TEST(each_failure_leaves_one_state)
{
	cataloguing_begin();
	first = cataloguing_echo("", "'Test': {}");
	second = cataloguing_echo("'delay_ms': 1", "'Test': {}");
	cataloguing_create(NULL, "Orders", first);
	cataloguing_well(deploy_saved());
	if (rows[_i].saves)
		cataloguing_well(save_second());
	if (rows[_i].move.forth == deploy_first)
		cataloguing_well(deploy_saved());
	fail_everywhere(&rows[_i].move);
	/* What is in memory is what is kept. */
	char *before = cataloguing_world();
	cataloguing_restart();
	cataloguing_same(before);
	cataloguing_end();
}
END_TEST

START_TEST(a_start_that_fails_leaves_nothing)
{
	struct err e = {0};
	int rc = -1;

	cataloguing_begin();
	first = cataloguing_echo("", "'Test': {}");
	cataloguing_create(NULL, "Orders", first);
	cataloguing_well(deploy_saved());
	const struct catalog_options options = {
		.file = folder_path("linkspan.conf"),
		.plugins = &hosting.plugins,
		.store = cataloguing.store,
	};
	for (unsigned n = 1; rc < 0 && n < ALLOCATIONS_MOST; n++) {
		struct catalog *c = NULL;
		struct report report;
		report_init(&report);
		e = (struct err){0};
		mem_fail_at(n);
		rc = catalog_open(&options, &report, &c, &e);
		mem_fail_at(0);
		ck_assert_int_eq(rc, e.code);
		ck_assert(rc < 0 ? c == NULL : catalog_count(c) == 1);
		catalog_close(c);
		report_finish(&report);
	}
	ck_assert_int_eq(rc, 0);
	cataloguing_end();
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_LOOP(each_failure_leaves_one_state, rows),
	SUITE_TEST(a_start_that_fails_leaves_nothing),
};
SUITE_MAIN("catalog_faults", tests)
