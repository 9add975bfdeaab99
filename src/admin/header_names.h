/* Names of request headers that people use, for completion.  What a message's way sets itself (Host,
 * Content-Length …) cannot be given, and is not among them. */
#pragma once

#include <stddef.h>

struct header_name {
	const char *name, *help;
};

extern const struct header_name header_names[]; /* by name */
extern const size_t header_name_count;
