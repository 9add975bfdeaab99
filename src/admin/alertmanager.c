/* The payload of Alertmanager's webhooks. */
#include "admin/alertmanager.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "admin/parts.h"
#include "admin/problem.h"
#include "base/banned.h"
#include "base/err.h"
#include "base/mem.h"
#include "crypto/hash.h"
#include "httpd/request.h"
#include "json/json.h"

enum { KEY_MOST_BYTES = 256 };

bool alertmanager_may_be(const struct http_request *request)
{
	/* They stand before the alerts, which may be many. */
	static const char *const members[] = {"\"groupKey\"", "\"alerts\"", "\"version\""};
	const char *type = http_request_header(request, "Content-Type");

	if (type && strncasecmp(type, "application/json", 16) != 0)
		return false;
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		if (!memmem(request->body, request->body_bytes, members[i], strlen(members[i])))
			return false;
	return true;
}

static int copy(struct arena *a, const struct json *payload, const char *key, const char **ret)
{
	const char *found = json_as_string(json_get(payload, key));

	*ret = arena_strdup(a, found);
	return found && !*ret ? ERR_NO_MEMORY : 0;
}

static const char *key_digest(struct arena *a, const char *key)
{
	uint8_t digest[HASH_BYTES];
	char hex[2 * HASH_BYTES + 1];

	hash_of(key, strlen(key), digest);
	for (size_t i = 0; i < HASH_BYTES; i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	return arena_printf(a, "sha256:%s", hex);
}

static int take(const struct json *payload, struct arena *arena, struct alertmanager *ret)
{
	if (copy(arena, payload, "status", &ret->status) < 0 ||
	    copy(arena, payload, "receiver", &ret->receiver) < 0 ||
	    copy(arena, payload, "externalURL", &ret->source) < 0 ||
	    copy(arena, payload, "groupKey", &ret->group_key) < 0)
		return ERR_NO_MEMORY;
	ret->ordering_key = strlen(ret->group_key) <= KEY_MOST_BYTES
	                            ? ret->group_key
	                            : key_digest(arena, ret->group_key);
	ret->is_one = true;
	return ret->ordering_key ? 0 : ERR_NO_MEMORY;
}

static void check(const struct json *payload, struct problem *p)
{
	const char *version = json_as_string(json_get(payload, "version"));
	const char *key = json_as_string(json_get(payload, "groupKey"));

	if (!version || strcmp(version, "4") != 0)
		problem_fault(p, "/version", "invalid_parameter", "is not \"4\"");
	if (json_kind(json_get(payload, "alerts")) != JSON_ARRAY)
		problem_fault(p, "/alerts", "invalid_parameter", "is not a list");
	if (!key || !*key)
		problem_fault(p, "/groupKey", "invalid_parameter", "is not text");
}

int alertmanager_read(const struct http_request *request, struct arena *arena, bool has_to_be,
                      struct alertmanager *ret, struct problem *p)
{
	struct json *payload = NULL;
	struct problem faults = {0};
	struct err e = {0};

	int rc = json_read(request->body, request->body_bytes, &payload, &e);
	if (rc < 0)
		problem_set(&faults, rc == ERR_NO_MEMORY ? 503 : 400,
		            rc == ERR_NO_MEMORY ? "no_memory" : "invalid_json", "the body: %s",
		            e.text);
	else
		check(payload, &faults);
	if (!faults.status && take(payload, arena, ret) < 0)
		problem_set(&faults, 503, "no_memory", "there is no memory for the message");
	json_free(payload);
	if (!faults.status || (faults.status == 400 && !has_to_be))
		return 0;
	*p = faults;
	return faults.status == 503 ? ERR_NO_MEMORY : ERR_USAGE;
}

static int add(struct parts *parts, const char *key, const char *value)
{
	return !value || parts_attribute(parts, key) ? 0 : parts_add(parts, key, value);
}

int alertmanager_add(const struct alertmanager *a, struct parts *parts)
{
	bool resolved = a->status && strcmp(a->status, "resolved") == 0;
	const struct {
		const char *key, *value;
	} attributes[] = {
		{"ce.type", resolved ? "io.prometheus.alertmanager.resolved"
	                             : "io.prometheus.alertmanager.firing"},
		{"ce.source", a->source},
		{"ce.subject", a->group_key},
		{"ce.receiver", a->receiver},
	};
	int rc = 0;

	for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]) && rc == 0; i++)
		rc = add(parts, attributes[i].key, attributes[i].value);
	return rc;
}
