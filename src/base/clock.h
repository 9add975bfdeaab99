/*
 * The clock service: the only source of time, as a table, so that a test or the simulation drives
 * it.  Any thread.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct clock {
	int64_t (*mono_ms)(void); /* monotonic, since an arbitrary moment */
	int64_t (*unix_ms)(void); /* since 1970-01-01T00:00:00Z */
};

extern const struct clock clock_system;

/* A clock that stands still until it is told to move.  There is one in a process. */
extern const struct clock clock_fake;
void clock_fake_set(int64_t mono_ms, int64_t unix_ms);
void clock_fake_advance(int64_t ms);

enum { CLOCK_TEXT_BYTES = 32 };

/* RFC 3339 in UTC with milliseconds: "2025-11-13T08:15:30.123Z".  text has CLOCK_TEXT_BYTES. */
void clock_format(int64_t unix_ms, char *text);
/* The moment that such a text names; the fraction may be absent or longer, the offset other than Z.
 * 0 or ERR_INVALID. */
int clock_parse(const char *text, int64_t *ret_unix_ms);
