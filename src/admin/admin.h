/*
 * The HTTP API of docs/api.md on the local socket, and on a TCP listener where there is one.
 *
 * Requests are answered on the server's threads, which read the store and post to the outbox, and never
 * touch a link.  What waits (a durable accept, a direct call, ?wait=) is suspended and answered from
 * wherever its end is heard of.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct admin;
struct catalog;
struct err;
struct host;
struct http_identity;

/* What the API tells of the host's configuration; a reload changes it. */
struct admin_configuration {
	const char *name;                /* of the host */
	const char *const *environments; /* that it serves; NULL-terminated */
	const char *file;
	int64_t loaded_ms; /* Unix time of what is in force */
	size_t connections;
	const char *problem;   /* why a newer one is not in force; NULL: it is */
	size_t body_max_bytes; /* of a request; as it was at the start.  0: 1 MiB */
};

/* A TCP listener; everything is borrowed until admin_stop(). */
struct admin_listener {
	int fd;
	const char *certificate_pem, *key_pem; /* NULL: plain HTTP, for loopback alone */
	const char *const *hosts; /* by which it may be called; NULL-terminated, IPv6 in brackets */
};

struct admin_options {
	struct host *host;                               /* borrowed until admin_stop() */
	struct catalog *catalog;                         /* the same; NULL: there is none */
	int local_fd;                                    /* the local socket */
	const struct admin_listener *listener;           /* NULL: none */
	const struct admin_configuration *configuration; /* copied */
};

/* Starts to serve.  The descriptors are taken, also on failure. */
int admin_start(const struct admin_options *options, struct admin **ret, struct err *e);
/* How many API tokens there are. */
size_t admin_token_count(struct admin *admin);
/* New connections to the TCP listener see this certificate from now on.  Takes it.  Any thread. */
void admin_identify(struct admin *admin, struct http_identity *identity);
/* Any thread. */
int admin_configure(struct admin *admin, const struct admin_configuration *configuration);
/* Accepts nothing more, and ends.  Sends that are under way get their answer, as far as it comes within
 * two seconds; so the host is drained before.  What else waits is answered 503.  Answers have grace_ms
 * to leave.  Takes NULL. */
void admin_stop(struct admin *admin, int64_t grace_ms);
