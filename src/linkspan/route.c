/* Paths and queries of the API. */
#include "linkspan/route.h"

#include <stdbool.h>

#include "base/banned.h"
#include "base/buf.h"
#include "conf/conf.h"

/* Everything but what RFC 3986 calls unreserved is encoded. */
void route_name(struct buf *b, const char *name)
{
	for (const char *s = name; *s; s++) {
		bool plain = (*s >= '0' && *s <= '9') || (*s >= 'A' && *s <= 'Z') ||
		             (*s >= 'a' && *s <= 'z') || strchr("-._~", *s);
		if (plain)
			buf_add_char(b, *s);
		else
			buf_printf(b, "%%%02X", (unsigned char)*s);
	}
}

void route_connection(struct buf *b, const char *project, const char *name, const char *rest)
{
	buf_add_str(b, "/api/v1/projects/");
	route_name(b, project ? project : CONF_GLOBAL);
	buf_add_str(b, "/connections/");
	route_name(b, name);
	buf_add_str(b, rest);
}

void route_query(struct buf *b, const char *key, const char *value)
{
	if (!value)
		return;
	buf_add_char(b, strchr(buf_str(b), '?') ? '&' : '?');
	route_name(b, key);
	buf_add_char(b, '=');
	route_name(b, value);
}
