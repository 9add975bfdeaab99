/*
 * One webhook connection, and its transfers.
 *
 * A link has a multi handle of its own, opened at the first request and closed after
 * idle_timeout_s without work, so that a link that sleeps holds no descriptor.  Its transfers are
 * reused with their easy handles; what never changes is set once.  Everything here is [lane].
 */
#pragma once

#include <curl/curl.h>
#include <linkspan/connector.h>

#include "header.h"
#include "params.h"
#include "peer.h"
#include "pump.h"
#include "reason.h"
#include "resolve.h"
#include "status.h"
#include "target.h"
#include "text.h"
#include "tls.h"
#include "uritemplate.h"

/* The plugin on one lane. */
struct webhook_state {
	const struct lk_host *host;
	const struct lk_ext_resolve *resolve; /* NULL: this host cannot resolve */
	const struct lk_ext_json *json;       /* NULL: nothing is known to be JSON */
	struct pump pump;
	struct tls_cache tls;
};

/* A merged set of headers and the lines that libcurl is given.  Both may hold secrets. */
struct header_block {
	struct header_set set;
	struct curl_slist *lines; /* NULL: not built */
	uint64_t version;         /* of the secrets in it */
};

enum { MESSAGE_HEADERS = 2 }; /* webhook-id, traceparent */

/* The headers that most requests of a link have, all but those of MESSAGE_HEADERS: for a body that has no
 * type, for one that is JSON, and for one whose type came with the call. */
enum { CONSTANT_PLAIN, CONSTANT_JSON, CONSTANT_TYPED, CONSTANTS };

/* A method of HTTP. */
struct webhook_method {
	const char *name;
	bool idempotent, may_have_body;
};

enum transfer_state { TRANSFER_FREE, TRANSFER_PENDING, TRANSFER_RUNNING };

struct transfer {
	struct webhook_link *link;
	struct transfer *prev, *next; /* in one of the link's lists */
	enum transfer_state state;
	CURL *easy;
	const struct webhook_method *method;
	const struct lk_request *request;
	struct lk_request test; /* of a test: the request as its settings make it */
	struct text test_body;  /* may hold a secret */
	bool is_test;           /* made for one request, on a connection of its own */
	bool only_connects;     /* a test that sends nothing */
	struct peer peer;
	struct wh_timer timer;        /* while pending: no addresses in time */
	uint64_t addresses;           /* the version of the addresses that easy was told */
	int64_t resolve_us;           /* how long it waited for addresses; -1: not at all */
	struct text url;              /* expanded */
	struct header_block own;      /* headers of this request alone */
	struct header_block *headers; /* what to send: own, or one of the link's */
	struct curl_slist
		lead[MESSAGE_HEADERS]; /* lines of this message, before those of the link */
	struct text lead_text;
	struct curl_slist *lines; /* where what is sent begins: in lead, or in headers */
	int body;                 /* what easy was told last: -1 nothing yet, 0 none, 1 one */
	struct text reply_headers, reply;
	uint64_t reply_bytes; /* as far as they were read */
	bool too_many_headers, too_much_reply, no_descriptor;
	bool handshake;       /* TLS was begun, */
	int64_t handshake_us; /* then */
	char denied[64];      /* the address that the network policy denied just now */
	char error[CURL_ERROR_SIZE];
};

struct transfer_list {
	struct transfer *first, *last;
	unsigned count;
};

struct webhook_link {
	struct webhook_state *state;
	struct lk_link *host_link;
	const struct lk_settings *settings;
	const struct webhook_method *method;
	int64_t connection_timeout_ms, request_timeout_ms, idle_timeout_ms;
	struct target target;
	CURLU *url; /* parsed once, when the URL is no template */
	struct status_set success;
	struct header_block constant[CONSTANTS];
	struct text type;        /* what the typed one is for: that of the last call that had one */
	struct tls_roots *roots; /* NULL: plain http, or no verification */
	CURLSH *share;           /* TLS sessions of this link alone */
	struct pump_multi multi;
	struct resolve resolve;
	struct wh_timer idle;
	bool retire; /* the pool goes at the next idle moment */
	struct transfer_list free, pending, running;
	uint64_t opened, reused;
};

static inline const struct lk_value *link_value(const struct webhook_link *l, enum param row)
{
	return l->settings->values[row];
}

void transfer_list_add(struct transfer_list *list, struct transfer *t);
void transfer_list_take(struct transfer_list *list, struct transfer *t);

/* lk_type's functions (link.c). */
int link_open(void *state, struct lk_link *link, const struct lk_settings *settings,
              void **ret_conn);
void link_close(void *conn);
int link_submit(void *conn, const struct lk_request *request);
void link_cancel(void *conn, struct lk_op *op);
void link_stats(void *conn, struct lk_stats *ret_stats);
/* The transfer is over and may be used again. */
void link_reuse(struct transfer *t);

const struct webhook_method *webhook_method(const char *name);

/* An easy handle with everything set that does not change (transfer.c), for messages or for one test of the
 * connection.  NULL: no memory. */
struct transfer *transfer_create(struct webhook_link *l, bool is_test);
void transfer_destroy(struct transfer *t);
/* Tells the easy handle what the request needs and starts it.  0, LK_ENOMEM, or LK_EINVAL: the
 * passphrase of the client key cannot be read. */
int transfer_start(struct transfer *t);

void header_block_init(struct header_block *b);
void header_block_finish(struct header_block *b); /* wipes */

/* What is wrong with a request, for an outcome LK_REJECT. */
struct refusal {
	enum reason reason;
	char detail[320];
};

/* Makes the request of a test of the one that the host gave (request.c).  0; LK_EINVAL with the refusal
 * filled in; LK_ENOMEM. */
int request_of_test(struct transfer *t, struct refusal *ret);
/* Builds URL and headers of a request into t (request.c).  0; LK_EINVAL with the refusal filled
 * in; LK_ENOMEM. */
int request_build(struct transfer *t, struct refusal *ret);
/* Answers LK_OP_DESCRIBE. */
void request_describe(struct transfer *t);

/* Outcomes (result.c): each completes the request of the transfer. */
void result_of_transfer(struct transfer *t, CURLcode code);
void result_refused(struct transfer *t, const struct refusal *refusal);
void result_unsent(struct transfer *t, uint32_t result, uint32_t flags, enum reason reason,
                   const char *detail);
