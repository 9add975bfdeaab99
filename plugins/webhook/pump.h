/*
 * The pump: drives the multi handles of all links of one plugin instance from one epoll set and one
 * set of timers, through curl_multi_socket_action().  [lane]
 *
 * Registrations are lazy.  What libcurl asks of a descriptor during a turn is written down and told
 * to the kernel once, at the end; and a descriptor that libcurl has lost interest in stays
 * registered until the kernel reports something on it, because the next request on a kept-alive
 * connection asks for the same again.
 */
#pragma once

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "timers.h"

struct lk_host;
struct pump_socket;

struct pump {
	const struct lk_host *host;
	struct wh_timers timers;
	int epoll_fd;
	struct pump_socket *sockets; /* by descriptor */
	size_t socket_count;
	int *changed; /* descriptors whose registration may have to change */
	size_t changed_count, changed_cap;
};

/* The multi handle of one link. */
struct pump_multi {
	struct pump *pump;
	CURLM *multi;          /* NULL: not open */
	struct wh_timer timer; /* libcurl's */
	unsigned sockets;      /* open ones */
	/* A transfer has ended; its handle is out of the multi already. */
	void (*done)(struct pump_multi *m, CURL *easy, CURLcode code);
};

int pump_init(struct pump *p, const struct lk_host *host);
void pump_finish(struct pump *p); /* all multis are closed */
int pump_fd(const struct pump *p);
int64_t pump_next_ms(const struct pump *p);
void pump_run(struct pump *p);

/* Opens the multi handle with room for that many connections.  0 or LK_ENOMEM. */
int pump_open(struct pump_multi *m, struct pump *p, unsigned connections,
              void (*done)(struct pump_multi *m, CURL *easy, CURLcode code));
void pump_close(struct pump_multi *m); /* closes its connections; no transfer is under way */
int pump_start(struct pump_multi *m, CURL *easy); /* 0 or LK_ENOMEM */
void pump_stop(struct pump_multi *m, CURL *easy); /* done() is not called for it */

/* For CURLOPT_OPENSOCKETFUNCTION and CURLOPT_CLOSESOCKETFUNCTION, the multi being the data of the
 * latter.  The kernel forgets a registration when the descriptor closes, so the pump must, before
 * the number is used again. */
curl_socket_t pump_open_socket(struct pump_multi *m, const struct curl_sockaddr *address);
int pump_close_socket(void *multi, curl_socket_t fd);
