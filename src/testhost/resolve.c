/* linkspan.resolve/1 as the test wants it: answers from a script, late or never, or an error. */
#include <netdb.h>

#include "base/banned.h"
#include "testhost/inside.h"

static struct answer *find(const struct lk_test_host *host, const char *name)
{
	list_each(node, &host->answers) {
		struct answer *a = container_of(node, struct answer, node);
		if (strcmp(a->name, name) == 0)
			return a;
	}
	return NULL;
}

static void set_port(struct sockaddr_storage *address, uint16_t port)
{
	if (address->ss_family == AF_INET)
		((struct sockaddr_in *)address)->sin_port = htons(port);
	else
		((struct sockaddr_in6 *)address)->sin6_port = htons(port);
}

static int parse_one(const char *text, size_t bytes, struct sockaddr_storage *ret)
{
	char word[64];
	struct addrinfo hints = {.ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM};
	struct addrinfo *found;

	if (bytes >= sizeof(word))
		return LK_EINVAL;
	memcpy(word, text, bytes);
	word[bytes] = '\0';
	if (getaddrinfo(word, NULL, &hints, &found) != 0)
		return LK_EINVAL;
	memcpy(ret, found->ai_addr, found->ai_addrlen);
	freeaddrinfo(found);
	return 0;
}

/* Addresses separated by spaces.  Returns how many, or LK_EINVAL. */
static int parse(const char *text, struct sockaddr_storage *ret)
{
	int count = 0;

	for (text += strspn(text, " "); *text; text += strspn(text, " ")) {
		size_t bytes = strcspn(text, " ");
		if (count == LK_ADDRESSES_MAX || parse_one(text, bytes, &ret[count]) < 0)
			return LK_EINVAL;
		count++;
		text += bytes;
	}
	return count;
}

static void free_answer(struct answer *a)
{
	if (!a)
		return;
	mem_free(a->name);
	mem_free(a->addresses);
	mem_free(a->error);
	mem_free(a);
}

static int set_answer(struct lk_test_host *host, const char *name, const char *addresses,
                      const char *error, int64_t delay_ms)
{
	struct answer *a = mem_zalloc(sizeof(*a)), *old = find(host, name);

	if (a) {
		a->name = mem_strdup(name);
		a->addresses = addresses ? mem_strdup(addresses) : NULL;
		a->error = error ? mem_strdup(error) : NULL;
		a->delay_ms = delay_ms;
	}
	if (!a || !a->name || (addresses && !a->addresses) || (error && !a->error)) {
		free_answer(a);
		return testhost_fail(host, LK_ENOMEM, "out of memory");
	}
	list_append(&host->answers, &a->node);
	if (old) {
		list_remove(&old->node);
		free_answer(old);
	}
	return 0;
}

int lk_test_set_address(struct lk_test_host *host, const char *name, const char *addresses,
                        int64_t delay_ms)
{
	struct sockaddr_storage parsed[LK_ADDRESSES_MAX];

	if (parse(addresses, parsed) <= 0)
		return testhost_fail(host, LK_EINVAL, "\"%s\" is not a list of addresses",
		                     addresses);
	return set_answer(host, name, addresses, NULL, delay_ms);
}

int lk_test_set_address_error(struct lk_test_host *host, const char *name, const char *error,
                              int64_t delay_ms)
{
	return set_answer(host, name, NULL, error, delay_ms);
}

static void free_lookup(struct lk_lookup *lookup)
{
	mem_free(lookup->name);
	mem_free(lookup);
}

static int start(struct lk_link *link, const char *name, uint16_t port,
                 void (*answer)(void *, const struct lk_addresses *), void *arg,
                 struct lk_lookup **ret_lookup)
{
	struct lk_test_host *host = link->host;
	struct lk_lookup *lookup = mem_zalloc(sizeof(*lookup));
	char *copy = lookup ? mem_strdup(name) : NULL;
	const struct answer *scripted = find(host, name);

	testhost_lane(host, "start() of a lookup");
	if (!copy) {
		mem_free(lookup);
		return LK_ENOMEM;
	}
	*lookup = (struct lk_lookup){
		.link = link,
		.name = copy,
		.port = port,
		.due_ms = host->clock->mono_ms() + (scripted ? scripted->delay_ms : 0),
		.answer = answer,
		.arg = arg,
	};
	list_append(&host->lookups, &lookup->node);
	*ret_lookup = lookup;
	return 0;
}

static void cancel(struct lk_lookup *lookup)
{
	struct lk_test_host *host = testhost_current;

	testhost_lane(host, "cancel() of a lookup");
	list_each(node, &host->lookups) {
		if (container_of(node, struct lk_lookup, node) != lookup)
			continue;
		list_remove(node);
		free_lookup(lookup);
		return;
	}
	testhost_violation(host, "cancel() of a lookup that has been answered or cancelled before");
}

const struct lk_ext_resolve testhost_resolve = {
	.size = sizeof(testhost_resolve),
	.start = start,
	.cancel = cancel,
};

int64_t testhost_resolve_next_ms(const struct lk_test_host *host)
{
	int64_t next = -1;

	list_each(node, &host->lookups) {
		const struct lk_lookup *lookup = container_of(node, struct lk_lookup, node);
		if (next < 0 || lookup->due_ms < next)
			next = lookup->due_ms;
	}
	return next;
}

/* Takes the lookup. */
static void give_answer(struct lk_test_host *host, struct lk_lookup *lookup)
{
	struct sockaddr_storage addresses[LK_ADDRESSES_MAX];
	const struct answer *scripted = find(host, lookup->name);
	struct lk_addresses answer = {.size = sizeof(answer), .address = addresses};
	int count = 0;

	if (scripted && scripted->error)
		answer.error = scripted->error;
	else
		count = parse(scripted ? scripted->addresses : lookup->name, addresses);
	if (count < 0)
		answer.error = "the test has not set this name";
	else
		answer.count = (uint32_t)count;
	for (int i = 0; i < count; i++)
		set_port(&addresses[i], lookup->port);
	lookup->answer(lookup->arg, &answer);
	free_lookup(lookup);
}

static struct lk_lookup *take_due(struct lk_test_host *host)
{
	list_each(node, &host->lookups) {
		struct lk_lookup *lookup = container_of(node, struct lk_lookup, node);
		if (lookup->due_ms > host->clock->mono_ms())
			continue;
		list_remove(node);
		return lookup;
	}
	return NULL;
}

bool testhost_resolve_answer_due(struct lk_test_host *host)
{
	struct lk_lookup *lookup = take_due(host);

	if (lookup)
		give_answer(host, lookup);
	return lookup != NULL;
}

void testhost_resolve_leave(struct lk_link *link)
{
	list_each(node, &link->host->lookups) {
		struct lk_lookup *lookup = container_of(node, struct lk_lookup, node);
		if (lookup->link != link)
			continue;
		testhost_violation(link->host, "close() left the lookup of %s behind",
		                   lookup->name);
		list_remove(node);
		free_lookup(lookup);
	}
}

void testhost_resolve_finish(struct lk_test_host *host)
{
	for (struct list *node; (node = list_pop(&host->lookups));)
		free_lookup(container_of(node, struct lk_lookup, node));
	for (struct list *node; (node = list_pop(&host->answers));)
		free_answer(container_of(node, struct answer, node));
}
