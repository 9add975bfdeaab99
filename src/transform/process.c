/* Starting and ending a worker, and the bytes between. */
#include "transform/process.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/banned.h"
#include "base/err.h"
#include "base/mem.h"
#include "transform/line.h"
#include "transform/transform.h"

static void expect_answer(struct process *p)
{
	mem_free(p->output);
	p->output = NULL;
	p->head_bytes = p->message_bytes = p->output_bytes = 0;
}

/* Without environment, with every signal as it is by default, and of our descriptors only its socket. */
static int spawn(pid_t *ret, int fd, const struct process_limits *limits)
{
	char name[] = "linkspan-transform", memory[24], seconds[24], host[24];
	char *const argv[] = {name, memory, seconds, host, NULL};
	char *const environment[] = {NULL};
	posix_spawn_file_actions_t files;
	posix_spawnattr_t how;
	sigset_t none, all;

	snprintf(memory, sizeof(memory), "%zu", limits->memory_bytes);
	snprintf(seconds, sizeof(seconds), "%u", limits->cpu_seconds);
	snprintf(host, sizeof(host), "%ld", (long)getpid());
	sigemptyset(&none);
	sigfillset(&all);
	int number = posix_spawn_file_actions_init(&files);
	if (number)
		return number;
	number = posix_spawnattr_init(&how);
	if (number == 0) {
		posix_spawnattr_setsigmask(&how, &none);
		posix_spawnattr_setsigdefault(&how, &all);
		posix_spawnattr_setflags(&how, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
		number = posix_spawn_file_actions_adddup2(&files, fd, FRAME_FD);
		if (number == 0)
			number = posix_spawn(ret, limits->worker, &files, &how, argv, environment);
		posix_spawnattr_destroy(&how);
	}
	posix_spawn_file_actions_destroy(&files);
	return number;
}

int process_start(struct process *p, const struct process_limits *limits, struct err *e)
{
	int pair[2];

	/* Not every posix_spawn() can say that there is no program; valgrind's cannot. */
	if (access(limits->worker, X_OK) < 0)
		return err_set_errno(e, ERR_IO, "%s cannot be started", limits->worker);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return err_set_errno(e, ERR_IO, "no socket for a worker");
	int number = spawn(&p->pid, pair[1], limits);
	close(pair[1]);
	if (number) {
		close(pair[0]);
		p->pid = 0;
		errno = number;
		return err_set_errno(e, ERR_IO, "%s cannot be started", limits->worker);
	}
	p->fd = pair[0];
	p->part = PROCESS_PARTS;
	expect_answer(p);
	return 0;
}

int process_kill(struct process *p)
{
	int status = 0;

	if (p->pid == 0)
		return 0;
	if (waitpid(p->pid, &status, WNOHANG) != p->pid) {
		kill(p->pid, SIGKILL);
		while (waitpid(p->pid, &status, 0) < 0 && errno == EINTR)
			;
	}
	close(p->fd);
	p->pid = 0;
	expect_answer(p);
	return status;
}

static size_t names_bytes(const char *const *names)
{
	size_t bytes = 0;

	for (; names && *names; names++)
		bytes += strlen(*names) + 1;
	return bytes;
}

static bool refuse(struct transform *t, enum transform_result result, const char *what, size_t most)
{
	t->result = result;
	snprintf(t->message, sizeof(t->message), "%s longer than %zu bytes", what, most);
	return false;
}

bool process_may_ask(struct transform *t)
{
	if (strnlen(t->program, TRANSFORM_PROGRAM_MAX + 1) > TRANSFORM_PROGRAM_MAX)
		return refuse(t, TRANSFORM_BAD_PROGRAM, "the program is", TRANSFORM_PROGRAM_MAX);
	if (names_bytes(t->names) > FRAME_NAMES_MAX)
		return refuse(t, TRANSFORM_BAD_PROGRAM, "the names of variables are",
		              FRAME_NAMES_MAX);
	if (t->values && strnlen(t->values, FRAME_VALUES_MAX + 1) > FRAME_VALUES_MAX)
		return refuse(t, TRANSFORM_BAD_INPUT, "the variables are", FRAME_VALUES_MAX);
	if (t->input && t->input_bytes > FRAME_INPUT_MAX)
		return refuse(t, TRANSFORM_BAD_INPUT, "the input is", FRAME_INPUT_MAX);
	return true;
}

void process_ask(struct process *p, const struct transform *t)
{
	size_t at = 0;

	for (const char *const *name = t->names; name && *name; name++) {
		size_t bytes = strlen(*name) + 1;
		memcpy(p->names + at, *name, bytes);
		at += bytes;
	}
	p->request = (struct frame_request){
		.flags = t->check_only ? FRAME_CHECK_ONLY : 0,
		.program_bytes = (uint32_t)strlen(t->program),
		.names_bytes = (uint32_t)at,
		.values_bytes = t->values ? (uint32_t)strlen(t->values) : 0,
		.input_bytes = t->input ? (uint32_t)t->input_bytes : 0,
	};
	const void *const data[PROCESS_PARTS] = {&p->request, t->program, p->names, t->values,
	                                         t->input};
	const size_t bytes[PROCESS_PARTS] = {sizeof(p->request), p->request.program_bytes,
	                                     p->request.names_bytes, p->request.values_bytes,
	                                     p->request.input_bytes};
	for (unsigned i = 0; i < PROCESS_PARTS; i++) {
		p->parts[i].data = data[i];
		p->parts[i].bytes = bytes[i];
	}
	p->part = 0;
	p->part_done_bytes = 0;
	expect_answer(p);
}

bool process_has_to_write(const struct process *p)
{
	return p->part < PROCESS_PARTS;
}

static void advance(struct process *p, size_t bytes)
{
	p->part_done_bytes += bytes;
	while (p->part < PROCESS_PARTS && p->part_done_bytes >= p->parts[p->part].bytes) {
		p->part_done_bytes -= p->parts[p->part].bytes;
		p->part++;
	}
}

/* A broken connection is found out by reading, which tells why. */
void process_write(struct process *p)
{
	while (process_has_to_write(p)) {
		struct iovec pieces[PROCESS_PARTS];
		struct msghdr message = {.msg_iov = pieces};
		for (unsigned i = p->part; i < PROCESS_PARTS; i++) {
			size_t done = i == p->part ? p->part_done_bytes : 0;
			pieces[message.msg_iovlen++] = (struct iovec){
				.iov_base = (char *)(uintptr_t)p->parts[i].data + done,
				.iov_len = p->parts[i].bytes - done,
			};
		}
		ssize_t put = sendmsg(p->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0 && errno != EAGAIN)
			p->part = PROCESS_PARTS;
		if (put <= 0)
			return;
		advance(p, (size_t)put);
	}
}

static bool is_sound(const struct frame_answer *head)
{
	if (head->message_bytes > FRAME_MESSAGE_BYTES ||
	    head->output_bytes > TRANSFORM_OUTPUT_MAX || head->is_text > 1)
		return false;
	switch (head->result) {
	case TRANSFORM_OK:
		return true;
	case TRANSFORM_BAD_PROGRAM:
	case TRANSFORM_BAD_INPUT:
	case TRANSFORM_FAILED:
	case TRANSFORM_TOO_LARGE:
	case TRANSFORM_UNAVAILABLE:
		return head->output_bytes == 0;
	default:
		return false;
	}
}

/* Reads on at `to`, which has `done` of `bytes`. */
static enum process_state read_into(struct process *p, void *to, size_t *done, size_t bytes)
{
	while (*done < bytes) {
		ssize_t got = recv(p->fd, (char *)to + *done, bytes - *done, MSG_DONTWAIT);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && errno == EAGAIN)
			return PROCESS_MORE;
		if (got <= 0)
			return PROCESS_END;
		*done += (size_t)got;
	}
	return PROCESS_ANSWER;
}

enum process_state process_read(struct process *p)
{
	enum process_state state = read_into(p, &p->head, &p->head_bytes, sizeof(p->head));

	if (state == PROCESS_ANSWER && !is_sound(&p->head))
		return PROCESS_WRONG;
	if (state == PROCESS_ANSWER && !p->output) {
		p->output = mem_alloc(p->head.output_bytes + 1);
		if (!p->output)
			return PROCESS_NO_MEMORY;
	}
	if (state == PROCESS_ANSWER)
		state = read_into(p, p->message, &p->message_bytes, p->head.message_bytes);
	if (state == PROCESS_ANSWER)
		state = read_into(p, p->output, &p->output_bytes, p->head.output_bytes);
	/* An answer before the question was over leaves the rest of it in the way. */
	if (state == PROCESS_ANSWER && process_has_to_write(p))
		return PROCESS_WRONG;
	return state;
}

void process_take(struct process *p, struct transform *t)
{
	t->result = (enum transform_result)p->head.result;
	t->is_text = p->head.is_text;
	line_clean(t->message, p->message, strnlen(p->message, p->message_bytes));
	if (t->result == TRANSFORM_OK && !t->check_only) {
		t->output = p->output;
		t->output_bytes = p->output_bytes;
		t->output[t->output_bytes] = '\0';
		p->output = NULL;
	}
	expect_answer(p);
}
