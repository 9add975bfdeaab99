/* The TCP listener of the API: its socket, its certificate, the names by which it may be called. */
#pragma once

#include "admin/admin.h"
#include "base/mem.h"

struct conf_host;
struct err;

struct listening {
	struct admin_listener listener;
	char *certificate_pem, *key_pem;
	struct arena arena; /* of the names */
};

void listening_init(struct listening *l);
void listening_finish(struct listening *l); /* not the socket: that is the API's */

/* What `listen` says; there must be one.  ERR_IO, ERR_INVALID. */
int listening_open(struct listening *l, const struct conf_host *host, struct err *e);
