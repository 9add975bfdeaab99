/* The grammar of JSON (RFC 8259) without building anything: for json_valid() and json_read(). */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* The deepest nesting that the scanner can follow. */
enum { SCAN_DEPTH_MAX = 512 };

struct scan_fault {
	size_t offset_bytes; /* where the text stops being JSON */
	const char *text;    /* what is wrong there: constant */
};

/* Whether the text is one JSON value in valid UTF-8, its arrays and objects nested at most
 * depth_max (≤ SCAN_DEPTH_MAX) deep.  Allocates nothing, does not recurse.
 * fault is filled in when it is not. */
bool json_scan(const void *text, size_t bytes, unsigned depth_max, struct scan_fault *fault);
