/* Name resolution for plugins: getaddrinfo() on the errand pool. */
#include <errno.h>
#include <linkspan/connector.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>

#include "base/banned.h"
#include "base/mem.h"
#include "core/host_impl.h"
#include "core/link.h"

enum { NAME_BYTES = 256, ERROR_TEXT_BYTES = NAME_BYTES + 64 };

struct lk_lookup {
	struct errand errand;
	struct lane *lane;
	void (*answer)(void *arg, const struct lk_addresses *addresses); /* NULL: cancelled */
	void *arg;
	uint16_t port;
	int count; /* negative: failed */
	char name[NAME_BYTES];
	char text[ERROR_TEXT_BYTES];
	struct sockaddr_storage found[LK_ADDRESSES_MAX];
};

int lookup_system(const char *name, uint16_t port, struct sockaddr_storage *ret, size_t cap,
                  char *text, size_t text_bytes)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
	struct addrinfo *list = NULL;
	char service[8];
	size_t count = 0;

	snprintf(service, sizeof(service), "%u", (unsigned)port);
	int rc = getaddrinfo(name, service, &hints, &list);
	if (rc != 0) {
		snprintf(text, text_bytes, "%s: %s", name,
		         rc == EAI_SYSTEM ? strerrordesc_np(errno) : gai_strerror(rc));
		return -1;
	}
	for (struct addrinfo *a = list; a && count < cap; a = a->ai_next) {
		if (a->ai_addrlen <= sizeof(ret[0]))
			memcpy(&ret[count++], a->ai_addr, a->ai_addrlen);
	}
	freeaddrinfo(list);
	return (int)count;
}

static void work(struct errand *errand)
{
	struct lk_lookup *l = container_of(errand, struct lk_lookup, errand);

	l->count = l->lane->host->lookup(l->name, l->port, l->found, LK_ADDRESSES_MAX, l->text,
	                                 sizeof(l->text));
}

static void finish(struct errand *errand)
{
	struct lk_lookup *l = container_of(errand, struct lk_lookup, errand);

	l->lane->errands_out--;
	if (errand->skipped) {
		l->count = -1;
		snprintf(l->text, sizeof(l->text), "%s: the host is stopping", l->name);
	}
	if (l->answer) {
		struct lk_addresses addresses = {
			.size = sizeof(addresses),
			.count = l->count > 0 ? (uint32_t)l->count : 0,
			.address = l->found,
			.error = l->count > 0 ? NULL : l->text,
		};
		l->answer(l->arg, &addresses);
	}
	mem_free(l);
}

static int lookup_start(struct lk_link *link, const char *host, uint16_t port,
                        void (*answer)(void *arg, const struct lk_addresses *addresses), void *arg,
                        struct lk_lookup **ret_lookup)
{
	size_t length = strlen(host);

	if (length == 0 || length >= NAME_BYTES)
		return LK_EINVAL;
	struct lk_lookup *l = mem_zalloc(sizeof(*l));
	if (!l)
		return LK_ENOMEM;
	l->errand.work = work;
	l->errand.finish = finish;
	l->errand.home = &link->lane->mailbox;
	l->lane = link->lane;
	l->answer = answer;
	l->arg = arg;
	l->port = port;
	memcpy(l->name, host, length + 1);
	snprintf(l->text, sizeof(l->text), "%s: no address", host);
	link->lane->errands_out++;
	errands_post(&link->lane->host->errands, &l->errand);
	*ret_lookup = l;
	return 0;
}

static void lookup_cancel(struct lk_lookup *lookup)
{
	lookup->answer = NULL;
}

const struct lk_ext_resolve lookup_extension = {
	.size = sizeof(lookup_extension),
	.start = lookup_start,
	.cancel = lookup_cancel,
};
