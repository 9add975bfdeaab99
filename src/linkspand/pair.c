/* The files of the listener's certificate and key. */
#include "linkspand/pair.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"
#include "base/err.h"
#include "base/mem.h"
#include "conf/conf.h"
#include "crypto/certificate.h"

enum { PEM_MAX_BYTES = 1024 * 1024 };

static void wipe(char *text)
{
	if (text)
		mem_wipe(text, strlen(text));
	mem_free(text);
}

void pair_finish(struct pair *p)
{
	mem_free(p->certificate_pem);
	wipe(p->key_pem);
	*p = (struct pair){0};
}

bool pair_same(const struct pair *a, const struct pair *b)
{
	return memcmp(a->digest, b->digest, sizeof(a->digest)) == 0;
}

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

/* Whether it can be used at all is for the library that speaks TLS to say. */
static void look_at(struct pair *p, const char *path)
{
	struct certificate_info info;
	struct hash h;

	hash_init(&h);
	hash_add(&h, p->certificate_pem, strlen(p->certificate_pem) + 1);
	hash_add(&h, p->key_pem, strlen(p->key_pem) + 1);
	hash_end(&h, p->digest);
	if (certificate_read_file(path, &info, NULL) < 0)
		return;
	p->own_ends_ms = info.first_ms;
	p->ends.ends_ms = info.soonest_ms;
	snprintf(p->ends.subject, sizeof(p->ends.subject), "%s", info.subject);
}

int pair_read(const struct conf_host *host, struct pair *ret, struct err *e)
{
	*ret = (struct pair){0};
	if (!host->tls_certificate)
		return 0;
	int rc = read_pem(host->tls_certificate, false, &ret->certificate_pem, e);
	if (rc == 0)
		rc = read_pem(host->tls_key, true, &ret->key_pem, e);
	if (rc == 0)
		look_at(ret, host->tls_certificate);
	return rc;
}
