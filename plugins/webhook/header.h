/*
 * Header fields of a request: which names and values may be sent (RFC 9110, 5.1 and 5.5), which may
 * be shown, and merging them from several sources.
 *
 * libcurl passes custom header lines through as they are, so nothing gets into a set that was not
 * checked here.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "text.h"

enum {
	HEADER_NAME_MAX_BYTES = 256,
	HEADER_VALUE_MAX_BYTES = 8192,
	HEADER_SET_MAX = 400, /* 200 of the connection, as many of the call */
};

/* 0, or LK_EINVAL with *ret_message set to constant text.  The first also refuses the reserved
 * names: those that say how the message travels, which libcurl alone decides. */
int header_check_name(const char *name, const char **ret_message);
int header_check_value(const char *value, size_t bytes, const char **ret_message);

/* True when values of that header are never secret.  Unknown names are masked. */
bool header_may_show(const char *name);

/* True when a header of that name carries a credential: written out, it is a literal secret. */
bool header_is_sensitive(const char *name);

/* Where a header comes from: in the order of precedence, and to be added in that order. */
enum header_source {
	HEADER_FROM_MESSAGE, /* what every message has of its own: its id, its trace */
	HEADER_FROM_CALL,
	HEADER_FROM_CONNECTION,
	HEADER_FROM_CONTENT_TYPE,
};

/* A merged list.  Values may be secret: header_set_finish() wipes. */
struct header_set {
	struct text lines; /* "Name: value" NUL "Name: value" NUL … */
	struct header_line *items;
	size_t count, cap;
};

void header_set_init(struct header_set *set);
void header_set_finish(struct header_set *set);

/* Adds a header, unless a source of higher precedence has given one of that name; the same name
 * from the same source is added again.  0; LK_ENOMEM; or LK_EINVAL with *ret_message set to
 * constant text: name or value may not be sent, or there are too many. */
int header_set_add(struct header_set *set, enum header_source source, const char *name,
                   const char *value, const char **ret_message);
bool header_set_has(const struct header_set *set, const char *name);

/* The i-th of set->count, borrowed until the next change. */
const char *header_set_line(const struct header_set *set, size_t i); /* "Name: value" */
size_t header_set_name_bytes(const struct header_set *set, size_t i);
const char *header_set_value(const struct header_set *set, size_t i);
