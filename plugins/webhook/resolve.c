/* The addresses of a link's host. */
#include "resolve.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "text.h"

enum {
	FRESH_MS = 60 * 1000,
	USABLE_MS = 660 * 1000,
	LIST_BYTES = 64 * LK_ADDRESSES_MAX,
};

/* An address written as a number needs no lookup.  getaddrinfo() understands every form of it that
 * libcurl does: decimal, octal, hexadecimal, short. */
static bool is_numeric(const char *name, struct sockaddr_storage *ret)
{
	struct addrinfo hints = {.ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM};
	struct addrinfo *list = NULL;

	if (getaddrinfo(name, NULL, &hints, &list) != 0)
		return false;
	memcpy(ret, list->ai_addr, list->ai_addrlen);
	freeaddrinfo(list);
	return true;
}

void resolve_init(struct resolve *r, const struct lk_host *host,
                  const struct lk_ext_resolve *extension, struct lk_link *link, const char *name,
                  uint16_t port, void (*changed)(struct resolve *r, bool renewed))
{
	*r = (struct resolve){
		.host = host,
		.extension = extension,
		.link = link,
		.name = name,
		.port = port,
		.changed = changed,
	};
	r->numeric = is_numeric(name, &r->address);
}

void resolve_finish(struct resolve *r)
{
	if (r->lookup)
		r->extension->cancel(r->lookup);
	curl_slist_free_all(r->list);
	curl_slist_free_all(r->old);
}

/* The address as text; IPv6 in brackets, as libcurl's lists have it. */
static const char *address_text(const struct sockaddr_storage *a, char *text, size_t bytes)
{
	char plain[INET6_ADDRSTRLEN] = "";

	if (a->ss_family == AF_INET) {
		const struct sockaddr_in *in = (const void *)a;
		inet_ntop(AF_INET, &in->sin_addr, plain, sizeof(plain));
		snprintf(text, bytes, "%s", plain);
	} else {
		const struct sockaddr_in6 *in6 = (const void *)a;
		inet_ntop(AF_INET6, &in6->sin6_addr, plain, sizeof(plain));
		snprintf(text, bytes, "[%s]", plain);
	}
	return text;
}

static socklen_t address_bytes(const struct sockaddr_storage *a)
{
	return a->ss_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
}

static void fail(struct resolve *r, bool denied, const char *what, const char *which)
{
	r->denied = denied;
	snprintf(r->detail, sizeof(r->detail), "%s%s", what, which);
}

/* Puts what the policy permits into one entry.  How many those were. */
static int build(struct resolve *r, const struct lk_addresses *found, struct text *entry)
{
	char text[INET6_ADDRSTRLEN + 2], denied[INET6_ADDRSTRLEN + 2] = "";
	int count = 0;

	text_printf(entry, "%s:%u:", r->name, (unsigned)r->port);
	for (uint32_t i = 0; i < found->count; i++) {
		const struct sockaddr_storage *a = &found->address[i];
		if (a->ss_family != AF_INET && a->ss_family != AF_INET6)
			continue;
		address_text(a, text, sizeof(text));
		if (r->host->permit(r->link, (const void *)a, address_bytes(a)) < 0) {
			memcpy(denied, text, sizeof(denied));
			continue;
		}
		text_printf(entry, "%s%s", count ? "," : "", text);
		count++;
	}
	if (count == 0 && denied[0])
		fail(r, true, "the network policy denies ", denied);
	else if (count == 0)
		fail(r, false, found->error ? found->error : "the name has no address", "");
	return count;
}

/* Takes a fresh entry.  True when it differs from the present one. */
static bool adopt(struct resolve *r, const char *entry)
{
	if (r->list && strcmp(r->list->data, entry) == 0)
		return false;

	struct curl_slist *list = curl_slist_append(NULL, entry);
	if (!list) {
		fail(r, false, "out of memory", "");
		return false;
	}
	while (r->list) { /* the old one stays until nothing can read it */
		struct curl_slist *next = r->list->next;
		r->list->next = r->old;
		r->old = r->list;
		r->list = next;
	}
	r->list = list;
	r->version++;
	return true;
}

static void take(struct resolve *r, const struct lk_addresses *found)
{
	struct text entry;
	bool renewed = false;
	int64_t now = r->host->mono_ms();

	text_init(&entry, LIST_BYTES);
	if (build(r, found, &entry) > 0 && !text_failed(&entry)) {
		renewed = adopt(r, text_str(&entry));
		r->known = r->list != NULL;
		r->fresh_until_ms = now + FRESH_MS;
		r->usable_until_ms = now + USABLE_MS;
	} else if (r->denied) {
		r->known = false; /* what was allowed before is not any more */
	}
	text_finish(&entry);
	r->changed(r, renewed);
}

static void on_answer(void *arg, const struct lk_addresses *found)
{
	struct resolve *r = arg;

	r->lookup = NULL;
	take(r, found);
}

static enum resolve_state ask_numeric(struct resolve *r)
{
	const struct sockaddr_storage *a = &r->address;
	char text[INET6_ADDRSTRLEN + 2];

	if (r->host->permit(r->link, (const void *)a, address_bytes(a)) < 0) {
		fail(r, true, "the network policy denies ", address_text(a, text, sizeof(text)));
		return RESOLVE_FAILED;
	}
	return RESOLVE_READY;
}

enum resolve_state resolve_ask(struct resolve *r)
{
	int64_t now = r->host->mono_ms();

	if (r->numeric)
		return ask_numeric(r);
	if (r->known && now < r->fresh_until_ms)
		return RESOLVE_READY;
	if (!r->extension) {
		fail(r, false, "this host cannot resolve names", "");
		return RESOLVE_FAILED;
	}
	bool usable = r->known && now < r->usable_until_ms;
	if (!r->lookup &&
	    r->extension->start(r->link, r->name, r->port, on_answer, r, &r->lookup) < 0 &&
	    !usable) {
		fail(r, false, "the lookup cannot be started: ", r->name);
		return RESOLVE_FAILED;
	}
	return usable ? RESOLVE_READY : RESOLVE_WAIT;
}

void resolve_idle(struct resolve *r, bool forget)
{
	curl_slist_free_all(r->old);
	r->old = NULL;
	if (forget)
		r->version++;
}
