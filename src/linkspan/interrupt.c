/* Ctrl-C and SIGTERM. */
#include "linkspan/interrupt.h"

#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/banned.h"
#include "base/err.h"

enum { SIGNALS_BEFORE_DEATH = 2 };

static volatile sig_atomic_t count;
static int event_fd = -1, allowed = 1;

static void on_signal(int number)
{
	const uint64_t one = 1;

	count = count + 1;
	/* Only a full counter could refuse, and that is readable too. */
	(void)!write(event_fd, &one, sizeof(one));
	if (count >= SIGNALS_BEFORE_DEATH)
		signal(number, SIG_DFL);
}

int interrupt_catch(struct err *e)
{
	/* No SA_RESTART: whatever waits shall wake and look. */
	const struct sigaction action = {.sa_handler = on_signal};

	if (event_fd < 0)
		event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (event_fd < 0)
		return err_set_errno(e, ERR_IO, "cannot watch for interruptions");
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	return 0;
}

int interrupt_count(void)
{
	return count;
}

int interrupt_fd(void)
{
	return event_fd;
}

bool interrupt_stop(void *arg)
{
	(void)arg;
	return count >= allowed;
}

void interrupt_allow(int signals)
{
	allowed = signals;
}

bool interrupt_wait_input(int fd)
{
	struct pollfd fds[] = {
		{.fd = event_fd, .events = POLLIN},
		{.fd = fd, .events = POLLIN},
	};

	while (count == 0 && poll(fds, 2, -1) < 0)
		;
	return count == 0;
}

bool interrupt_sleep(long ms)
{
	struct pollfd wake = {.fd = event_fd, .events = POLLIN};

	if (count == 0)
		poll(&wake, 1, (int)ms);
	return count == 0;
}
