/* The local socket: who may use it, what is replaced and what is not. */
#include "linkspand/local_socket.h"

#include <sys/socket.h>
#include <sys/un.h>

#include "base/err.h"
#include "folder.h"
#include "suite.h"

static int dial(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	int rc = connect(fd, (struct sockaddr *)&address, sizeof(address));
	close(fd);
	return rc;
}

static mode_t mode_of(const char *path)
{
	struct stat st;

	ck_assert_int_eq(lstat(path, &st), 0);
	return st.st_mode & 07777;
}

static int open_at(const char *path)
{
	struct err e = {0};
	int fd = local_socket_open(path, &e);

	ck_assert_msg(fd >= 0, "%s", e.text);
	return fd;
}

START_TEST(it_is_for_user_and_group_whatever_the_umask)
{
	folder_create();
	umask(_i ? 0077 : 0000);
	int fd = open_at(folder_path("run/host.sock"));
	ck_assert_uint_eq(mode_of(folder_path("run/host.sock")), 0660);
	ck_assert_uint_eq(mode_of(folder_path("run")), 0750);
	ck_assert_int_eq(dial(folder_path("run/host.sock")), 0);
	ck_assert_int_lt(access(folder_path("run/host.sock.new"), F_OK), 0);
	close(fd);
	folder_destroy();
}
END_TEST

START_TEST(one_that_a_dead_process_left_is_replaced)
{
	folder_create();
	close(open_at(folder_path("host.sock")));
	ck_assert_int_lt(dial(folder_path("host.sock")), 0);
	int fd = open_at(folder_path("host.sock"));
	ck_assert_int_eq(dial(folder_path("host.sock")), 0);
	close(fd);
	folder_destroy();
}
END_TEST

START_TEST(one_that_is_served_stays)
{
	struct err e = {0};

	folder_create();
	int fd = open_at(folder_path("host.sock"));
	ck_assert_int_eq(local_socket_open(folder_path("host.sock"), &e), ERR_CONFLICT);
	ck_assert_ptr_nonnull(strstr(e.text, "another process serves at"));
	ck_assert_int_eq(dial(folder_path("host.sock")), 0);
	close(fd);
	folder_destroy();
}
END_TEST

START_TEST(what_is_no_socket_is_not_touched)
{
	struct err e = {0};

	folder_create();
	folder_write("host.sock", "precious");
	ck_assert_int_eq(local_socket_open(folder_path("host.sock"), &e), ERR_CONFLICT);
	ck_assert_ptr_nonnull(strstr(e.text, "is no socket"));
	ck_assert_int_eq(access(folder_path("host.sock"), F_OK), 0);
	folder_destroy();
}
END_TEST

START_TEST(faults_are_told)
{
	char path[160];
	struct err e = {0};

	folder_create();
	memset(path, 'x', sizeof(path) - 1);
	path[0] = '/';
	path[sizeof(path) - 1] = '\0';
	ck_assert_int_eq(local_socket_open(path, &e), ERR_INVALID);
	ck_assert_ptr_nonnull(strstr(e.text, "too long"));
	err_clear(&e);
	ck_assert_int_eq(local_socket_open(folder_path("not/there/host.sock"), &e), ERR_IO);
	ck_assert_ptr_nonnull(strstr(e.text, "cannot make the folder"));
	folder_destroy();
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_TIMES(it_is_for_user_and_group_whatever_the_umask, 2),
	SUITE_TEST(one_that_a_dead_process_left_is_replaced),
	SUITE_TEST(one_that_is_served_stays),
	SUITE_TEST(what_is_no_socket_is_not_touched),
	SUITE_TEST(faults_are_told),
};

SUITE_MAIN("local_socket", tests)
