/* A host on another machine: its address, and the token that opens it. */
#pragma once

#include <stdbool.h>

struct cli;
struct err;

struct remote {
	char *token;         /* NULL: none */
	const char *ca_file; /* NULL: the system's; borrowed */
};

/* What --url or the context says; NULL: the local socket is meant. */
const char *remote_url(const struct cli *cli);
/* ERR_USAGE: it is no address, or one to which no token is sent. */
int remote_check(const char *url, bool has_token, struct err *e);
/* Reads the token's file.  ERR_USAGE: the address is none, or is one to which no token is sent;
 * ERR_NOT_FOUND, ERR_INVALID: the file.  remote_finish() in any case. */
int remote_read(struct remote *r, const struct cli *cli, struct err *e);
void remote_finish(struct remote *r); /* wipes the token */
