/* Progress of long work: one line on standard error that is written over, only on a terminal. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct progress {
	bool shown; /* standard error is a terminal, and --quiet was not given */
	int64_t last_ms;
	bool is_dirty; /* a line stands there */
};

struct cli;

void progress_begin(struct progress *p, const struct cli *cli);
/* Shows the text; with all > 0 a bar before it.  Not more often than a person can read, unless
 * the work is complete. */
void progress_show(struct progress *p, int64_t done, int64_t all, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* Takes the line away. */
void progress_end(struct progress *p);
