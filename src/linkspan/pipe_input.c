/* Reading standard input beside sending. */
#include "linkspan/pipe_input.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/banned.h"
#include "base/err.h"
#include "base/thread.h"

enum { PIECE_BYTES = 256 * 1024 };

/* Bytes of the next piece; 0: the end, or time to stop; -1: errno. */
static ssize_t read_piece(const struct pipe_input *in, char *piece)
{
	struct pollfd fds[] = {
		{.fd = in->stop_fd, .events = POLLIN},
		{.fd = in->wake_fd, .events = POLLIN},
		{.fd = in->fd, .events = POLLIN},
	};
	ssize_t bytes;

	do {
		if (poll(fds, 3, -1) < 0 && errno != EINTR)
			return -1;
		if (fds[0].revents || fds[1].revents)
			return 0;
		bytes = read(in->fd, piece, PIECE_BYTES);
	} while (bytes < 0 && (errno == EINTR || errno == EAGAIN));
	return bytes;
}

/* Until the open batch was taken away, or nobody takes any more: false. */
static bool wait_for_room(struct pipe_input *in)
{
	pthread_cond_broadcast(&in->changed);
	while (in->open->count > 0 && !in->is_stopped)
		pthread_cond_wait(&in->changed, &in->lock);
	return !in->is_stopped;
}

static int add_piece(struct pipe_input *in, const char *piece, size_t bytes)
{
	for (;;) {
		size_t used = 0;
		int rc = pipe_lines_add(&in->lines, piece, bytes, in->open, &used);
		if (rc < 0 || used == bytes)
			return rc;
		piece += used;
		bytes -= used;
		if (!wait_for_room(in))
			return 0;
	}
}

static void *run(void *arg)
{
	struct pipe_input *in = arg;
	char *piece = mem_alloc(PIECE_BYTES);
	ssize_t bytes = 0;
	int rc = piece ? 0 : ERR_NO_MEMORY;

	while (rc == 0 && (bytes = read_piece(in, piece)) > 0) {
		pthread_mutex_lock(&in->lock);
		rc = in->is_stopped ? ERR_INTERRUPTED : add_piece(in, piece, (size_t)bytes);
		pthread_cond_broadcast(&in->changed);
		pthread_mutex_unlock(&in->lock);
	}
	int read_errno = bytes < 0 ? errno : 0;

	pthread_mutex_lock(&in->lock);
	while (rc == 0 && !pipe_lines_end(&in->lines, in->open) && wait_for_room(in))
		;
	in->rc = bytes < 0 ? ERR_IO : rc;
	in->read_errno = read_errno;
	in->has_ended = true;
	pthread_cond_broadcast(&in->changed);
	pthread_mutex_unlock(&in->lock);
	mem_free(piece);
	return NULL;
}

static void release(struct pipe_input *in)
{
	pipe_lines_finish(&in->lines);
	pthread_cond_destroy(&in->changed);
	pthread_mutex_destroy(&in->lock);
	close(in->wake_fd);
}

int pipe_input_start(struct pipe_input *in, int fd, int stop_fd, struct pipe_batch *open,
                     struct err *e)
{
	*in = (struct pipe_input){.fd = fd, .stop_fd = stop_fd, .open = open};
	in->wake_fd = eventfd(0, EFD_CLOEXEC);
	if (in->wake_fd < 0)
		return err_set_errno(e, ERR_IO, "standard input cannot be watched");
	pthread_mutex_init(&in->lock, NULL);
	pthread_cond_init(&in->changed, NULL);
	pipe_lines_init(&in->lines);
	int rc = thread_start(&in->thread, "pipe-input", run, in, e);
	if (rc < 0)
		release(in);
	return rc;
}

static int verdict(const struct pipe_input *in, struct err *e)
{
	if (in->rc == ERR_NO_MEMORY)
		return err_no_memory(e);
	if (in->rc != ERR_IO)
		return 0;
	errno = in->read_errno;
	return err_set_errno(e, ERR_IO, "standard input cannot be read");
}

int pipe_input_take(struct pipe_input *in, struct pipe_batch *next, struct pipe_batch **ret,
                    struct err *e)
{
	int rc = 0;

	*ret = NULL;
	pthread_mutex_lock(&in->lock);
	while (in->open->count == 0 && !in->has_ended)
		pthread_cond_wait(&in->changed, &in->lock);
	if (in->open->count > 0) {
		*ret = in->open;
		in->open = next;
		pthread_cond_broadcast(&in->changed);
	} else {
		rc = verdict(in, e);
	}
	pthread_mutex_unlock(&in->lock);
	return rc;
}

void pipe_input_finish(struct pipe_input *in)
{
	const uint64_t one = 1;

	pthread_mutex_lock(&in->lock);
	in->is_stopped = true;
	pthread_cond_broadcast(&in->changed);
	pthread_mutex_unlock(&in->lock);
	/* A new counter takes one more without fail. */
	(void)!write(in->wake_fd, &one, sizeof(one));
	pthread_join(in->thread, NULL);
	release(in);
}
