/* A plugin whose type has no close(): what open() makes would never be freed. */
#include "common.h"

static int submit(void *conn, const struct lk_request *request)
{
	common_complete(conn, request->op, LK_DONE, "ok");
	return 0;
}

static const struct lk_type type = {
	COMMON_TYPE("no_free"),
	.open = common_open,
	.submit = submit,
	.cancel = common_cancel_nothing,
};

COMMON_EXPORT("no_free", type)
