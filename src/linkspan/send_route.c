/* The request of a send: the message's attributes as query parameters and headers. */
#include <linkspan/connector.h>

#include "base/banned.h"
#include "base/err.h"
#include "core/message.h"
#include "linkspan/command.h"
#include "linkspan/route.h"
#include "linkspan/send_daemon.h"

/* Beside the message's own: its type, the ordering and the idempotency key. */
enum { OWN_HEADERS = 3, TARGET_MAX_BYTES = 1024 * 1024 };

static void add_header(struct send_route *r, const char *name, const char *value)
{
	if (value)
		r->headers[r->header_count++] = (struct fetch_header){name, value};
}

static int add_attrs(struct send_route *r, const struct message_parts *parts, struct err *e)
{
	static const char prefix[] = "header.";

	for (uint32_t i = 0; i < parts->attr_count; i++) {
		const char *key = parts->attrs[2 * i], *value = parts->attrs[2 * i + 1];
		if (strncmp(key, prefix, sizeof(prefix) - 1) != 0) {
			route_query(&r->target, key, value);
			continue;
		}
		const char *name =
			arena_printf(&r->arena, "Linkspan-Header-%s", key + sizeof(prefix) - 1);
		if (!name)
			return err_no_memory(e);
		add_header(r, name, value);
	}
	return 0;
}

int send_route_init(struct send_route *r, const struct cli *cli, const struct message *m,
                    const char *mode, struct err *e)
{
	const struct message_parts *parts = message_get(m);

	*r = (struct send_route){0};
	buf_init(&r->target, TARGET_MAX_BYTES);
	arena_init(&r->arena);
	r->headers = arena_array(&r->arena, parts->attr_count + OWN_HEADERS, sizeof(*r->headers));
	if (!r->headers)
		return err_no_memory(e);
	route_connection(&r->target, cli_option(cli, "project"), cli->args[0], "/send");
	route_query(&r->target, "env", cli_option(cli, "env"));
	route_query(&r->target, "mode", mode);
	add_header(r, "Content-Type", parts->content_type);
	add_header(r, "Linkspan-Ordering-Key", cli_option(cli, "ordering-key"));
	int rc = add_attrs(r, parts, e);
	if (rc == 0 && buf_failed(&r->target))
		rc = err_no_memory(e);
	return rc;
}

void send_route_finish(struct send_route *r)
{
	buf_finish(&r->target);
	arena_finish(&r->arena);
}
