/* Sending through the daemon. */
#pragma once

#include "base/buf.h"
#include "base/mem.h"
#include "fetch/fetch.h"

struct cli;
struct err;
struct message;

/* linkspan send without --standalone. */
int send_by_daemon(struct cli *cli, struct err *e);

/* The request of a send: where it goes and what its headers are. */
struct send_route {
	struct buf target;
	struct arena arena;
	struct fetch_header *headers;
	size_t header_count;
};

/* From the command line and the message's attributes; mode: "direct" or "durable".
 * send_route_finish() in any case. */
int send_route_init(struct send_route *r, const struct cli *cli, const struct message *m,
                    const char *mode, struct err *e);
void send_route_finish(struct send_route *r);
