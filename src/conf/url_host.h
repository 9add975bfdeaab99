/* The host of a URL as it is written in a definition, with its `${…}`.  Any thread. */
#pragma once

#include <stddef.h>

/* "receiver.example:8443" of a URL (NULL: there is none), without user, path and query; "" when it has none. */
void url_host(const char *url, char *text, size_t text_bytes);
