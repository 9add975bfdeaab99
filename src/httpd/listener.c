/* Listening sockets. */
#include "httpd/listener.h"

#include <errno.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"
#include "base/err.h"

static int open_one(const struct addrinfo *at)
{
	const int on = 1;
	int fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, at->ai_addr, at->ai_addrlen) == 0 && listen(fd, SOMAXCONN) == 0)
		return fd;
	int reason = errno;
	close(fd);
	errno = reason;
	return -1;
}

int listener_open(const char *address, uint16_t port, struct err *e)
{
	const struct addrinfo hints = {
		.ai_flags = AI_PASSIVE | AI_NUMERICSERV,
		.ai_socktype = SOCK_STREAM,
	};
	struct addrinfo *found;
	char service[8];

	snprintf(service, sizeof(service), "%u", port);
	int rc = getaddrinfo(address, service, &hints, &found);
	if (rc != 0)
		return err_set(e, ERR_IO, "cannot listen on %s: %s", address, gai_strerror(rc));

	int fd = -1;
	for (const struct addrinfo *at = found; at && fd < 0; at = at->ai_next)
		fd = open_one(at);
	if (fd < 0)
		fd = err_set_errno(e, ERR_IO, "cannot listen on %s, port %u", address, port);
	freeaddrinfo(found);
	return fd;
}

void listener_url(const struct sockaddr *address, socklen_t bytes, const char *scheme, char *text,
                  size_t text_bytes)
{
	char host[NI_MAXHOST], service[NI_MAXSERV];

	if (address->sa_family == AF_UNIX ||
	    getnameinfo(address, bytes, host, sizeof(host), service, sizeof(service),
	                NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
		snprintf(text, text_bytes, "unix:");
		return;
	}
	const bool brackets = strchr(host, ':') != NULL;
	snprintf(text, text_bytes, "%s://%s%s%s:%s", scheme, brackets ? "[" : "", host,
	         brackets ? "]" : "", service);
}
