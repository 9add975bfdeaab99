/* The worker processes of this test, as the system sees them. */
#pragma once

#include <check.h>
#include <dirent.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* One file of /proc, or what is there of it; good until the next. */
static inline const char *child_proc(long pid, const char *file)
{
	static char text[16384];
	char path[64];

	snprintf(path, sizeof(path), "/proc/%ld/%s", pid, file);
	FILE *f = fopen(path, "re");
	size_t bytes = f ? fread(text, 1, sizeof(text) - 1, f) : 0;
	text[bytes] = '\0';
	if (f)
		fclose(f);
	return text;
}

/* After the name in brackets: state and parent. */
static inline bool child_is_ours(long pid, char *ret_state)
{
	const char *rest = strrchr(child_proc(pid, "stat"), ')');
	long parent = 0;

	return rest && sscanf(rest, ") %c %ld", ret_state, &parent) == 2 && parent == getpid();
}

/* The children that live, up to `most`; how many there are. */
static inline size_t child_list(long *ret, size_t most)
{
	DIR *folder = opendir("/proc");
	size_t count = 0;
	char state;

	ck_assert_ptr_nonnull(folder);
	for (struct dirent *d; (d = readdir(folder));) {
		long pid = strtol(d->d_name, NULL, 10);
		if (pid > 0 && child_is_ours(pid, &state) && state != 'Z' && count < most)
			ret[count++] = pid;
	}
	closedir(folder);
	return count;
}

static inline long child_only(void)
{
	long pids[8] = {0};

	ck_assert_uint_eq(child_list(pids, 8), 1);
	return pids[0];
}

/* Kills it, and waits until it has let go of its socket. */
static inline void child_kill(long pid)
{
	const struct timespec moment = {0, 1000000};
	char state = 0;

	ck_assert_int_eq(kill((pid_t)pid, SIGKILL), 0);
	for (int i = 0; i < 30000 && child_is_ours(pid, &state) && state != 'Z'; i++)
		nanosleep(&moment, NULL);
	ck_assert(!child_is_ours(pid, &state) || state == 'Z');
}
