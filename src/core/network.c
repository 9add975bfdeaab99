/* The network policy: tables of address ranges, and one comparison. */
#include "core/network.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "base/banned.h"
#include "base/err.h"
#include "base/mem.h"

enum { V4_BITS = 96, V6_BITS = 128 }; /* where an IPv4 address begins; all of them */

#define V4(a, b, c, d, prefix)                                                                     \
	{                                                                                          \
		{{0, 0, 0, 0, 0, 0xffff, (a) << 8 | (b), (c) << 8 | (d)}}, V4_BITS + (prefix)      \
	}
#define V6(g0, g1, g2, prefix)                                                                     \
	{                                                                                          \
		{{g0, g1, g2, 0, 0, 0, 0, 0}}, prefix                                              \
	}

struct rule {
	struct network_range range;
	const char *reason; /* NULL: permitted */
};

/* Nothing opens these.  The translated forms reach the same hosts through a NAT64 or 6to4 relay. */
static const struct rule never[] = {
	{V4(169, 254, 169, 254, 32), "169.254.169.254 (cloud metadata)"},
	{V4(169, 254, 0, 0, 16), "169.254.0.0/16 (link-local)"},
	{V4(100, 100, 100, 200, 32), "100.100.100.200 (cloud metadata)"},
	{V6(0xfe80, 0, 0, 10), "fe80::/10 (link-local)"},
	{{{{0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254}}, 128}, "fd00:ec2::254 (cloud metadata)"},
	{{{{0x64, 0xff9b, 0, 0, 0, 0, 0xa9fe, 0}}, 112}, "169.254.0.0/16 (link-local) by NAT64"},
	{{{{0x64, 0xff9b, 0, 0, 0, 0, 0x6464, 0x64c8}}, 128},
         "100.100.100.200 (cloud metadata) by NAT64"},
	{V6(0x2002, 0xa9fe, 0, 32), "169.254.0.0/16 (link-local) by 6to4"},
	{V6(0x2002, 0x6464, 0x64c8, 48), "100.100.100.200 (cloud metadata) by 6to4"},
};

/* The first rule that fits decides; the last of each family fits all of it. */
static const struct rule usual[] = {
	{V4(0, 0, 0, 0, 8), "0.0.0.0/8 (this network)"},
	{V4(10, 0, 0, 0, 8), "10.0.0.0/8 (private)"},
	{V4(100, 64, 0, 0, 10), "100.64.0.0/10 (carrier-grade NAT)"},
	{V4(127, 0, 0, 0, 8), "127.0.0.0/8 (loopback)"},
	{V4(172, 16, 0, 0, 12), "172.16.0.0/12 (private)"},
	{V4(192, 0, 0, 0, 24), "192.0.0.0/24 (protocol assignments)"},
	{V4(192, 0, 2, 0, 24), "192.0.2.0/24 (documentation)"},
	{V4(192, 88, 99, 0, 24), "192.88.99.0/24 (6to4 relay)"},
	{V4(192, 168, 0, 0, 16), "192.168.0.0/16 (private)"},
	{V4(198, 18, 0, 0, 15), "198.18.0.0/15 (benchmarking)"},
	{V4(198, 51, 100, 0, 24), "198.51.100.0/24 (documentation)"},
	{V4(203, 0, 113, 0, 24), "203.0.113.0/24 (documentation)"},
	{V4(224, 0, 0, 0, 3), "224.0.0.0/3 (multicast, reserved or broadcast)"},
	{V4(0, 0, 0, 0, 0), NULL},
	{V6(0x2001, 0, 0, 23), "2001::/23 (protocol assignments)"},
	{V6(0x2001, 0xdb8, 0, 32), "2001:db8::/32 (documentation)"},
	{V6(0x2002, 0, 0, 16), "2002::/16 (6to4)"},
	{V6(0x3fff, 0, 0, 20), "3fff::/20 (documentation)"},
	{V6(0x2000, 0, 0, 3), NULL},
	{{{{0, 0, 0, 0, 0, 0, 0, 1}}, 128}, "::1 (loopback)"},
	{V6(0xfc00, 0, 0, 7), "fc00::/7 (private)"},
	{V6(0xff00, 0, 0, 8), "ff00::/8 (multicast)"},
	{V6(0x64, 0xff9b, 0, 96), "64:ff9b::/96 (NAT64)"},
	{V6(0, 0, 0, 0), "outside 2000::/3 (not global unicast)"},
};

static const struct network_range v4_loopback = V4(127, 0, 0, 0, 8);
static const struct network_range v6_loopback = {{{0, 0, 0, 0, 0, 0, 0, 1}}, 128};
static const struct network_range wildcards[] = {V4(0, 0, 0, 0, 32), V6(0, 0, 0, 128)};

/* The bits of group i that belong to a prefix. */
static uint16_t mask(unsigned bits, unsigned i)
{
	if (bits >= 16 * (i + 1))
		return 0xffff;
	return bits <= 16 * i ? 0 : (uint16_t)(0xffff << (16 * (i + 1) - bits));
}

static bool prefix_fits(const struct network_range *range, const struct network_address *address)
{
	for (unsigned i = 0; i < 8; i++) {
		if ((range->first.groups[i] ^ address->groups[i]) & mask(range->bits, i))
			return false;
	}
	return true;
}

static bool is_v4(const struct network_address *address)
{
	static const struct network_range mapped = V4(0, 0, 0, 0, 0);

	return prefix_fits(&mapped, address);
}

/* A range of IPv6 such as ::/0 says nothing about IPv4. */
static bool range_holds(const struct network_range *range, const struct network_address *address)
{
	return prefix_fits(range, address) && is_v4(&range->first) == is_v4(address);
}

static struct network_address from_v6(const struct in6_addr *in)
{
	struct network_address address;

	for (size_t i = 0; i < 8; i++)
		address.groups[i] = (uint16_t)(in->s6_addr[2 * i] << 8 | in->s6_addr[2 * i + 1]);
	return address;
}

static struct network_address from_v4(struct in_addr in)
{
	uint32_t bits = ntohl(in.s_addr);

	return (struct network_address){
		{0, 0, 0, 0, 0, 0xffff, (uint16_t)(bits >> 16), (uint16_t)bits}};
}

/* False for what is neither IPv4 nor IPv6, or too short to be.  Callers' storage need not be
 * aligned for the family, so it is copied. */
static bool from_socket(const struct sockaddr *sa, socklen_t bytes, struct network_listener *ret)
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	if (!sa || bytes < sizeof(sa->sa_family))
		return false;
	if (sa->sa_family == AF_INET && bytes >= sizeof(v4)) {
		memcpy(&v4, sa, sizeof(v4));
		*ret = (struct network_listener){from_v4(v4.sin_addr), ntohs(v4.sin_port)};
		return true;
	}
	if (sa->sa_family == AF_INET6 && bytes >= sizeof(v6)) {
		memcpy(&v6, sa, sizeof(v6));
		*ret = (struct network_listener){from_v6(&v6.sin6_addr), ntohs(v6.sin6_port)};
		return true;
	}
	return false;
}

void network_policy_init(struct network_policy *policy)
{
	*policy = (struct network_policy){0};
}

void network_policy_finish(struct network_policy *policy)
{
	mem_free(policy->allowed);
	mem_free(policy->listeners);
	network_policy_init(policy);
}

/* The number behind the slash: 0 to max, without sign or leading zeros. */
static bool parse_prefix(const char *text, unsigned max, unsigned *ret)
{
	unsigned value = 0;
	size_t length = strlen(text);

	if (length == 0 || length > 3 || strspn(text, "0123456789") != length ||
	    (length > 1 && text[0] == '0'))
		return false;
	for (; *text; text++)
		value = value * 10 + (unsigned)(*text - '0');
	if (value > max)
		return false;
	*ret = value;
	return true;
}

static bool parse_cidr(const char *cidr, struct network_range *ret)
{
	char text[INET6_ADDRSTRLEN];
	struct network_range range = {.bits = V6_BITS};
	const char *slash = strchr(cidr, '/');
	size_t length = slash ? (size_t)(slash - cidr) : strlen(cidr);
	struct in_addr v4;
	struct in6_addr v6;
	unsigned base = 0;

	if (length >= sizeof(text))
		return false;
	memcpy(text, cidr, length);
	text[length] = '\0';
	if (inet_pton(AF_INET, text, &v4) == 1) {
		range.first = from_v4(v4);
		base = V4_BITS;
	} else if (inet_pton(AF_INET6, text, &v6) == 1) {
		range.first = from_v6(&v6);
	} else {
		return false;
	}
	if (slash) {
		if (!parse_prefix(slash + 1, V6_BITS - base, &range.bits))
			return false;
		range.bits += base;
	}
	*ret = range;
	return true;
}

/* Clears the bits behind the prefix; true when there were any. */
static bool clear_host_bits(struct network_range *range)
{
	bool cleared = false;

	for (unsigned i = 0; i < 8; i++) {
		uint16_t kept = range->first.groups[i] & mask(range->bits, i);

		cleared = cleared || kept != range->first.groups[i];
		range->first.groups[i] = kept;
	}
	return cleared;
}

/* "10.0.0.0/8"; the range's family is what its text was written in. */
static void format_range(const struct network_range *range, bool as_v4, char *text, size_t bytes)
{
	char address[INET6_ADDRSTRLEN];
	uint8_t octets[16];

	for (size_t i = 0; i < 8; i++) {
		octets[2 * i] = (uint8_t)(range->first.groups[i] >> 8);
		octets[2 * i + 1] = (uint8_t)range->first.groups[i];
	}
	inet_ntop(as_v4 ? AF_INET : AF_INET6, as_v4 ? octets + 12 : octets, address,
	          sizeof(address));
	snprintf(text, bytes, "%s/%u", address, range->bits - (as_v4 ? V4_BITS : 0));
}

int network_policy_add(struct network_policy *policy, const char *cidr, struct err *e)
{
	struct network_range range;

	if (!parse_cidr(cidr, &range))
		return err_set(e, ERR_INVALID,
		               "\"%s\" is not a range of addresses; write one as 10.1.0.0/16, "
		               "fd12:3456::/32, or a single address",
		               cidr);

	if (clear_host_bits(&range)) {
		char right[INET6_ADDRSTRLEN + 4];

		format_range(&range, !strchr(cidr, ':'), right, sizeof(right));
		return err_set(e, ERR_INVALID, "%s has bits set behind its prefix; write %s", cidr,
		               right);
	}
	struct network_range *more =
		mem_resize(policy->allowed, policy->allowed_count + 1, sizeof(*more));
	if (!more)
		return err_no_memory(e);
	more[policy->allowed_count++] = range;
	policy->allowed = more;
	return 0;
}

int network_policy_deny_listener(struct network_policy *policy, const struct sockaddr *address,
                                 socklen_t address_bytes, struct err *e)
{
	struct network_listener listener;

	if (!from_socket(address, address_bytes, &listener))
		return 0;
	struct network_listener *more =
		mem_resize(policy->listeners, policy->listener_count + 1, sizeof(*more));
	if (!more)
		return err_no_memory(e);
	more[policy->listener_count++] = listener;
	policy->listeners = more;
	return 0;
}

static bool is_wildcard(const struct network_address *address)
{
	return prefix_fits(&wildcards[0], address) || prefix_fits(&wildcards[1], address);
}

static bool is_loopback(const struct network_address *address)
{
	return prefix_fits(&v4_loopback, address) || prefix_fits(&v6_loopback, address);
}

/* Connecting to the wildcard address reaches this machine, whichever address the listener has. */
static bool listener_meets(const struct network_listener *ours, const struct network_listener *to)
{
	if (ours->port != to->port)
		return false;
	return memcmp(&ours->address, &to->address, sizeof(to->address)) == 0 ||
	       is_wildcard(&to->address) ||
	       (is_wildcard(&ours->address) && is_loopback(&to->address));
}

static const struct rule *first_fit(const struct rule *rules, size_t count,
                                    const struct network_address *address)
{
	for (size_t i = 0; i < count; i++) {
		if (range_holds(&rules[i].range, address))
			return &rules[i];
	}
	return NULL;
}

const char *network_reason(const struct network_policy *policy, const struct sockaddr *address,
                           socklen_t address_bytes)
{
	struct network_listener to;

	if (!from_socket(address, address_bytes, &to))
		return "not an IPv4 or IPv6 address";
	const struct rule *rule = first_fit(never, sizeof(never) / sizeof(never[0]), &to.address);
	if (rule)
		return rule->reason;
	for (size_t i = 0; i < policy->listener_count; i++) {
		if (listener_meets(&policy->listeners[i], &to))
			return "a listener of this host";
	}
	for (size_t i = 0; i < policy->allowed_count; i++) {
		if (range_holds(&policy->allowed[i], &to.address))
			return NULL;
	}
	return first_fit(usual, sizeof(usual) / sizeof(usual[0]), &to.address)->reason;
}

int network_permit(const struct network_policy *policy, const struct sockaddr *address,
                   socklen_t address_bytes)
{
	return network_reason(policy, address, address_bytes) ? ERR_DENIED : 0;
}
