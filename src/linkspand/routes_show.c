/* The table of routes as JSON. */
#include "linkspand/routes_show.h"

#include "admin/route.h"
#include "base/banned.h"
#include "base/buf.h"
#include "json/json.h"

int routes_show(struct buf *text)
{
	struct json *list = json_array();

	for (size_t i = 0; i < route_count; i++) {
		struct json *route = json_object();
		json_set(route, "method", json_string(routes[i].method));
		json_set(route, "pattern", json_string(routes[i].pattern));
		json_set(route, "name", json_string(routes[i].name));
		json_set(route, "action", json_string(access_action_name(routes[i].action)));
		json_set(route, "scope", json_string(route_scope_name(routes[i].scope)));
		json_push(list, route);
	}
	int rc = json_write(list, JSON_PRETTY, text);
	buf_add_char(text, '\n');
	json_free(list);
	return rc;
}
