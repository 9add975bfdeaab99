/* The pump: sockets and timers of many multi handles in one epoll set. */
#include "pump.h"

#include <linkspan/connector.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EVENTS_PER_TURN = 128, FIRST_SOCKETS = 64 };

struct pump_socket {
	struct pump_multi *multi; /* who uses the descriptor; NULL: nobody */
	uint32_t wanted;          /* what libcurl asks for */
	uint32_t registered;      /* what the kernel knows; 0: nothing */
	bool changed;             /* in the list of changes */
};

int pump_init(struct pump *p, const struct lk_host *host)
{
	*p = (struct pump){.host = host, .epoll_fd = epoll_create1(EPOLL_CLOEXEC)};
	return p->epoll_fd < 0 ? LK_ENOMEM : 0;
}

void pump_finish(struct pump *p)
{
	close(p->epoll_fd);
	free(p->sockets);
	free(p->changed);
}

int pump_fd(const struct pump *p)
{
	return p->epoll_fd;
}

int64_t pump_next_ms(const struct pump *p)
{
	return wh_timers_next_ms(&p->timers);
}

static struct pump_socket *socket_at(struct pump *p, curl_socket_t fd)
{
	size_t need = (size_t)fd + 1;

	if (need > p->socket_count) {
		size_t count = p->socket_count ? p->socket_count : FIRST_SOCKETS;
		while (count < need)
			count *= 2;
		struct pump_socket *bigger = reallocarray(p->sockets, count, sizeof(*bigger));
		if (!bigger)
			return NULL;
		memset(bigger + p->socket_count, 0, (count - p->socket_count) * sizeof(*bigger));
		p->sockets = bigger;
		p->socket_count = count;
	}
	return &p->sockets[fd];
}

static int note_change(struct pump *p, curl_socket_t fd, struct pump_socket *s)
{
	if (s->changed)
		return 0;
	if (p->changed_count == p->changed_cap) {
		size_t cap = p->changed_cap ? 2 * p->changed_cap : FIRST_SOCKETS;
		int *bigger = reallocarray(p->changed, cap, sizeof(*bigger));
		if (!bigger)
			return -1;
		p->changed = bigger;
		p->changed_cap = cap;
	}
	p->changed[p->changed_count++] = fd;
	s->changed = true;
	return 0;
}

static uint32_t events_of(int what)
{
	static const uint32_t events[] = {
		[CURL_POLL_NONE] = 0,       [CURL_POLL_IN] = EPOLLIN,
		[CURL_POLL_OUT] = EPOLLOUT, [CURL_POLL_INOUT] = EPOLLIN | EPOLLOUT,
		[CURL_POLL_REMOVE] = 0,
	};
	return events[what];
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *unused)
{
	struct pump_multi *m = arg;
	struct pump_socket *s = socket_at(m->pump, fd);

	(void)easy;
	(void)unused;
	if (!s)
		return -1;
	s->multi = m;
	s->wanted = events_of(what);
	if (s->wanted == 0 || s->wanted == s->registered)
		return 0;
	return note_change(m->pump, fd, s);
}

/* Tells about the transfers that ended.  libcurl keeps them in a list of the multi; a link is asked
 * right after libcurl worked for it, so this is short. */
static void collect(struct pump_multi *m)
{
	CURLMsg *message;
	int left;

	while (m->multi && (message = curl_multi_info_read(m->multi, &left))) {
		if (message->msg != CURLMSG_DONE)
			continue;
		CURL *easy = message->easy_handle;
		CURLcode code = message->data.result;
		curl_multi_remove_handle(m->multi, easy);
		m->done(m, easy, code);
	}
}

static void fire_multi(struct wh_timer *timer)
{
	struct pump_multi *m = wh_container_of(timer, struct pump_multi, timer);
	int running;

	curl_multi_socket_action(m->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	collect(m);
}

static int on_timer(CURLM *multi, long timeout_ms, void *arg)
{
	struct pump_multi *m = arg;
	struct pump *p = m->pump;

	(void)multi;
	if (timeout_ms < 0)
		wh_timer_stop(&p->timers, &m->timer);
	else
		wh_timer_set(&p->timers, &m->timer, p->host->mono_ms() + timeout_ms, fire_multi);
	return 0;
}

curl_socket_t pump_open_socket(struct pump_multi *m, const struct curl_sockaddr *address)
{
	int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);

	if (fd < 0)
		return CURL_SOCKET_BAD;
	m->sockets++;
	return fd;
}

int pump_close_socket(void *multi, curl_socket_t fd)
{
	struct pump_multi *m = multi;
	struct pump *p = m->pump;

	if ((size_t)fd < p->socket_count) {
		bool changed = p->sockets[fd].changed;
		p->sockets[fd] = (struct pump_socket){.changed = changed};
	}
	m->sockets--;
	return close(fd);
}

static void apply_changes(struct pump *p)
{
	for (size_t i = 0; i < p->changed_count; i++) {
		int fd = p->changed[i];
		struct pump_socket *s = &p->sockets[fd];
		struct epoll_event event = {.events = s->wanted, .data.fd = fd};

		s->changed = false;
		if (s->wanted == 0 || s->wanted == s->registered)
			continue;
		if (epoll_ctl(p->epoll_fd, s->registered ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd,
		              &event) == 0)
			s->registered = s->wanted;
	}
	p->changed_count = 0;
}

static void serve(struct pump *p, const struct epoll_event *event)
{
	int fd = event->data.fd, running;
	struct pump_socket *s = &p->sockets[fd];
	int mask = 0;

	if (s->wanted == 0) {
		/* Something happened on a connection that nobody uses: the peer has closed it. */
		if (s->registered) {
			epoll_ctl(p->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
			s->registered = 0;
		}
		return;
	}
	if (event->events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		mask |= CURL_CSELECT_IN;
	if (event->events & EPOLLOUT)
		mask |= CURL_CSELECT_OUT;
	if (event->events & EPOLLERR)
		mask |= CURL_CSELECT_ERR;
	curl_multi_socket_action(s->multi->multi, fd, mask, &running);
}

void pump_run(struct pump *p)
{
	struct epoll_event events[EVENTS_PER_TURN];
	int count = epoll_wait(p->epoll_fd, events, EVENTS_PER_TURN, 0);

	for (int i = 0; i < count; i++) {
		/* Who used the descriptor when this turn began: serving may close it. */
		struct pump_multi *m = p->sockets[events[i].data.fd].multi;
		serve(p, &events[i]);
		if (m)
			collect(m);
	}
	wh_timers_run(&p->timers, p->host->mono_ms());
	apply_changes(p);
}

int pump_open(struct pump_multi *m, struct pump *p, unsigned connections,
              void (*done)(struct pump_multi *m, CURL *easy, CURLcode code))
{
	CURLM *multi = curl_multi_init();

	if (!multi)
		return LK_ENOMEM;
	m->pump = p;
	m->multi = multi;
	m->done = done;
	curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, m);
	curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer);
	curl_multi_setopt(multi, CURLMOPT_TIMERDATA, m);
	curl_multi_setopt(multi, CURLMOPT_PIPELINING, CURLPIPE_NOTHING);
	curl_multi_setopt(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)connections);
	curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)connections);
	return 0;
}

void pump_close(struct pump_multi *m)
{
	if (!m->multi)
		return;
	curl_multi_cleanup(m->multi);
	m->multi = NULL;
	wh_timer_stop(&m->pump->timers, &m->timer);
}

int pump_start(struct pump_multi *m, CURL *easy)
{
	return curl_multi_add_handle(m->multi, easy) == CURLM_OK ? 0 : LK_ENOMEM;
}

void pump_stop(struct pump_multi *m, CURL *easy)
{
	curl_multi_remove_handle(m->multi, easy);
}
