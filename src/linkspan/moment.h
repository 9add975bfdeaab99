/* Times as people write and read them. */
#pragma once

#include <stdint.h>

struct buf;
struct err;

/* "2h", "3d", "1d12h": so long before now; or an RFC 3339 time, or a date, which is its midnight in
 * UTC.  0, or ERR_USAGE that names the option. */
int moment_parse(const char *option, const char *text, int64_t now_ms, int64_t *ret_unix_ms,
                 struct err *e);
/* "250ms", "5s", "1h30m": a length of time. */
int moment_parse_length(const char *option, const char *text, int64_t *ret_ms, struct err *e);

/* An RFC 3339 time of the API; -1: none, or not one. */
int64_t moment_read(const char *text);

/* "4 m 12 s", "3 d 2 h", "0 s": the two largest units. */
void moment_show_length(int64_t ms, struct buf *b);
