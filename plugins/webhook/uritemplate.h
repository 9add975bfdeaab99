/*
 * URI Templates (RFC 6570), all four levels: parsed once, expanded for each call.
 *
 * A template never changes after parsing, so any thread may expand it.  Values come straight from
 * the attributes of a request and are borrowed.  What the RFC leaves open, or where a value from
 * outside could do harm:
 *   - a value must be well-formed UTF-8 without control characters; anything else is refused;
 *   - a prefix ({v:3}) on a list or map is refused (RFC 6570, 2.4.1: undefined behaviour);
 *   - the member names of an exploded map are encoded like values, not like literals, so that a
 *     name such as "a&b" cannot add a parameter;
 *   - "'" is accepted in literals (erratum 6937).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text;

#define URITEMPLATE_MAX_BYTES 8192u /* of a template's text */

/*
 * The arguments of a call: k0 v0 k1 v1 … as in struct lk_request.  "uri.K" is the value of K, and
 * given repeatedly a list in that order; "uri.K.M" is the member M of a map K.  The name of a
 * variable can contain dots itself: an argument belongs to the longest variable name that fits.
 * Keys that do not start with "uri." and names that the template does not have are ignored.
 */
struct uri_args {
	const char *const *attrs;
	uint32_t count; /* pairs */
};

struct uritemplate;

/* 0; LK_ENOMEM; or LK_EINVAL with *ret_message set to constant text that says what is wrong and
 * *ret_offset to where in bytes.  Copies the text. */
int uritemplate_parse(const char *text, struct uritemplate **ret, const char **ret_message,
                      size_t *ret_offset);
void uritemplate_destroy(struct uritemplate *t); /* takes NULL */

/* The names of the variables in the order of the template; one used twice is there twice. */
size_t uritemplate_variables(const struct uritemplate *t);
const char *uritemplate_variable(const struct uritemplate *t, size_t i);
bool uritemplate_has(const struct uritemplate *t, const char *name);
/* True when the arguments define this variable of the template. */
bool uritemplate_given(const struct uritemplate *t, const char *name, const struct uri_args *args);

/* Adds the expansion to out.  0; LK_ENOMEM or LK_ETOOBIG as out has failed; LK_EINVAL with one line
 * for people in why, which never shows a value.  After a failure what was added means nothing. */
int uritemplate_expand(const struct uritemplate *t, const struct uri_args *args, struct text *out,
                       char *why, size_t why_bytes);

/* The same piece by piece, for a caller that must know which bytes came from values. */
size_t uritemplate_parts(const struct uritemplate *t);
bool uritemplate_part_is_literal(const struct uritemplate *t, size_t i);
int uritemplate_expand_part(const struct uritemplate *t, size_t i, const struct uri_args *args,
                            struct text *out, char *why, size_t why_bytes);
