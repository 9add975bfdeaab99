/* The control loop: signals, the watchdog, and trouble with the store. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "admin/audited.h"
#include "base/banned.h"
#include "base/err.h"
#include "base/log.h"
#include "linkspand/daemon.h"
#include "linkspand/notify.h"

enum { WATCH_SIGNALS, WATCH_FAILED, WATCHED };
enum { DAY_MS = 24 * 60 * 60 * 1000 };

/* Set by a second signal to end, while the control thread waits for what is in flight. */
static bool cut;

static void on_second(int number)
{
	(void)number;
	cut = true;
}

/* The control thread takes these itself from now on; a handler ends its waiting. */
static void watch_for_second(void)
{
	struct sigaction action = {.sa_handler = on_second};
	sigset_t ending;

	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	sigemptyset(&ending);
	sigaddset(&ending, SIGTERM);
	sigaddset(&ending, SIGINT);
	pthread_sigmask(SIG_UNBLOCK, &ending, NULL);
}

static int stop(struct daemon *d, const char *word)
{
	log_event(LOG_LEVEL_INFO, "stopping", "signal", word, NULL);
	watch_for_second();
	daemon_stop(d, &cut);
	log_event(LOG_LEVEL_INFO, "stopped", NULL);
	return 0;
}

/* Of a signal that a process has sent, its user; else the system has. */
static void reload(struct daemon *d, const struct signalfd_siginfo *info)
{
	char actor[AUDITED_ACTOR_BYTES] = "host";

	if (info->ssi_code <= 0)
		audited_user(info->ssi_uid, actor);
	daemon_reload(d, actor);
}

/* True when it ends the daemon; then *ret_status is how. */
static bool take_signal(struct daemon *d, int fd, int *ret_status)
{
	struct signalfd_siginfo info;

	if (read(fd, &info, sizeof(info)) != sizeof(info))
		return false;
	if (info.ssi_signo == SIGHUP) {
		reload(d, &info);
		return false;
	}
	*ret_status = stop(d, info.ssi_signo == SIGINT ? "INT" : "TERM");
	return true;
}

static int give_up(struct daemon *d)
{
	log_event(LOG_LEVEL_ERROR, "the store has failed: the host ends", "problem", d->why, NULL);
	daemon_abandon(d);
	return err_exit_status(ERR_IO);
}

/* Twice in the time after which the service manager would take it for dead. */
static int watchdog_ms(void)
{
	int64_t us = notify_watchdog_us();
	int64_t ms = us / 2000;

	return us == 0 ? -1 : ms < 1 ? 1 : (int)(ms > 3600000 ? 3600000 : ms);
}

/* At least once a day, when somebody may have to be told of a certificate. */
static int period(void)
{
	int ms = watchdog_ms();

	return ms < 0 ? DAY_MS : ms;
}

int daemon_control(struct daemon *d)
{
	sigset_t signals;
	int status = err_exit_status(ERR_IO), period_ms = period();

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	int signal_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signal_fd < 0) {
		log_event(LOG_LEVEL_ERROR, "cannot wait for signals", NULL);
		return status;
	}
	struct pollfd fds[WATCHED] = {
		[WATCH_SIGNALS] = {.fd = signal_fd, .events = POLLIN},
		[WATCH_FAILED] = {.fd = d->failed_fd, .events = POLLIN},
	};
	bool ended = false;
	while (!ended) {
		notify_watchdog();
		listening_tell_expiry(&d->listening, d->host);
		if (poll(fds, WATCHED, period_ms) < 0 && errno != EINTR)
			break;
		if (fds[WATCH_FAILED].revents) {
			status = give_up(d);
			_exit(status); /* threads that wait for the store would not end */
		}
		ended = fds[WATCH_SIGNALS].revents && take_signal(d, signal_fd, &status);
	}
	close(signal_fd);
	return status;
}
