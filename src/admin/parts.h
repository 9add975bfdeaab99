/* From a request to what a message is made of: its attributes, body and type. */
#pragma once

#include <stddef.h>

#include "core/message.h"

struct err;
struct http_request;

enum { PARTS_PAIRS = 24, PARTS_TEXT_BYTES = 1024 };

/* Storage for what is usual; more comes from the heap. */
struct parts {
	struct message_parts m; /* borrowed from the request and from here */
	const char **attrs;
	size_t attr_cap;       /* pairs */
	char *text, *text_end; /* names of headers' attributes */
	const char *usual_attrs[2 * PARTS_PAIRS];
	char usual_text[PARTS_TEXT_BYTES];
};

/* 0; ERR_USAGE when a header's name cannot be sent; ERR_NO_MEMORY.  parts_finish() in any case. */
int parts_read(struct parts *p, const struct http_request *request, struct err *e);
/* One attribute more; both are borrowed.  0 or ERR_NO_MEMORY. */
int parts_add(struct parts *p, const char *key, const char *value);
/* The value of the first of that key, or NULL. */
const char *parts_attribute(const struct parts *p, const char *key);
void parts_finish(struct parts *p);
