/* Limits, then a filter of system calls that leaves what jq and malloc need. */
#include "transform/worker/confine.h"

#include <errno.h>
#include <seccomp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/banned.h"
#include "transform/frame.h"
#include "transform/worker/sanitized.h"

/* Without conditions. */
static const int plain_calls[] = {
	SCMP_SYS(brk),           SCMP_SYS(clock_getres),
	SCMP_SYS(clock_gettime), SCMP_SYS(exit),
	SCMP_SYS(exit_group),    SCMP_SYS(futex),
	SCMP_SYS(getpid),        SCMP_SYS(getrandom),
	SCMP_SYS(gettid),        SCMP_SYS(gettimeofday),
	SCMP_SYS(madvise),       SCMP_SYS(mremap),
	SCMP_SYS(munmap),        SCMP_SYS(restart_syscall),
	SCMP_SYS(rt_sigaction),  SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn),  SCMP_SYS(time),
};

/* What the sanitizers do at the side. */
static const int sanitizer_calls[] = {
	SCMP_SYS(clock_nanosleep), SCMP_SYS(close),       SCMP_SYS(nanosleep),
	SCMP_SYS(sched_yield),     SCMP_SYS(sigaltstack),
};

static int fail(struct confine *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

static int fail(struct confine *c, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(c->why, sizeof(c->why), format, args);
	va_end(args);
	return -1;
}

static int limit(struct confine *c, int resource, const char *name, rlim_t most)
{
	const struct rlimit both = {most, most};

	return setrlimit(resource, &both) == 0
	               ? 0
	               : fail(c, "it could not limit its %s: %s", name, strerrordesc_np(errno));
}

/* No limit of processes: the filter refuses to make one, and that limit counts those of all of a user. */
static int set_limits(struct confine *c)
{
	if (limit(c, RLIMIT_CORE, "core files", 0) < 0 ||
	    limit(c, RLIMIT_NOFILE, "descriptors", FRAME_FD + 1) < 0)
		return -1;
	if (!SANITIZED && limit(c, RLIMIT_AS, "memory", c->memory_bytes) < 0)
		return -1;
	confine_renew_cpu(c);
	return 0;
}

/* The hard limit stays what it is, or the soft one could not be raised again. */
void confine_renew_cpu(struct confine *c)
{
	struct timespec used;
	struct rlimit now;

	if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used) < 0 ||
	    (unsigned long)used.tv_sec + c->cpu_seconds / 2 < c->cpu_until)
		return;
	c->cpu_until = (unsigned long)used.tv_sec + c->cpu_seconds + 1;
	if (getrlimit(RLIMIT_CPU, &now) < 0)
		return;
	now.rlim_cur = now.rlim_max < c->cpu_until ? now.rlim_max : c->cpu_until;
	setrlimit(RLIMIT_CPU, &now);
}

/* A host that died before the signal was asked for is seen by its process id. */
static int end_with_host(struct confine *c)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return fail(c, "it could not tie itself to the host: %s", strerrordesc_np(errno));
	if ((unsigned long)getppid() != c->host)
		return fail(c, "the host is gone");
	return 0;
}

static int close_the_rest(struct confine *c)
{
	if (close_range(FRAME_FD + 1, ~0u, 0) < 0)
		return fail(c, "it could not close descriptors: %s", strerrordesc_np(errno));
	close(STDIN_FILENO);
	close(STDOUT_FILENO);
	if (!SANITIZED) /* their reports go there */
		close(STDERR_FILENO);
	return 0;
}

static int allow_all(scmp_filter_ctx filter, const int *calls, size_t count)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);
	return rc;
}

struct condition {
	int call;
	unsigned count;
	struct scmp_arg_cmp args[2];
};

static int allow_when(scmp_filter_ctx filter, const struct condition *conditions, size_t count)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, conditions[i].call,
		                            conditions[i].count, conditions[i].args);
	return rc;
}

/* Reading and writing on the socket alone, no memory that can be run, no signal to others, of limits the
 * processor's time alone. */
static int allow_some(scmp_filter_ctx filter)
{
	const struct scmp_arg_cmp on_socket = SCMP_A0_32(SCMP_CMP_EQ, FRAME_FD);
	const struct scmp_arg_cmp not_run = SCMP_A2_32(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
	const struct condition conditions[] = {
		{SCMP_SYS(read), 1, {on_socket}},
		{SCMP_SYS(write), 1, {on_socket}},
		{SCMP_SYS(writev), 1, {on_socket}},
		{SCMP_SYS(mmap), 1, {not_run}},
		{SCMP_SYS(mmap2), 1, {not_run}},
		{SCMP_SYS(mprotect), 1, {not_run}},
		{SCMP_SYS(tgkill), 1, {SCMP_A0_32(SCMP_CMP_EQ, (unsigned)getpid())}},
		{SCMP_SYS(prlimit64),
	         2,
	         {SCMP_A0_32(SCMP_CMP_EQ, 0), SCMP_A1_32(SCMP_CMP_EQ, RLIMIT_CPU)}},
	};

	return allow_when(filter, conditions, sizeof(conditions) / sizeof(conditions[0]));
}

static int allow_sanitizers(scmp_filter_ctx filter)
{
	const struct condition report = {
		SCMP_SYS(write), 1, {SCMP_A0_32(SCMP_CMP_EQ, STDERR_FILENO)}};
	int rc = allow_all(filter, sanitizer_calls,
	                   sizeof(sanitizer_calls) / sizeof(sanitizer_calls[0]));

	return rc ? rc : allow_when(filter, &report, 1);
}

/* A call that is not allowed fails; a program cannot make one, only a fault of jq can. */
static int filter_calls(struct confine *c)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int rc = filter ? 0 : -ENOMEM;

	if (rc == 0)
		rc = allow_all(filter, plain_calls, sizeof(plain_calls) / sizeof(plain_calls[0]));
	if (rc == 0)
		rc = allow_some(filter);
	if (rc == 0 && SANITIZED)
		rc = allow_sanitizers(filter);
	if (rc == 0)
		rc = seccomp_load(filter); /* sets NO_NEW_PRIVS too */
	if (filter)
		seccomp_release(filter);
	return rc == 0 ? 0
	               : fail(c, "it could not filter its system calls: %s", strerrordesc_np(-rc));
}

/* Believe the kernel, not the library. */
static bool is_confined(void)
{
	return prctl(PR_GET_SECCOMP) < 0 && errno == EPERM;
}

int confine_self(struct confine *c)
{
	tzset(); /* reads a file; the last one */
	if (end_with_host(c) < 0 || close_the_rest(c) < 0)
		return -1;
	if (prctl(PR_SET_DUMPABLE, 0) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return fail(c, "it could not give up privileges: %s", strerrordesc_np(errno));
	if (set_limits(c) < 0 || filter_calls(c) < 0)
		return -1;
	return is_confined() ? 0 : fail(c, "its filter of system calls does not hold");
}
