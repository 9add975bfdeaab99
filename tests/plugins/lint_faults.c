/* A plugin with faults in its table that the lint names one by one. */
#include "common.h"

static const char *const kinds[] = {"one", "two", NULL};

static const struct lk_param rows[] = {
	{.name = "no_help", .type = LK_T_STRING, .label = "No help"},
	{
		.name = "bad_default",
		.type = LK_T_INT,
		.label = "Bad default",
		.help = "Has a default beyond its own bounds.",
		.def = "11",
		.min = 1,
		.max = 10,
	},
	{
		.name = "kind",
		.type = LK_T_ENUM,
		.label = "Kind",
		.help = "Is as it should be.",
		.def = "one",
		.choices = kinds,
	},
	{
		.name = "bad_when",
		.type = LK_T_STRING,
		.label = "Bad when",
		.help = "Depends on a row that is not an ENUM.",
		.when = "bad_default=one",
	},
	{
		.name = "kind",
		.type = LK_T_STRING,
		.label = "Kind again",
		.help = "Has the name of another row.",
	},
	{
		.name = "secret",
		.type = LK_T_STRING,
		.flags = LK_SECRET,
		.label = "Secret",
		.help = "Is a secret that everybody knows.",
		.def = "changeme",
	},
	{
		.name = "Bad-Name",
		.type = LK_T_STRING,
		.label = "Bad name",
		.help = "Has characters that a name may not have.",
	},
};

static int submit(void *conn, const struct lk_request *request)
{
	common_complete(conn, request->op, LK_DONE, "ok");
	return 0;
}

static const struct lk_type type = {
	COMMON_TYPE("lint_faults"),
	.params = rows,
	.param_count = COMMON_COUNT(rows),
	.open = common_open,
	.close = common_close,
	.submit = submit,
	.cancel = common_cancel_nothing,
};

COMMON_EXPORT("lint_faults", type)
