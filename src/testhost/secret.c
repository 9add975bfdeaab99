/* Secrets that the test keeps, and how the plugin gets at them. */
#include "base/banned.h"
#include "schema/node.h"
#include "testhost/inside.h"

enum { LEAK_BYTES_MIN = 4 }; /* anything shorter turns up by chance */

static struct secret *find(const struct lk_test_host *host, const char *path)
{
	list_each(node, &host->secrets) {
		struct secret *s = container_of(node, struct secret, node);
		if (strcmp(s->path, path) == 0)
			return s;
	}
	return NULL;
}

static struct secret *make(struct lk_test_host *host, const char *path)
{
	struct secret *s = mem_zalloc(sizeof(*s));
	char *copy = s ? mem_strdup(path) : NULL;

	if (!copy) {
		mem_free(s);
		return NULL;
	}
	s->path = copy;
	list_append(&host->secrets, &s->node);
	return s;
}

static void forget_text(struct secret *s)
{
	if (s->text)
		mem_wipe(s->text, strlen(s->text));
	mem_free(s->text);
	s->text = NULL;
}

int lk_test_set_secret(struct lk_test_host *host, const char *path, const char *text)
{
	int rc = LK_ENOMEM;

	testhost_lock(host);
	char *copy = text ? mem_strdup(text) : NULL;
	struct secret *s = find(host, path);
	if (!s)
		s = make(host, path);
	if (s && (copy || !text)) {
		forget_text(s);
		s->text = copy;
		s->version = ++host->secret_version;
		copy = NULL;
		rc = 0;
	}
	mem_free(copy);
	testhost_unlock(host);
	return rc < 0 ? testhost_fail(host, rc, "out of memory") : 0;
}

/* The text of one part, and the version that the whole has because of it. */
static const char *text_of(const struct lk_test_host *host, const struct text_part *part,
                           uint64_t *version)
{
	if (part->kind != TEXT_SECRET)
		return part->text;
	const struct secret *s = find(host, part->text);
	if (s && s->version > *version)
		*version = s->version;
	return s ? s->text : NULL;
}

static int compose(const struct lk_test_host *host, const struct secret_text *from, char *buf,
                   size_t cap, uint64_t *ret_version)
{
	uint64_t version = 1;
	size_t bytes = 0;

	for (size_t i = 0; i < from->part_count; i++) {
		const char *text = text_of(host, &from->parts[i], &version);
		if (!text)
			return LK_ENOENT;
		size_t more = strlen(text);
		if (bytes + more < cap)
			memcpy(buf + bytes, text, more + 1);
		bytes += more;
	}
	if (buf && bytes >= cap)
		return LK_ETOOBIG;
	if (buf && from->part_count == 0)
		buf[0] = '\0';
	*ret_version = version;
	return (int)bytes;
}

int testhost_secret(struct lk_link *link, uint32_t secret, char *buf, size_t cap,
                    uint64_t *ret_version)
{
	struct lk_test_host *host = link->host;
	uint64_t version;

	testhost_lane(host, "secret()");
	if (secret == 0 || secret > link->values.secret_count) {
		testhost_violation(
			host, "secret() for the handle %u, which this link does not have", secret);
		return LK_ENOENT;
	}
	int rc = compose(host, &link->values.secrets[secret - 1], buf, cap, &version);
	if (rc >= 0 && ret_version)
		*ret_version = version;
	return rc;
}

const char *testhost_leaked(const struct lk_test_host *host, const void *bytes, size_t count)
{
	list_each(node, &host->secrets) {
		const struct secret *s = container_of(node, struct secret, node);
		size_t length = s->text ? strlen(s->text) : 0;
		if (length >= LEAK_BYTES_MIN && count >= length &&
		    memmem(bytes, count, s->text, length))
			return s->path;
	}
	return NULL;
}

void testhost_secrets_finish(struct lk_test_host *host)
{
	for (struct list *node; (node = list_pop(&host->secrets));) {
		struct secret *s = container_of(node, struct secret, node);
		forget_text(s);
		mem_free(s->path);
		mem_free(s);
	}
}
