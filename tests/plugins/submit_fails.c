/* A plugin whose submit() fails. */
#include "common.h"

static const struct lk_param rows[] = {
	{
		.name = "code",
		.type = LK_T_INT,
		.label = "Code",
		.help = "What submit() returns.",
		.def = "-6",
		.min = -100,
		.max = -1,
	},
};

static int submit(void *conn, const struct lk_request *request)
{
	(void)request;
	return (int)common_value(conn, 0)->u.i;
}

static const struct lk_type type = {
	COMMON_TYPE("submit_fails"),
	.params = rows,
	.param_count = COMMON_COUNT(rows),
	.open = common_open,
	.close = common_close,
	.submit = submit,
	.cancel = common_cancel_nothing,
};

COMMON_EXPORT("submit_fails", type)
