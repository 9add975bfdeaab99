/*
 * bare_append FILE GROUP SECONDS: appending messages of 512 bytes in groups, each group followed by
 * fdatasync(): what no outbox with stable storage can beat.
 */
#include <err.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/meter.h"

enum { MESSAGE_BYTES = 512, GROUP_MOST = 10000 };

int main(int argc, char **argv)
{
	static char messages[MESSAGE_BYTES * GROUP_MOST];
	struct meter meter;
	bool more = true;

	if (argc != 4)
		errx(2, "usage: bare_append FILE GROUP SECONDS");
	unsigned long group = strtoul(argv[2], NULL, 10);
	if (group < 1 || group > GROUP_MOST)
		errx(2, "between 1 and %d messages in a group", GROUP_MOST);
	int fd = open(argv[1], O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0)
		err(1, "%s", argv[1]);
	memset(messages, 'x', sizeof(messages));
	meter_start(&meter, strtod(argv[3], NULL));
	while (more) {
		size_t bytes = group * MESSAGE_BYTES;
		if (write(fd, messages, bytes) != (ssize_t)bytes || fdatasync(fd) < 0)
			err(1, "%s", argv[1]);
		for (unsigned long i = 0; i < group && more; i++)
			more = meter_count(&meter, true, false);
	}
	return meter_print(&meter);
}
