/*
 * latency SOCKET PORT LINKS PER-SECOND SECONDS HANGING: how long a durable message takes from the
 * moment it is due to be sent until it arrives.
 *
 * One thread plays both ends: it sends to the connections healthy_0 … over the local socket, at a steady
 * rate whatever comes back, and is their receiver on 127.0.0.1:PORT.  Each body carries the time it was
 * due.  HANGING such as 50: each of the connections hanging_0 … is first given messages that are
 * never answered; the measurement begins when each of them hangs.
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/meter.h"

enum {
	SENDERS = 32,
	BUFFER_BYTES = 4096,
	EVENTS_PER_TURN = 128,
	HANGING_EACH = 20,
	HANGING_MOST = 1000,
	SAMPLES_MOST = 1 << 20,
	WARM_UP_S = 1,
	TICK_NS = 1000000,
};

enum end_kind { END_TIMER, END_LISTENER, END_SENDER, END_PEER };

/* One descriptor of the epoll set. */
struct end {
	enum end_kind kind;
	int fd;
	bool busy;
	size_t got;
	char buffer[BUFFER_BYTES];
};

static struct bench {
	int epoll_fd;
	struct end timer, listener, senders[SENDERS];
	struct sockaddr_un address;
	unsigned long links, hanging, hanging_given, to_send, sent, accepted, arrived;
	bool hangs[HANGING_MOST];
	unsigned long hang_count;
	double step_s, began_s; /* began_s 0: not yet */
	double *samples;
	size_t sample_count;
} bench;

static void watch(struct end *e, enum end_kind kind, int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = e};

	if (fd < 0)
		err(1, "descriptor");
	e->kind = kind;
	e->fd = fd;
	epoll_ctl(bench.epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

static void open_listener(unsigned long port)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 4096) < 0)
		err(1, "port %lu", port);
	watch(&bench.listener, END_LISTENER, fd);
}

static void open_sender(struct end *e)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (connect(fd, (struct sockaddr *)&bench.address, sizeof(bench.address)) < 0)
		err(1, "%s", bench.address.sun_path);
	watch(e, END_SENDER, fd);
}

static void send_message(struct end *e, const char *kind, unsigned long link, double due_s)
{
	char body[64], request[512];
	int bytes = snprintf(body, sizeof(body), "{\"due\": %.9f}", due_s);

	bytes = snprintf(
		request, sizeof(request),
		"POST /api/v1/projects/global/connections/%s_%lu/send?env=Bench HTTP/1.1\r\n"
		"Host: localhost\r\nContent-Type: application/json\r\n"
		"Content-Length: %d\r\n\r\n%s",
		kind, link, bytes, body);
	if (send(e->fd, request, (size_t)bytes, MSG_NOSIGNAL) != bytes)
		err(1, "send");
	e->busy = true;
	e->got = 0;
}

static bool hanging_complete(void)
{
	return bench.hang_count == bench.hanging;
}

/* What is due goes out, as far as there are connections without a request under way. */
static void send_due(void)
{
	double now = meter_now_s();

	for (struct end *e = bench.senders; e < bench.senders + SENDERS; e++) {
		if (e->busy)
			continue;
		if (bench.hanging_given < bench.hanging * HANGING_EACH) {
			send_message(e, "hanging", bench.hanging_given++ % bench.hanging, now);
			continue;
		}
		if (!hanging_complete())
			return;
		if (bench.began_s == 0)
			bench.began_s = now;
		double due = bench.began_s + (double)bench.sent * bench.step_s;
		if (bench.sent == bench.to_send || due > now)
			return;
		send_message(e, "healthy", bench.sent++ % bench.links, due);
	}
}

/* The end of the head and its body if all is there; NULL: more has to come. */
static const char *whole_body(struct end *e)
{
	static const char length[] = "\r\nContent-Length:";
	const char *end, *at;

	e->buffer[e->got] = '\0';
	end = strstr(e->buffer, "\r\n\r\n");
	at = strcasestr(e->buffer, length);
	if (!end)
		return NULL;
	size_t bytes = at && at < end ? strtoul(at + sizeof(length) - 1, NULL, 10) : 0;
	return e->got >= (size_t)(end + 4 - e->buffer) + bytes ? end + 4 : NULL;
}

static void on_answer(struct end *e, const char *body)
{
	(void)body;
	if (strncmp(e->buffer, "HTTP/1.1 202", 12) != 0)
		errx(1, "not accepted: %s", e->buffer);
	e->busy = false;
	e->got = 0;
	bench.accepted++;
	send_due();
}

static void on_request(struct end *e, const char *body)
{
	static const char ok[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
	static const char hanging[] = "POST /hanging/";

	e->got = 0;
	if (strncmp(e->buffer, hanging, sizeof(hanging) - 1) == 0) {
		unsigned long link = strtoul(e->buffer + sizeof(hanging) - 1, NULL, 10);
		if (link < bench.hanging && !bench.hangs[link]) {
			bench.hangs[link] = true;
			bench.hang_count++;
		}
		return;
	}
	double due = strtod(body + strlen("{\"due\": "), NULL);
	if (due > bench.began_s + WARM_UP_S && bench.sample_count < SAMPLES_MOST)
		bench.samples[bench.sample_count++] = meter_now_s() - due;
	bench.arrived++;
	if (send(e->fd, ok, sizeof(ok) - 1, MSG_NOSIGNAL) < 0)
		err(1, "answer");
}

static void close_peer(struct end *e)
{
	if (e->kind == END_SENDER)
		errx(1, "the daemon closed a connection");
	close(e->fd);
	free(e);
}

static void on_data(struct end *e)
{
	ssize_t n = recv(e->fd, e->buffer + e->got, BUFFER_BYTES - 1 - e->got, MSG_DONTWAIT);

	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) {
		close_peer(e);
		return;
	}
	e->got += (size_t)n;
	const char *body = whole_body(e);
	if (body)
		(e->kind == END_SENDER ? on_answer : on_request)(e, body);
}

static void on_event(struct end *e)
{
	struct end *peer;
	uint64_t ticks;

	switch (e->kind) {
	case END_TIMER:
		if (read(e->fd, &ticks, sizeof(ticks)) > 0)
			send_due();
		break;
	case END_LISTENER:
		peer = calloc(1, sizeof(*peer));
		if (!peer)
			errx(1, "out of memory");
		watch(peer, END_PEER, accept4(e->fd, NULL, NULL, SOCK_CLOEXEC));
		break;
	case END_SENDER:
	case END_PEER:
		on_data(e);
		break;
	}
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double quantile_ms(double q)
{
	return bench.samples[(size_t)(q * (double)(bench.sample_count - 1))] * 1e3;
}

static void run(void)
{
	struct epoll_event events[EVENTS_PER_TURN];

	while (bench.sent < bench.to_send || bench.arrived < bench.to_send) {
		int count = epoll_wait(bench.epoll_fd, events, EVENTS_PER_TURN, -1);
		for (int i = 0; i < count; i++)
			on_event(events[i].data.ptr);
	}
}

int main(int argc, char **argv)
{
	struct itimerspec tick = {{0, TICK_NS}, {0, TICK_NS}};

	if (argc != 7 || strlen(argv[1]) >= sizeof(bench.address.sun_path))
		errx(2, "usage: latency SOCKET PORT LINKS PER-SECOND SECONDS HANGING");
	bench.address.sun_family = AF_UNIX;
	memcpy(bench.address.sun_path, argv[1], strlen(argv[1]) + 1);
	bench.links = strtoul(argv[3], NULL, 10);
	bench.step_s = 1 / strtod(argv[4], NULL);
	bench.to_send = (unsigned long)(strtod(argv[5], NULL) / bench.step_s);
	bench.hanging = strtoul(argv[6], NULL, 10);
	bench.samples = calloc(SAMPLES_MOST, sizeof(*bench.samples));
	bench.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (!bench.samples || bench.links == 0 || bench.hanging > HANGING_MOST)
		errx(2, "links out of bounds");
	open_listener(strtoul(argv[2], NULL, 10));
	for (unsigned i = 0; i < SENDERS; i++)
		open_sender(&bench.senders[i]);
	watch(&bench.timer, END_TIMER, timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
	timerfd_settime(bench.timer.fd, 0, &tick, NULL);
	run();
	qsort(bench.samples, bench.sample_count, sizeof(*bench.samples), by_size);
	printf("messages=%zu p50_ms=%.3f p99_ms=%.3f max_ms=%.3f\n", bench.sample_count,
	       quantile_ms(0.5), quantile_ms(0.99), quantile_ms(1));
	return 0;
}
