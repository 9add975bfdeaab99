/*
 * A look at a program's tokens before it is put between the brackets of the wrapping (program.h): what would
 * break out of them, and what there is not in a worker, is refused with a better message than jq has.
 * Neither allocates nor recurses.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum { SCAN_TEXT_BYTES = 128 };

struct program_fault {
	unsigned line; /* from 1 */
	char text[SCAN_TEXT_BYTES];
};

/* True when its brackets and strings are closed, and it names nothing that is refused. */
bool program_scan(const char *text, size_t bytes, struct program_fault *ret_fault);
