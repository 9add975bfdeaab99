/* What the service manager hears. */
#include "linkspand/notify.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/err.h"
#include "folder.h"
#include "suite.h"

static const char *heard(int fd)
{
	static char text[512];
	ssize_t bytes = recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT);

	text[bytes < 0 ? 0 : bytes] = '\0';
	return text;
}

/* A manager's socket; a name that begins with "@" is an abstract one. */
static int manager(const char *name)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	socklen_t bytes = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name));
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	memcpy(address.sun_path, name, strlen(name));
	if (name[0] == '@')
		address.sun_path[0] = '\0';
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, bytes), 0);
	setenv("NOTIFY_SOCKET", name, 1);
	return fd;
}

static void say_everything(int fd)
{
	ck_assert_int_eq(notify_ready("3 connections"), 0);
	ck_assert_str_eq(heard(fd), "READY=1\nSTATUS=3 connections");
	ck_assert_int_eq(notify_reloading(1234567), 0);
	ck_assert_str_eq(heard(fd), "RELOADING=1\nMONOTONIC_USEC=1234567");
	ck_assert_int_eq(notify_stopping(), 0);
	ck_assert_str_eq(heard(fd), "STOPPING=1");
	ck_assert_int_eq(notify_watchdog(), 0);
	ck_assert_str_eq(heard(fd), "WATCHDOG=1");
	close(fd);
}

START_TEST(a_socket_in_a_folder_hears_everything)
{
	folder_create();
	say_everything(manager(folder_path("notify")));
	folder_destroy();
}
END_TEST

START_TEST(an_abstract_socket_hears_everything)
{
	char name[64];

	snprintf(name, sizeof(name), "@linkspan-test-%d", getpid());
	say_everything(manager(name));
}
END_TEST

START_TEST(without_a_manager_nothing_is_said)
{
	unsetenv("NOTIFY_SOCKET");
	ck_assert_int_eq(notify_ready(""), 0);
	setenv("NOTIFY_SOCKET", "", 1);
	ck_assert_int_eq(notify_ready(""), 0);
}
END_TEST

START_TEST(a_manager_that_is_gone_is_an_error)
{
	folder_create();
	setenv("NOTIFY_SOCKET", folder_path("nobody"), 1);
	ck_assert_int_eq(notify_ready(""), ERR_IO);
	setenv("NOTIFY_SOCKET", "relative/path", 1);
	ck_assert_int_eq(notify_ready(""), ERR_IO);
	folder_destroy();
}
END_TEST

START_TEST(the_watchdog_counts_for_this_process_alone)
{
	char pid[16];

	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	ck_assert_int_eq(notify_watchdog_us(), 0);
	setenv("WATCHDOG_USEC", "30000000", 1);
	ck_assert_int_eq(notify_watchdog_us(), 30000000);
	snprintf(pid, sizeof(pid), "%d", getpid());
	setenv("WATCHDOG_PID", pid, 1);
	ck_assert_int_eq(notify_watchdog_us(), 30000000);
	setenv("WATCHDOG_PID", "1", 1);
	ck_assert_int_eq(notify_watchdog_us(), 0);
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_TEST(a_socket_in_a_folder_hears_everything),
	SUITE_TEST(an_abstract_socket_hears_everything),
	SUITE_TEST(without_a_manager_nothing_is_said),
	SUITE_TEST(a_manager_that_is_gone_is_an_error),
	SUITE_TEST(the_watchdog_counts_for_this_process_alone),
};

SUITE_MAIN("notify", tests)
