/* A listener of our own, at every address by which it can be reached. */
#include <errno.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <string.h>

#include "base/banned.h"
#include "base/err.h"
#include "core/network.h"

static bool is_wildcard(const struct sockaddr *address)
{
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)address;
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)address;

	if (address->sa_family == AF_INET6)
		return IN6_IS_ADDR_UNSPECIFIED(&v6->sin6_addr);
	return address->sa_family == AF_INET && v4->sin_addr.s_addr == htonl(INADDR_ANY);
}

static in_port_t port_of(const struct sockaddr *address)
{
	/* At the same place in both families. */
	return ((const struct sockaddr_in *)(const void *)address)->sin_port;
}

/* The address of an interface with the listener's port; false: of another family. */
static bool with_port(const struct sockaddr *interface, in_port_t port,
                      struct sockaddr_storage *ret, socklen_t *ret_bytes)
{
	if (!interface || (interface->sa_family != AF_INET && interface->sa_family != AF_INET6))
		return false;
	*ret_bytes = interface->sa_family == AF_INET ? sizeof(struct sockaddr_in)
	                                             : sizeof(struct sockaddr_in6);
	memset(ret, 0, sizeof(*ret));
	memcpy(ret, interface, *ret_bytes);
	((struct sockaddr_in *)ret)->sin_port = port;
	return true;
}

int network_policy_deny_own(struct network_policy *policy, const struct sockaddr *address,
                            socklen_t address_bytes, struct err *e)
{
	struct sockaddr_storage other;
	struct ifaddrs *all = NULL;
	socklen_t bytes;

	int rc = network_policy_deny_listener(policy, address, address_bytes, e);
	if (rc < 0 || !is_wildcard(address))
		return rc;
	if (getifaddrs(&all) < 0)
		return err_set_errno(e, ERR_IO, "cannot list the addresses of this machine");
	for (const struct ifaddrs *i = all; i && rc == 0; i = i->ifa_next)
		if (with_port(i->ifa_addr, port_of(address), &other, &bytes))
			rc = network_policy_deny_listener(policy, (const struct sockaddr *)&other,
			                                  bytes, e);
	freeifaddrs(all);
	return rc;
}
