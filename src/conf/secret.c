/* Secret providers: a table of who resolves what. */
#include "conf/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "conf/conf.h"
#include "conf/local.h"
#include "schema/node.h"

enum { PATH_BYTES = 4096, NAME_MAX_CHARS = 255 };

struct provider {
	const char *name;
	const char *rule; /* of the path, for people */
	bool (*is_path)(const char *path);
	/* Appends the text; says in e what is wrong, never what was read. */
	int (*fetch)(const struct conf_host *host, const char *path, struct buf *ret_text,
	             struct err *e);
};

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool env_is_path(const char *path)
{
	size_t i = 0;

	while (is_alnum(path[i]) || path[i] == '_')
		i++;
	return i > 0 && path[i] == '\0' && !(path[0] >= '0' && path[0] <= '9');
}

static int env_fetch(const struct conf_host *host, const char *path, struct buf *ret_text,
                     struct err *e)
{
	const char *value = getenv(path);

	(void)host;
	if (!value)
		return err_set(e, ERR_NOT_FOUND, "the environment variable %s is not set", path);
	buf_add_str(ret_text, value);
	return 0;
}

static bool file_is_path(const char *path)
{
	size_t i = 0;

	while (is_alnum(path[i]) || (path[i] && strchr("_.-", path[i])))
		i++;
	return i > 0 && i <= NAME_MAX_CHARS && path[i] == '\0' && path[0] != '.';
}

static int check_secret_file(int fd, const char *file, struct err *e)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_set_errno(e, ERR_IO, "%s", file);
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_DENIED, "%s is not a plain file", file);
	if (st.st_mode & (S_IROTH | S_IWOTH))
		return err_set(e, ERR_DENIED, "%s is open to everybody; mend it: chmod 600 %s",
		               file, file);
	return 0;
}

static int open_secret_file(const char *file, struct err *e)
{
	int fd = open(file, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0 && errno == ELOOP)
		return err_set(e, ERR_DENIED, "%s is a symbolic link; a secret is a plain file",
		               file);
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return err_set(e, ERR_NOT_FOUND, "there is no file %s", file);
	if (fd < 0)
		return err_set_errno(e, errno == EACCES ? ERR_DENIED : ERR_IO, "%s", file);
	int rc = check_secret_file(fd, file, e);
	if (rc < 0)
		close(fd);
	return rc < 0 ? rc : fd;
}

/* Editors and `echo` end a file with a newline that nobody means. */
static void strip_newline(struct buf *text)
{
	if (text->len_bytes > 0 && text->data[text->len_bytes - 1] == '\n')
		buf_cut(text, text->len_bytes - 1);
}

static int file_fetch(const struct conf_host *host, const char *path, struct buf *ret_text,
                      struct err *e)
{
	char file[PATH_BYTES];

	int length = snprintf(file, sizeof(file), "%s/%s", host->secrets, path);
	if (length < 0 || (size_t)length >= sizeof(file))
		return err_set(e, ERR_NOT_FOUND, "the path of the secret's file is too long");
	int fd = open_secret_file(file, e);
	if (fd < 0)
		return fd;
	int rc = file_read(fd, ret_text);
	if (rc < 0)
		err_set_errno(e, rc, "%s", file);
	if (rc == 0)
		strip_newline(ret_text);
	close(fd);
	return rc;
}

static const struct provider providers[] = {
	{"env", "`secret:env/NAME` with letters, digits and `_`, no digit first", env_is_path,
         env_fetch},
	{"file", "`secret:file/NAME` with letters, digits and `_ . -`, no dot first, no folders",
         file_is_path, file_fetch},
	{"local",
         "`secret:local/NAME` with letters, digits and `_ . -`, no dot first, at most 100 bytes",
         local_is_name, local_fetch},
};

enum { PROVIDERS = sizeof(providers) / sizeof(providers[0]) };

/* *ret_path is what stands behind the provider.  NULL: no such provider. */
static const struct provider *find_provider(const char *reference, const char **ret_path)
{
	for (size_t i = 0; i < PROVIDERS; i++) {
		size_t length = strlen(providers[i].name);
		if (strncmp(reference, providers[i].name, length) == 0 &&
		    reference[length] == '/') {
			*ret_path = reference + length + 1;
			return &providers[i];
		}
	}
	return NULL;
}

static int no_provider(const char *reference, struct err *e)
{
	char known[128] = "";
	size_t at = 0;

	for (size_t i = 0; i < PROVIDERS && at < sizeof(known); i++)
		at += (size_t)snprintf(known + at, sizeof(known) - at, "%s%s", i ? ", " : "",
		                       providers[i].name);
	return err_set(
		e, ERR_INVALID,
		"`${secret:%.80s}` names no provider; write `${secret:PROVIDER/PATH}`, where "
		"PROVIDER is one of: %s",
		reference, known);
}

int secret_check_reference(const char *reference, struct err *e)
{
	const char *path;
	const struct provider *provider = find_provider(reference, &path);

	if (!provider)
		return no_provider(reference, e);
	if (!provider->is_path(path))
		return err_set(e, ERR_INVALID, "`${secret:%.80s}` is malformed; write %s",
		               reference, provider->rule);
	return 0;
}

/* A secret that is empty, or would be cut by whoever takes it for a C string, is a mistake. */
static int check_text(const char *reference, const struct buf *text, struct err *e)
{
	if (buf_failed(text) == BUF_NO_MEMORY)
		return err_no_memory(e);
	if (buf_failed(text) || text->len_bytes > SECRET_MAX_BYTES)
		return err_set(e, ERR_DENIED, "${secret:%s}: is longer than %d bytes", reference,
		               SECRET_MAX_BYTES);
	if (text->len_bytes == 0)
		return err_set(e, ERR_NOT_FOUND, "${secret:%s}: is empty", reference);
	if (memchr(text->data, '\0', text->len_bytes))
		return err_set(e, ERR_DENIED, "${secret:%s}: holds a NUL byte", reference);
	return 0;
}

static int fetch(const struct conf_host *host, const char *reference, struct buf *ret_text,
                 struct err *e)
{
	const char *path;
	struct buf text;

	int rc = secret_check_reference(reference, e);
	if (rc < 0)
		return rc;
	const struct provider *provider = find_provider(reference, &path);
	/* One more for the newline that is taken off. */
	buf_init(&text, SECRET_MAX_BYTES + 1);
	rc = provider->fetch(host, path, &text, e);
	if (rc < 0)
		err_prefix(e, "${secret:%s}", reference);
	else
		rc = check_text(reference, &text, e);
	if (rc == 0)
		buf_add(ret_text, text.data, text.len_bytes);
	buf_wipe(&text);
	buf_finish(&text);
	return rc;
}

int secret_compose(const struct conf_host *host, const struct text_part *parts, size_t count,
                   struct buf *ret_text, struct err *e)
{
	for (size_t i = 0; i < count; i++) {
		if (parts[i].kind != TEXT_SECRET) {
			buf_add_str(ret_text, parts[i].text);
			continue;
		}
		int rc = fetch(host, parts[i].text, ret_text, e);
		if (rc < 0)
			return rc;
	}
	if (buf_failed(ret_text) == BUF_NO_MEMORY)
		return err_no_memory(e);
	if (buf_failed(ret_text))
		return err_set(e, ERR_DENIED, "the text with its secrets put in is too long");
	return 0;
}
