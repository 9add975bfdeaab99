/* The TCP listener of the API. */
#include "linkspand/listening.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/banned.h"
#include "base/clock.h"
#include "base/err.h"
#include "conf/conf.h"
#include "core/event.h"
#include "httpd/identity.h"
#include "httpd/listener.h"

void listening_init(struct listening *l)
{
	*l = (struct listening){.listener.fd = -1};
	arena_init(&l->arena);
}

void listening_finish(struct listening *l)
{
	pair_finish(&l->pair);
	arena_finish(&l->arena);
	listening_init(l);
}

/* Localhost in all its forms, the address itself, and what the configuration allows. */
static int name_hosts(struct listening *l, const struct conf_host *host, struct err *e)
{
	static const char *const local[] = {"localhost", "127.0.0.1", "[::1]"};
	const char *colon = strrchr(host->listen, ':');
	size_t count = 0, at = 0;

	while (host->allowed_hosts[count])
		count++;
	const char **names = arena_array(&l->arena, count + 5, sizeof(*names));
	char *own = arena_dup(&l->arena, host->listen, (size_t)(colon - host->listen));
	if (!names || !own)
		return err_no_memory(e);
	for (size_t i = 0; i < sizeof(local) / sizeof(local[0]); i++)
		names[at++] = local[i];
	names[at++] = own;
	for (size_t i = 0; i < count; i++)
		names[at++] = host->allowed_hosts[i];
	l->listener.hosts = names;
	return 0;
}

static int open_socket(const struct conf_host *host, const struct sockaddr_storage *address,
                       struct err *e)
{
	char text[INET6_ADDRSTRLEN];
	bool v6 = address->ss_family == AF_INET6;
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)address;
	const struct sockaddr_in *four = (const struct sockaddr_in *)address;
	const void *from = v6 ? (const void *)&six->sin6_addr : (const void *)&four->sin_addr;

	if (!inet_ntop(address->ss_family, from, text, sizeof(text)))
		return err_set_errno(e, ERR_INVALID, "cannot listen on %s", host->listen);
	return listener_open(text, ntohs(v6 ? six->sin6_port : four->sin_port), e);
}

int listening_open(struct listening *l, const struct conf_host *host, struct err *e)
{
	struct sockaddr_storage address;
	socklen_t bytes;

	if (conf_listen_address(host->listen, &address, &bytes) < 0)
		return err_set(e, ERR_INVALID, "cannot listen on %s", host->listen);
	int rc = pair_read(host, &l->pair, e);
	if (rc == 0)
		rc = name_hosts(l, host, e);
	if (rc < 0)
		return rc;
	int fd = open_socket(host, &address, e);
	if (fd < 0)
		return fd;
	l->listener.certificate_pem = l->pair.certificate_pem;
	l->listener.key_pem = l->pair.key_pem;
	l->listener.fd = fd;
	return 0;
}

/*
 * While it listens
 */

/* Of a chain only the own one: an old root that goes along is none of anybody's business. */
static int check_end(const struct pair *fresh, const char *path, struct err *e)
{
	char end[CLOCK_TEXT_BYTES];

	if (fresh->own_ends_ms > clock_system.unix_ms() || fresh->own_ends_ms == 0)
		return 0;
	clock_format(fresh->own_ends_ms, end);
	return err_set(e, ERR_INVALID, "%s ended on %.10s", path, end);
}

int listening_renew(const struct listening *l, const struct conf_host *host, struct renewal *ret,
                    struct err *e)
{
	*ret = (struct renewal){0};
	if (!l->pair.certificate_pem || !host->tls_certificate)
		return 0;
	int rc = pair_read(host, &ret->pair, e);
	if (rc == 0 && pair_same(&ret->pair, &l->pair))
		return 0;
	if (rc == 0)
		rc = check_end(&ret->pair, host->tls_certificate, e);
	if (rc == 0)
		rc = http_identity_create(ret->pair.certificate_pem, ret->pair.key_pem,
		                          &ret->identity, e);
	if (rc < 0)
		err_prefix(e, "the renewed certificate of the listener cannot be taken");
	return rc;
}

void listening_adopt(struct listening *l, struct renewal *r, struct admin *admin)
{
	if (!r->identity)
		return;
	/* The texts stay those of the start, which the API has borrowed. */
	memcpy(l->pair.digest, r->pair.digest, sizeof(l->pair.digest));
	l->pair.ends = r->pair.ends;
	l->pair.own_ends_ms = r->pair.own_ends_ms;
	admin_identify(admin, r->identity);
	r->identity = NULL;
}

void renewal_finish(struct renewal *r)
{
	pair_finish(&r->pair);
	http_identity_release(r->identity);
	r->identity = NULL;
}

void listening_tell_expiry(struct listening *l, struct host *host)
{
	int64_t now_ms = clock_system.unix_ms();
	char detail[EXPIRY_TEXT_BYTES];

	if (!expiry_is_due(&l->pair.ends, now_ms))
		return;
	expiry_write(&l->pair.ends, "the certificate of the API's listener", now_ms, detail);
	event_emit(host, EVENT_CERTIFICATE_EXPIRES, detail);
}
