/* Numbers with a unit: "10s", "16KiB". */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct buf;

struct unit {
	const char *name; /* NULL ends a table */
	int64_t factor;
};

extern const struct unit units_of_time[]; /* in milliseconds, from the largest to the smallest */
extern const struct unit units_of_size[]; /* in bytes, the same way */

/* Digits, perhaps after a minus, then a unit of the table, with nothing before, between, behind. */
bool units_parse(const struct unit *units, const char *s, int64_t *ret);
/* In the largest unit that leaves no fraction. */
void units_format(const struct unit *units, int64_t n, struct buf *b);
/* A whole number with an optional sign and nothing else. */
bool units_parse_int(const char *s, int64_t *ret);
