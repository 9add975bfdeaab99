/* The tables of definitions, and the definitions that are shipped. */
#include "conf/conf.h"
#include "folder.h"
#include "schema/check.h"
#include "schema/node.h"
#include "schema/report.h"
#include "suite.h"

static struct conf conf;
static struct report report;

START_TEST(has_tables_that_pass_their_own_lint)
{
	const struct conf_kind *const kinds[] = {&conf_kind_host, &conf_kind_environment,
	                                         &conf_kind_connection};

	report_init(&report);
	for (size_t i = 0; i < 3; i++)
		schema_lint(kinds[i]->rows, kinds[i]->row_count, kinds[i]->key, &report);
	ck_assert_str_eq(folder_print(&report), "");
	report_finish(&report);
}
END_TEST

START_TEST(reads_the_samples)
{
	const char *source = getenv("LINKSPAN_SOURCE");
	char file[1024];
	static const char *const samples[] = {"conf/linkspan.conf", "conf/examples/linkspan.conf"};

	for (size_t i = 0; i < 2; i++) {
		report_init(&report);
		snprintf(file, sizeof(file), "%s/%s", source ? source : ".", samples[i]);
		ck_assert_int_eq(conf_load(&conf, file, &report), 0);
		ck_assert_str_eq(folder_print(&report), "");
		ck_assert_uint_eq(conf.connection_count, i == 0 ? 1 : 7);
		for (size_t k = 0; k < conf.connection_count; k++) {
			const struct conf_connection *c = &conf.connections[k];
			for (const struct node *n = c->environments->first; n; n = n->next)
				ck_assert_ptr_nonnull(conf_resolve(&conf, c,
				                                   conf_environment(&conf, n->name),
				                                   true, &conf.arena, &report));
		}
		ck_assert_str_eq(folder_print(&report), "");
		conf_finish(&conf);
		report_finish(&report);
	}
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_TEST(has_tables_that_pass_their_own_lint),
	SUITE_TEST(reads_the_samples),
};

SUITE_MAIN("conf", tests)
