/*
 * JSON values: a small face before json-c, so that no other folder knows the library.
 *
 * A value is a tree owned by whoever holds its root; json_set() and json_push() take their child,
 * also when they fail.  Functions that make values return NULL without memory; the functions that
 * take a child accept that NULL and fail with it, so a chain of calls needs one check.  One thread
 * at a time for one tree.  (RFC 8259)
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct err;
struct json;

enum json_kind {
	JSON_NULL,
	JSON_BOOL,
	JSON_INT,
	JSON_DOUBLE,
	JSON_STRING,
	JSON_ARRAY,
	JSON_OBJECT
};

struct json *json_object(void);
struct json *json_array(void);
struct json *json_null(void); /* a value, not a NULL pointer */
struct json *json_bool(bool b);
struct json *json_int(int64_t i);
struct json *json_double(double d);      /* null when d is not finite: JSON has no word for it */
struct json *json_string(const char *s); /* bytes that are not UTF-8 become U+FFFD */
struct json *json_string_or_null(const char *s); /* NULL: null */
struct json *json_string_bytes(const void *s, size_t bytes);
struct json *json_copy(const struct json *v); /* deep */
void json_free(struct json *v);

int json_set(struct json *object, const char *key, struct json *child); /* 0 or ERR_NO_MEMORY */
int json_push(struct json *array, struct json *child);

/* Questions answer 0, false or NULL for a value of another kind, and for NULL. */
enum json_kind json_kind(const struct json *v);
bool json_as_bool(const struct json *v);
int64_t json_as_int(const struct json *v);
double json_as_double(const struct json *v);
const char *json_as_string(const struct json *v);                        /* NULL unless a string */
size_t json_count(const struct json *v);                                 /* members or items */
const struct json *json_get(const struct json *object, const char *key); /* NULL: absent */
const struct json *json_at(const struct json *array, size_t i);
/* Members in the order in which they were written.  i < json_count().  Counts from the start. */
const struct json *json_member(const struct json *object, size_t i, const char **ret_key);
/* A walk over all members: *cursor is NULL at first; NULL after the last one. */
const struct json *json_next(const struct json *object, const void **cursor, const char **ret_key);

/* Reads exactly one value; the error says line and column (in characters, from 1).  Refused too:
 * nesting deeper than 64, the same key twice in an object, and \u0000, which a C string cannot
 * hold.  An integer beyond 64 bits is read as a double.  0, ERR_INVALID, ERR_NO_MEMORY. */
int json_read(const char *text, size_t bytes, struct json **ret, struct err *e);

enum { JSON_PRETTY = 1 };
/* Appends the text.  0, or ERR_NO_MEMORY, also when the buffer's cap was passed. */
int json_write(const struct json *v, unsigned flags, struct buf *b);

/* True for exactly one JSON value in valid UTF-8, at most 512 arrays and objects deep.  Neither
 * allocates nor recurses; between 1 and 2 ns a byte. */
bool json_valid(const void *text, size_t bytes);
