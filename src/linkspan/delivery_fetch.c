/* Asking for a stored message. */
#include <stddef.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/err.h"
#include "linkspan/client.h"
#include "linkspan/delivery.h"
#include "linkspan/route.h"

void delivery_route(struct buf *b, const char *id, const char *rest)
{
	buf_add_str(b, "/api/v1/deliveries/");
	route_name(b, id);
	buf_add_str(b, rest);
}

int delivery_fetch(struct client *c, const char *id, int64_t wait_s, struct json **ret,
                   struct err *e)
{
	struct buf target;

	buf_init(&target, BUF_MAX_LINE);
	delivery_route(&target, id, "");
	if (wait_s > 0)
		buf_printf(&target, "?wait=%lld", (long long)wait_s);
	const struct fetch_request request = {
		.method = "GET",
		.target = buf_str(&target),
		.timeout_ms = CLIENT_TIMEOUT_MS + wait_s * 1000,
	};
	int rc = buf_failed(&target) ? err_set(e, ERR_USAGE, "no such id")
	                             : client_json(c, &request, ret, e);
	buf_finish(&target);
	return rc;
}
