/*
 * The network policy: which socket addresses an environment may be reached at.
 *
 * It judges the address that a socket is about to connect to, never the text it came from, so that
 * decimal, octal, short and IPv4-mapped forms and names that resolve inwards all meet the same
 * rules:
 *
 *   1. Never, whatever is allowed: families other than IPv4 and IPv6, link-local addresses, the
 *      metadata services of clouds, and our own listeners.
 *   2. Allowed: what network_policy_add() opened for the environment.
 *   3. Denied: the special-purpose ranges of IANA (RFC 6890), and in IPv6 all but global unicast.
 *   4. The rest is allowed.
 *
 * An IPv4-mapped address (::ffff:0:0/96) is judged as the IPv4 address inside.
 *
 * A policy is built by one thread; afterwards it is constant, and any thread may ask it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct err;

/* Either family: an IPv4 address stands as IPv4-mapped IPv6, in 16-bit groups of host order. */
struct network_address {
	uint16_t groups[8];
};

struct network_range {
	struct network_address first;
	unsigned bits; /* 0 to 128; an IPv4 prefix counts from 96 */
};

struct network_listener {
	struct network_address address;
	uint16_t port;
};

struct network_policy {
	struct network_range *allowed;
	size_t allowed_count;
	struct network_listener *listeners;
	size_t listener_count;
};

void network_policy_init(struct network_policy *policy); /* allows nothing special */
void network_policy_finish(struct network_policy *policy);

/* Allows a range: "10.1.0.0/16", "fd12:3456::/32", or a bare address.  IPv4 in four decimal parts
 * only.  0; ERR_INVALID when the text is no such range, or has bits set behind its prefix;
 * ERR_NO_MEMORY. */
int network_policy_add(struct network_policy *policy, const char *cidr, struct err *e);

/* Denies an address and port that this process listens on; a family other than IPv4 and IPv6 is
 * denied anyway and ignored here.  A wildcard listener (0.0.0.0, ::) covers the loopback addresses
 * of both families; add the addresses of the machine's interfaces beside it.  0 or
 * ERR_NO_MEMORY. */
int network_policy_deny_listener(struct network_policy *policy, const struct sockaddr *address,
                                 socklen_t address_bytes, struct err *e);

/* The same, with the addresses of the machine's interfaces beside a wildcard. */
int network_policy_deny_own(struct network_policy *policy, const struct sockaddr *address,
                            socklen_t address_bytes, struct err *e);

/* 0, or ERR_DENIED. */
int network_permit(const struct network_policy *policy, const struct sockaddr *address,
                   socklen_t address_bytes);

/* Why an address is denied, as constant text for messages: "10.0.0.0/8 (private)"; NULL when it
 * is permitted. */
const char *network_reason(const struct network_policy *policy, const struct sockaddr *address,
                           socklen_t address_bytes);
