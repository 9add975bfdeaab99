/* linkspan-transform: runs jq programs for the host that started it, one after the other (../frame.h). */
#include <errno.h>
#include <jv.h>
#include <malloc.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"
#include "base/mem.h"
#include "transform/frame.h"
#include "transform/line.h"
#include "transform/transform.h"
#include "transform/worker/confine.h"
#include "transform/worker/message.h"
#include "transform/worker/program.h"
#include "transform/worker/run.h"

enum {
	LARGE_BYTES = 1024 * 1024, /* of a run, after which its memory goes back to the system */
	MAP_BYTES = 256 * 1024,    /* pieces from this size on are maps of their own */
	PIECE_BYTES = 4096,        /* of the output that go along with the head */
};

struct request {
	struct frame_request head;
	char *body; /* all parts, and a NUL */
};

/* False at the end: the host is gone, or has closed its end. */
static bool receive(void *to, size_t bytes)
{
	char *at = to;

	while (bytes > 0) {
		ssize_t got = read(FRAME_FD, at, bytes);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		at += got;
		bytes -= (size_t)got;
	}
	return true;
}

static void send_all(const void *from, size_t bytes)
{
	const char *at = from;

	while (bytes > 0) {
		ssize_t put = write(FRAME_FD, at, bytes);
		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			_exit(WORKER_EXIT_DONE);
		at += put;
		bytes -= (size_t)put;
	}
}

/* With one call, as nearly every answer is short. */
static void answer(const struct run *run)
{
	struct frame_answer head = {
		.result = (uint32_t)run->result,
		.is_text = run->is_text,
		.output_bytes = (uint32_t)run->output_bytes,
	};
	char first[sizeof(head) + FRAME_MESSAGE_BYTES + PIECE_BYTES];

	if (run->m->bytes > 0)
		head.message_bytes =
			(uint32_t)line_clean(first + sizeof(head), run->m->text, run->m->bytes) + 1;
	memcpy(first, &head, sizeof(head));
	size_t bytes = sizeof(head) + head.message_bytes;
	size_t more = run->output_bytes < PIECE_BYTES ? run->output_bytes : PIECE_BYTES;
	if (more > 0)
		memcpy(first + bytes, run->output, more);
	send_all(first, bytes + more);
	if (run->output_bytes > more)
		send_all(run->output + more, run->output_bytes - more);
}

static size_t body_bytes(const struct frame_request *head)
{
	if (head->program_bytes > TRANSFORM_PROGRAM_MAX || head->names_bytes > FRAME_NAMES_MAX ||
	    head->values_bytes > FRAME_VALUES_MAX || head->input_bytes > FRAME_INPUT_MAX)
		_exit(WORKER_EXIT_FRAME);
	return (size_t)head->program_bytes + head->names_bytes + head->values_bytes +
	       head->input_bytes;
}

static bool read_request(struct request *request)
{
	if (!receive(&request->head, sizeof(request->head)))
		return false;
	size_t bytes = body_bytes(&request->head);
	request->body = mem_alloc(bytes + 1);
	if (!request->body)
		_exit(WORKER_EXIT_NO_MEMORY);
	if (!receive(request->body, bytes))
		return false;
	request->body[bytes] = '\0';
	if (request->head.names_bytes > 0 &&
	    request->body[request->head.program_bytes + request->head.names_bytes - 1] != '\0')
		_exit(WORKER_EXIT_FRAME);
	return true;
}

static void serve(struct programs *all, const struct request *request)
{
	const struct frame_request *head = &request->head;
	const char *names = request->body + head->program_bytes;
	struct message m = {.bytes = 0};
	struct run run = {
		.values = names + head->names_bytes,
		.values_bytes = head->values_bytes,
		.input = names + head->names_bytes + head->values_bytes,
		.input_bytes = head->input_bytes,
		.has_names = head->names_bytes > 0,
		.result = TRANSFORM_OK,
		.m = &m,
	};

	struct jq_state *jq =
		programs_get(all, names, head->names_bytes, request->body, head->program_bytes, &m);
	if (!jq)
		run.result = TRANSFORM_BAD_PROGRAM;
	else if (!(head->flags & FRAME_CHECK_ONLY))
		run_program(&run, jq);
	answer(&run);
	mem_free(run.output);
}

static bool read_arguments(char **argv, struct confine *c)
{
	unsigned long number[3];

	for (int i = 0; i < 3; i++) {
		char *end;
		if (!argv[i + 1])
			return false;
		errno = 0;
		number[i] = strtoul(argv[i + 1], &end, 10);
		if (errno || *end || number[i] == 0)
			return false;
	}
	*c = (struct confine){
		.memory_bytes = number[0], .cpu_seconds = (unsigned)number[1], .host = number[2]};
	return !argv[4];
}

static void say_whether_ready(bool confined, const char *why)
{
	struct message m = {.bytes = 0};
	const struct run run = {
		.result = confined ? TRANSFORM_OK : TRANSFORM_UNAVAILABLE,
		.m = &m,
	};

	if (!confined)
		message_printf(&m, "the worker of transformations does not run: %s", why);
	answer(&run);
}

int main(int argc, char **argv)
{
	static struct programs all;
	struct confine confine;
	struct request request;

	if (argc < 4 || !read_arguments(argv, &confine)) {
		fputs("linkspan-transform is started by linkspand\n", stderr);
		return WORKER_EXIT_USAGE;
	}
	mallopt(M_MMAP_THRESHOLD, MAP_BYTES); /* keeps what is large from tearing holes */
	jv_nomem_handler(programs_no_memory, NULL);
	bool confined = confine_self(&confine) == 0;
	say_whether_ready(confined, confine.why);
	if (!confined)
		_exit(WORKER_EXIT_UNCONFINED);

	all.memory_bytes = confine.memory_bytes / 4;
	while (read_request(&request)) {
		serve(&all, &request);
		mem_free(request.body);
		if (request.head.input_bytes > LARGE_BYTES)
			malloc_trim(0);
		confine_renew_cpu(&confine);
	}
	_exit(WORKER_EXIT_DONE);
}
