/* A plugin that says LK_EBUSY to the first offers, and then takes them. */
#include "common.h"

static const struct lk_param rows[] = {
	{
		.name = "times",
		.type = LK_T_INT,
		.label = "Times",
		.help = "How many offers are refused.",
		.def = "1",
		.min = 0,
		.max = 1000,
	},
};

static int submit(void *conn, const struct lk_request *request)
{
	struct conn *c = conn;

	if (c->number < common_value(c, 0)->u.i) {
		c->number++;
		return LK_EBUSY;
	}
	common_complete(c, request->op, LK_DONE, "ok");
	return 0;
}

static const struct lk_type type = {
	COMMON_TYPE("busy"),
	.params = rows,
	.param_count = COMMON_COUNT(rows),
	.open = common_open,
	.close = common_close,
	.submit = submit,
	.cancel = common_cancel_nothing,
};

COMMON_EXPORT("busy", type)
