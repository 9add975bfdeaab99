/*
 * Trace context: a delivery keeps the `traceparent` that its call came with (or a new one), and each
 * attempt sends a child of it.  (W3C Trace Context, level 1)
 */
#pragma once

#include <stdint.h>

enum { TRACE_BYTES = 56, TRACE_ID_BYTES = 33 };

/* A new one, not sampled; TRACE_BYTES of text. */
void trace_new(char *text);
/* 1 when the text is a traceparent of version 00. */
int trace_valid(const char *text);

/* The id of the whole trace that the attributes' "traceparent" names, TRACE_ID_BYTES of text; 0: there is
 * none, or it is malformed. */
int trace_id(const char *const *attrs, uint32_t count, char *ret);

/* A child's attributes: room for one operation, used again by the next. */
struct trace {
	char text[TRACE_BYTES];
	const char **attrs; /* the array that holds it; NULL: none yet */
	uint32_t cap;       /* in pairs */
};

/* The attributes with their "traceparent" replaced by a child of it; the same array when there is none,
 * or it is malformed, or there is no memory.  Good until the next call for the same trace. */
const char *const *trace_attrs(struct trace *t, const char *const *attrs, uint32_t count);
void trace_finish(struct trace *t);
