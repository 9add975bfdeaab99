/* A plugin that ends its host: by a message whose body is the JSON string "poison". */
#include "common.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

static const struct lk_param rows[] = {
	{
		.name = "delay_ms",
		.type = LK_T_INT,
		.label = "Delay",
		.help = "How long each message takes.",
		.def = "0",
		.min = 0,
		.max = 3600000,
	},
};

static void end(struct conn *c, const struct lk_request *request)
{
	static const char poison[] = "\"poison\"";
	size_t bytes = sizeof(poison) - 1;

	/* Nothing of the process may run on, as after a fault of memory. */
	if (request->body_bytes == bytes && memcmp(request->body, poison, bytes) == 0)
		kill(getpid(), SIGKILL);
	common_complete(c, request->op, LK_DONE, "ok");
}

static int submit(void *conn, const struct lk_request *request)
{
	struct conn *c = conn;

	return common_later(c, request, common_value(c, 0)->u.i, end);
}

static const struct lk_type type = {
	COMMON_TYPE("deadly"),   .params = rows,        .param_count = COMMON_COUNT(rows),
	.open = common_open,     .close = common_close, .submit = submit,
	.cancel = common_cancel,
};

COMMON_EXPORT("deadly", type)
