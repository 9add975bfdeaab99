/* The TCP listener of the API: its socket, its certificate, the names by which it may be called. */
#pragma once

#include "admin/admin.h"
#include "base/mem.h"
#include "linkspand/pair.h"

struct conf_host;
struct err;
struct host;
struct http_identity;

struct listening {
	struct admin_listener listener;
	struct pair pair;   /* in force; its texts are those of the start */
	struct arena arena; /* of the names */
};

void listening_init(struct listening *l);
void listening_finish(struct listening *l); /* not the socket: that is the API's */

/* What `listen` says; there must be one.  ERR_IO, ERR_INVALID. */
int listening_open(struct listening *l, const struct conf_host *host, struct err *e);

/* What a reload puts in the place of the certificate. */
struct renewal {
	struct pair pair;
	struct http_identity *identity; /* NULL: nothing */
};
/* What the files of `tls` say now, if it is something else and the listener has TLS.  renewal_finish() in any
 * case.  ERR_INVALID: it cannot be used, or has ended. */
int listening_renew(const struct listening *l, const struct conf_host *host, struct renewal *ret,
                    struct err *e);
/* New connections see it from now on. */
void listening_adopt(struct listening *l, struct renewal *r, struct admin *admin);
void renewal_finish(struct renewal *r);

/* An event, once at each threshold of core/expiry.h: the certificate in force ends soon, or it has. */
void listening_tell_expiry(struct listening *l, struct host *host);
