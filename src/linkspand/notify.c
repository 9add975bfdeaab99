/* The protocol of sd_notify(3). */
#include "linkspand/notify.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/banned.h"
#include "base/err.h"

/* "@name" stands for an abstract socket, whose name begins with a NUL byte. */
static int address_of(const char *name, struct sockaddr_un *ret, socklen_t *ret_bytes)
{
	size_t length = strlen(name);

	if ((name[0] != '/' && name[0] != '@') || length < 2 || length >= sizeof(ret->sun_path))
		return ERR_IO;
	*ret = (struct sockaddr_un){.sun_family = AF_UNIX};
	memcpy(ret->sun_path, name, length);
	if (name[0] == '@')
		ret->sun_path[0] = '\0';
	*ret_bytes = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
	return 0;
}

static int tell(const char *text)
{
	const char *name = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address;
	socklen_t bytes;

	if (!name || !name[0])
		return 0;
	if (address_of(name, &address, &bytes) < 0)
		return ERR_IO;
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return ERR_IO;
	ssize_t sent =
		sendto(fd, text, strlen(text), MSG_NOSIGNAL, (struct sockaddr *)&address, bytes);
	close(fd);
	return sent == (ssize_t)strlen(text) ? 0 : ERR_IO;
}

int notify_ready(const char *status)
{
	char text[256];

	snprintf(text, sizeof(text), "READY=1\nSTATUS=%s", status);
	return tell(text);
}

int notify_reloading(int64_t mono_us)
{
	char text[64];

	snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%" PRId64, mono_us);
	return tell(text);
}

int notify_stopping(void)
{
	return tell("STOPPING=1");
}

int notify_watchdog(void)
{
	return tell("WATCHDOG=1");
}

int64_t notify_watchdog_us(void)
{
	const char *period = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");

	/* A process that was started by the one that is watched is not meant. */
	if (!period || (pid && strtoll(pid, NULL, 10) != getpid()))
		return 0;
	int64_t us = strtoll(period, NULL, 10);
	return us > 0 ? us : 0;
}
