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
	char *text, *text_end; /* names of headers' attributes */
	const char *usual_attrs[2 * PARTS_PAIRS];
	char usual_text[PARTS_TEXT_BYTES];
};

/* 0; ERR_USAGE when a header's name cannot be sent; ERR_NO_MEMORY.  parts_finish() in any case. */
int parts_read(struct parts *p, const struct http_request *request, struct err *e);
void parts_finish(struct parts *p);
