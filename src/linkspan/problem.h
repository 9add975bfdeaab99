/* What the daemon refuses: problem documents (RFC 9457), and the exit status that each one means. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct err;
struct fetch_reply;
struct json;

/* The code of base/err.h for an answer that is not 2xx.  status 0: the code of one line of many. */
int problem_code(unsigned status, const char *code);

/* Whether the same request may succeed later without anything being mended. */
bool problem_is_passing(unsigned status, const char *code);
/* Whether the daemon itself does not know if it accepted what it was given. */
bool problem_is_unknown(unsigned status, const char *code);

/* The document; NULL when it is none.  json_free(). */
struct json *problem_read(const struct fetch_reply *reply);
/* Whether one of the faults is like one before it: one in several environments is told for each. */
bool problem_is_repeated(const struct json *errors, size_t i);
/* Its faults, one line each: "PREFIX/settings/url: what is wrong". */
void problem_faults(const struct json *problem, const char *prefix, struct buf *b);

/* The error for an answer that is not 2xx: its title, or what there is of it, and what to do. */
int problem_error(const struct fetch_reply *reply, struct err *e);
/* The member "code" of the document; "" when there is none.  text has PROBLEM_CODE_BYTES. */
enum { PROBLEM_CODE_BYTES = 64 };
void problem_read_code(const struct fetch_reply *reply, char *text);
