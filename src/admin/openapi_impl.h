/* The tables that document the API; for openapi*.c. */
#pragma once

#include <stddef.h>

#include "admin/query.h"

struct json;

/*
 * Schemas: a row for each member of each object
 */

enum doc_type {
	DOC_TEXT,
	DOC_TIME, /* RFC 3339 */
	DOC_INT,
	DOC_NUMBER,
	DOC_FLAG,
	DOC_OBJECT, /* of the schema in `of` */
	DOC_LISTS,  /* an object of lists of texts */
	DOC_ANY,
	DOC_ALL_OF, /* no member: all members of the schema in `of` */
};

enum {
	DOC_NULL = 1,     /* null where it does not apply */
	DOC_OPTIONAL = 2, /* may be absent */
	DOC_LIST = 4,
};

struct doc_field {
	const char *schema; /* rows of one schema stand together */
	const char *name;
	enum doc_type type;
	unsigned flags;
	const char *of;
	const char *const *choices; /* NULL-terminated; NULL: any text */
	const char *help;           /* a sentence; NULL: the name says it */
};

extern const struct doc_field doc_fields[];
extern const size_t doc_field_count;

/* components/schemas */
struct json *doc_schemas_json(void);
struct json *doc_ref(const char *section, const char *name); /* {"$ref": "#/components/…"} */
/* The members of a body, or the schema of one parameter. */
struct json *doc_rows_json(const struct query_row *rows, size_t count);
struct json *doc_row_schema(const struct query_row *row);

/*
 * Codes of problems
 */

struct doc_code {
	const char *code;
	unsigned status;
	const char *help;
};

extern const struct doc_code doc_codes[];
extern const size_t doc_code_count;

/*
 * Routes: a row for each of the table of routes, by its name
 */

struct doc_header {
	const char *name, *help;
	size_t most; /* characters */
};

struct doc_answer {
	unsigned status; /* 0: no such answer */
	const char *type;
	const char *schema; /* NULL: text */
	const char *help;
};

enum { DOC_ANSWERS = 3, DOC_CODES = 16 };

struct doc_route {
	const char *name;
	const char *tag;
	const char *help; /* beyond the summary; NULL: nothing */
	const struct doc_header *headers;
	size_t header_count;
	/* The body: members in rows, a schema, or anything. */
	const struct query_row *body;
	size_t body_count;
	const char *body_schema; /* NULL: none */
	const char *body_type;   /* NULL: application/json */
	const char *body_help;   /* NULL: there is no body */
	unsigned flags;          /* DOC_ROUTE_… */
	struct doc_answer answers[DOC_ANSWERS];
	const char *codes[DOC_CODES]; /* of problems, besides those that every route has */
};

enum {
	DOC_ROUTE_ANY_BODY = 1, /* of any type */
};

struct doc_tag {
	const char *name, *help;
};

extern const struct doc_route doc_routes[];
extern const size_t doc_route_count;
extern const struct doc_tag doc_tags[];
extern const size_t doc_tag_count;
/* NULL: it has no row. */
const struct doc_route *doc_route(const char *name);
/* What an argument of a path is. */
const char *doc_argument(const char *name);
