/*
 * Inputs of a request as tables: what a route takes is declared, so that reading, messages and
 * documents come from one place.  The same rows read a query string and the members of a body.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct http_request;
struct json;
struct problem;

enum query_kind {
	QUERY_TEXT,     /* text; min to max bytes */
	QUERY_INT,      /* number; min to max */
	QUERY_FLAG,     /* number; true or false */
	QUERY_TIME,     /* number: Unix time in ms; RFC 3339 */
	QUERY_CHOICE,   /* number: place in choices */
	QUERY_CHOICES,  /* number: bits 1 << place; several with commas */
	QUERY_LIST,     /* an array of texts, in bodies alone; read by whoever wants it */
	QUERY_DOCUMENT, /* any value, in bodies alone; read by whoever wants it */
	QUERY_FAMILY,   /* every name that begins so; read by whoever wants them */
};

struct query_row {
	const char *name;
	enum query_kind kind;
	int64_t min, max;
	int64_t otherwise;          /* number, when it is not given */
	const char *const *choices; /* NULL-terminated */
	const char *help;           /* one sentence */
};

struct query_value {
	bool given;
	const char *text; /* as given; borrowed from the request or the body */
	int64_t number;
};

enum { QUERY_ROWS_MAX = 12 };

/* Reads the query string; each row gets its value.  Unknown names, repeated ones and values outside of
 * what is allowed are faults in p.  0 or ERR_USAGE. */
int query_read(const struct query_row *rows, size_t count, const struct http_request *request,
               struct query_value *ret, struct problem *p);
/* The same for the members of an object; null stands for absent. */
int query_read_json(const struct query_row *rows, size_t count, const struct json *object,
                    struct query_value *ret, struct problem *p);
/* The text of one row alone.  0 or ERR_USAGE. */
int query_parse(const struct query_row *row, const char *pointer, const char *text,
                struct query_value *ret, struct problem *p);
