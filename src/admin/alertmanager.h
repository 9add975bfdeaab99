/* The payload of Alertmanager's webhooks, version 4 (Prometheus: Alerting, webhook_config). */
#pragma once

#include <stdbool.h>

struct arena;
struct http_request;
struct parts;
struct problem;

struct alertmanager {
	bool is_one;
	const char *status, *receiver, *source, *group_key; /* NULL: not there; in the arena */
	/* The groupKey, or its hash where it is longer than a key may be. */
	const char *ordering_key;
};

/* Cheap: whether it is worth reading. */
bool alertmanager_may_be(const struct http_request *request);
/* Reads it.  When it has to be one, and is not: ERR_USAGE with faults in p; else is_one says so. */
int alertmanager_read(const struct http_request *request, struct arena *arena, bool has_to_be,
                      struct alertmanager *ret, struct problem *p);
/* Its attributes, unless the caller gave them: what a CloudEvent of it would have. */
int alertmanager_add(const struct alertmanager *a, struct parts *parts);
