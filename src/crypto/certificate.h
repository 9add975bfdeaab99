/* When the certificates of a file end.  Any thread; touches the disk. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct err;

/* PEM: one certificate, or several behind each other.  Times since 1970 in UTC. */
struct certificate_info {
	size_t count;       /* at least 1 */
	int64_t first_ms;   /* when the first one ends: the own one, where a chain follows it */
	int64_t soonest_ms; /* of all */
	int64_t latest_ms;
	char subject[128]; /* of the first one, as in RFC 2253; cut to its room */
};

/* 0; ERR_IO when the file cannot be read; ERR_INVALID when there is no certificate in it, or one that
 * cannot be read. */
int certificate_read_file(const char *path, struct certificate_info *ret, struct err *e);
