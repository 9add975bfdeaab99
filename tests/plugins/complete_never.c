/* A plugin that takes operations and does not complete them, or long after anybody asked. */
#include "common.h"

static const struct lk_param rows[] = {
	{
		.name = "late_ms",
		.type = LK_T_INT,
		.label = "Late",
		.help = "When an operation is completed after all, whatever its deadline; 0 is never.",
		.def = "0",
		.min = 0,
		.max = 3600000,
	},
	{
		.name = "request_timeout_ms",
		.type = LK_T_INT,
		.label = "Timeout",
		.help = "The host's deadline for an operation.",
		.def = "100",
		.min = 1,
		.max = 60000,
	},
};

static void end(struct conn *c, const struct lk_request *request)
{
	common_complete(c, request->op, LK_DONE, "late");
}

static int submit(void *conn, const struct lk_request *request)
{
	int64_t late_ms = common_value(conn, 0)->u.i;

	return late_ms > 0 ? common_later(conn, request, late_ms, end) : 0;
}

static const struct lk_type type = {
	COMMON_TYPE("complete_never"),
	.params = rows,
	.param_count = COMMON_COUNT(rows),
	.open = common_open,
	.close = common_close,
	.submit = submit,
	.cancel = common_cancel_nothing,
};

COMMON_EXPORT("complete_never", type)
