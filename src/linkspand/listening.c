/* The TCP listener of the API. */
#include "linkspand/listening.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"
#include "base/err.h"
#include "conf/conf.h"
#include "httpd/listener.h"

enum { PEM_MAX_BYTES = 1024 * 1024 };

void listening_init(struct listening *l)
{
	*l = (struct listening){.listener.fd = -1};
	arena_init(&l->arena);
}

static void wipe(char *text)
{
	if (text)
		mem_wipe(text, strlen(text));
	mem_free(text);
}

void listening_finish(struct listening *l)
{
	mem_free(l->certificate_pem);
	wipe(l->key_pem);
	arena_finish(&l->arena);
	listening_init(l);
}

/*
 * Files
 */

static int read_open(int fd, const char *path, bool is_key, char **ret, struct err *e)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_set_errno(e, ERR_IO, "cannot read %s", path);
	if (!S_ISREG(st.st_mode) || st.st_size > PEM_MAX_BYTES)
		return err_set(e, ERR_INVALID, "%s is not a file of PEM text", path);
	if (is_key && (st.st_mode & 027))
		return err_set(
			e, ERR_INVALID,
			"%s can be read by everybody or changed by others; chmod 0640 or 0600",
			path);
	char *text = mem_zalloc((size_t)st.st_size + 1);
	if (!text)
		return err_no_memory(e);
	if (read(fd, text, (size_t)st.st_size) == st.st_size) {
		*ret = text;
		return 0;
	}
	int rc = err_set_errno(e, ERR_IO, "cannot read %s", path);
	wipe(text);
	return rc;
}

static int read_pem(const char *path, bool is_key, char **ret, struct err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return err_set_errno(e, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "cannot open %s",
		                     path);
	int rc = read_open(fd, path, is_key, ret, e);
	close(fd);
	return rc;
}

/*
 * Names
 */

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

static int read_files(struct listening *l, const struct conf_host *host, struct err *e)
{
	if (!host->tls_certificate)
		return 0;
	int rc = read_pem(host->tls_certificate, false, &l->certificate_pem, e);
	if (rc == 0)
		rc = read_pem(host->tls_key, true, &l->key_pem, e);
	l->listener.certificate_pem = l->certificate_pem;
	l->listener.key_pem = l->key_pem;
	return rc;
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
	int rc = read_files(l, host, e);
	if (rc == 0)
		rc = name_hosts(l, host, e);
	if (rc < 0)
		return rc;
	int fd = open_socket(host, &address, e);
	if (fd < 0)
		return fd;
	l->listener.fd = fd;
	return 0;
}
