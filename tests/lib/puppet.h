/*
 * A plugin within a test of the fake host: it does what the test tells it to.  There is one.
 */
#pragma once

#include <check.h>
#include <linkspan/testhost.h>

/* No law was broken. */
static inline void close_host(struct lk_test_host *host)
{
	size_t violations = lk_test_finish(host);

	ck_assert_msg(violations == 0, "%s", lk_test_violation(host, 0));
	lk_test_destroy(host);
}

/* Exactly this law was broken. */
static inline void close_host_with(struct lk_test_host *host, const char *violation)
{
	size_t violations = lk_test_finish(host);

	ck_assert_uint_gt(violations, 0);
	ck_assert_str_eq(lk_test_violation(host, 0), violation);
	ck_assert_msg(violations == 1, "%s", lk_test_violation(host, 1));
	ck_assert_ptr_null(lk_test_violation(host, 1));
	lk_test_destroy(host);
}

struct puppet {
	const struct lk_host *host;
	struct lk_link *link;
	const struct lk_settings *settings;
	int (*submit)(const struct lk_request *request);
};

static struct puppet puppet;

static inline int puppet_init(const struct lk_host *host, void **ret_state)
{
	puppet.host = host;
	*ret_state = &puppet;
	return 0;
}

static inline void puppet_end(void *thing)
{
	ck_assert_ptr_eq(thing, &puppet);
}

static inline int puppet_open(void *state, struct lk_link *link, const struct lk_settings *settings,
                              void **ret_conn)
{
	puppet.link = link;
	puppet.settings = settings;
	*ret_conn = state;
	return settings->flags & LK_SETTINGS_PROTECTED ? LK_EDENIED : 0;
}

static inline int puppet_submit(void *conn, const struct lk_request *request)
{
	ck_assert_ptr_eq(conn, &puppet);
	return puppet.submit(request);
}

static inline void puppet_cancel(void *conn, struct lk_op *op)
{
	(void)conn, (void)op;
}

static inline void puppet_stats(void *conn, struct lk_stats *ret_stats)
{
	(void)conn;
	ret_stats->open = 3;
	ret_stats->reused = 9;
}

static inline void puppet_check(const struct lk_settings *settings, struct lk_report *report)
{
	if (settings->values[1]->is_set && !settings->values[0]->is_set)
		report->add(report, LK_FAULT_ERROR, "token", "needs_name", "it needs a name too");
}

static const struct lk_param puppet_rows[] = {
	{.name = "name", .type = LK_T_STRING, .label = "Name", .help = "A name."},
	{.name = "token",
         .type = LK_T_STRING,
         .flags = LK_SECRET,
         .label = "Token",
         .help = "A token."},
};
static const struct lk_type puppet_type = {
	.size = sizeof(puppet_type),
	.id = "puppet",
	.label = "Puppet",
	.help = "Does what a test wants.",
	.params = puppet_rows,
	.param_count = 2,
	.param_size = sizeof(puppet_rows[0]),
	.check = puppet_check,
	.open = puppet_open,
	.close = puppet_end,
	.submit = puppet_submit,
	.cancel = puppet_cancel,
	.stats = puppet_stats,
};
static const struct lk_type *const puppet_types[] = {&puppet_type, NULL};
static const struct lk_plugin puppet_plugin = {
	.size = sizeof(puppet_plugin),
	.id = "puppet",
	.version = "1",
	.types = puppet_types,
	.init = puppet_init,
	.fini = puppet_end,
};

static inline struct lk_test_host *open_puppet(const char *settings)
{
	struct lk_test_host *host = lk_test_create(LK_TEST_FAKE_CLOCK);
	struct lk_link *link;

	ck_assert_ptr_nonnull(host);
	lk_test_set_names(host, "shop", "orders", "Production");
	ck_assert_int_eq(lk_test_set_secret(host, "env/TOKEN", "s3cret"), 0);
	ck_assert_msg(lk_test_adopt(host, &puppet_plugin) == 0, "%s", lk_test_error(host));
	ck_assert_msg(lk_test_open(host, "puppet", settings, &link) == 0, "%s",
	              lk_test_error(host));
	ck_assert_ptr_eq(link, puppet.link);
	return host;
}
