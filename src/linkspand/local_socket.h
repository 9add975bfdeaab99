/* The local socket of the API: a file that only the host's user and group may use. */
#pragma once

struct err;

/* Makes the folder when it is missing, and listens at the path.  There is no moment in which the file is
 * there with another mode, or not listened at.  A file that a dead process left is replaced.  The
 * descriptor; ERR_CONFLICT: somebody serves there; ERR_IO. */
int local_socket_open(const char *path, struct err *e);
