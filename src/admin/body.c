/* Bodies. */
#include "admin/body.h"

#include <string.h>
#include <strings.h>

#include "admin/problem.h"
#include "base/banned.h"
#include "base/err.h"
#include "httpd/request.h"
#include "json/json.h"

int body_read(const struct http_request *request, struct json **ret, struct problem *p)
{
	struct json *body = NULL;
	struct err e = {0};

	int rc = json_read(request->body, request->body_bytes, &body, &e);
	if (rc == 0 && json_kind(body) != JSON_OBJECT)
		rc = err_set(&e, ERR_USAGE, "is not an object");
	if (rc == 0) {
		*ret = body;
		return 0;
	}
	json_free(body);
	problem_set(p, rc == ERR_NO_MEMORY ? 503 : 400,
	            rc == ERR_NO_MEMORY ? "no_memory" : "invalid_json", "the body: %s", e.text);
	return rc;
}

bool body_is_json(const struct http_request *request)
{
	static const char type[] = "application/json";
	const char *given = http_request_header(request, "Content-Type");

	return given && strncasecmp(given, type, sizeof(type) - 1) == 0 &&
	       (given[sizeof(type) - 1] == '\0' || strchr("; \t", given[sizeof(type) - 1]));
}
