/*
 * The addresses of a link's host: looked up on the host's errand pool, judged by the network
 * policy, handed to libcurl as CURLOPT_RESOLVE, so that libcurl never resolves.  [lane]
 *
 * Addresses are good for a minute; older ones are used while a fresh lookup is under way, for at
 * most ten more.
 */
#pragma once

#include <curl/curl.h>
#include <linkspan/connector.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

enum resolve_state {
	RESOLVE_READY,
	RESOLVE_WAIT,   /* changed() follows */
	RESOLVE_FAILED, /* reason and detail say why */
};

struct resolve {
	const struct lk_host *host;
	const struct lk_ext_resolve *extension;
	struct lk_link *link;
	const char *name; /* without brackets */
	uint16_t port;
	struct lk_lookup *lookup; /* under way */
	struct curl_slist *list; /* "name:port:address,…" for CURLOPT_RESOLVE; NULL: not needed */
	struct curl_slist *old;  /* replaced, but a transfer may still read it */
	uint64_t version;        /* of list; a handle that was told of an older one is told again */
	bool known;              /* list holds addresses that may be used */
	bool numeric;            /* name is an address itself, kept in address */
	struct sockaddr_storage address;
	int64_t fresh_until_ms, usable_until_ms;
	bool denied;      /* the last failure was the network policy's */
	char detail[320]; /* of the last failure */
	/* Addresses have arrived, or the lookup has failed.  renewed: the set differs from before. */
	void (*changed)(struct resolve *r, bool renewed);
};

/* name is copied by nobody: it lives as long as the link. */
void resolve_init(struct resolve *r, const struct lk_host *host,
                  const struct lk_ext_resolve *extension, struct lk_link *link, const char *name,
                  uint16_t port, void (*changed)(struct resolve *r, bool renewed));
void resolve_finish(struct resolve *r);
enum resolve_state resolve_ask(struct resolve *r);
/* No transfer is under way: replaced lists can go.  forget: libcurl's own cache has gone with its
 * multi handle, so every handle has to be told again. */
void resolve_idle(struct resolve *r, bool forget);
