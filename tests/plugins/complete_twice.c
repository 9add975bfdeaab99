/* A plugin that completes each operation twice. */
#include "common.h"

static int submit(void *conn, const struct lk_request *request)
{
	struct lk_op *op = request->op; /* the request is gone after the first completion */

	common_complete(conn, op, LK_DONE, "ok");
	common_complete(conn, op, LK_REJECT, "second");
	return 0;
}

static const struct lk_type type = {
	COMMON_TYPE("complete_twice"),   .open = common_open,
	.close = common_close,           .submit = submit,
	.cancel = common_cancel_nothing,
};

COMMON_EXPORT("complete_twice", type)
