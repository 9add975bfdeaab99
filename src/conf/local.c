/* Secrets that the host keeps itself, sealed in its state folder. */
#include "conf/local.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "conf/conf.h"
#include "conf/folder.h"
#include "conf/secret.h"
#include "crypto/keyfile.h"
#include "crypto/seal.h"
#include "schema/report.h"

_Static_assert((int)KEYFILE_BYTES == (int)SEAL_KEY_BYTES, "the file holds a key to seal with");

/* In front of what is sealed; the number is the version. */
static const char magic[] = "lksecret1";

enum {
	MAGIC_BYTES = sizeof(magic) - 1,
	SEALED_BYTES_MOST = MAGIC_BYTES + SECRET_MAX_BYTES + SEAL_EXTRA_BYTES,
	FILE_MODE = 0600,
	FOLDER_MODE = 0700,
};

bool local_is_name(const char *name)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_.-";
	size_t bytes = strlen(name);

	return bytes > 0 && bytes <= LOCAL_NAME_MOST && name[0] != '.' &&
	       strspn(name, allowed) == bytes;
}

/*
 * Where things are
 */

struct place {
	char key[FILE_PATH_BYTES], folder[FILE_PATH_BYTES], file[FILE_PATH_BYTES];
	char with[LOCAL_NAME_MOST + 16]; /* what is authenticated: the reference */
};

static int check_name(const char *name, struct err *e)
{
	if (local_is_name(name))
		return 0;
	return err_set(e, ERR_INVALID,
	               "\"%.80s\" is no name of a secret; what is allowed: letters, digits and "
	               "`_ . -`, no dot first, at most %d bytes",
	               name, LOCAL_NAME_MOST);
}

/* name NULL: the folder alone. */
static int find_place(const struct conf_host *host, const char *name, struct place *ret,
                      struct err *e)
{
	int rc = name ? check_name(name, e) : 0;

	if (rc < 0)
		return rc;
	if (!host->state)
		return err_set(e, ERR_INVALID, "there is no state folder");
	snprintf(ret->key, sizeof(ret->key), "%s/secrets.key", host->state);
	snprintf(ret->folder, sizeof(ret->folder), "%s/secrets", host->state);
	snprintf(ret->with, sizeof(ret->with), "local/%s", name ? name : "");
	int length = snprintf(ret->file, sizeof(ret->file), "%s/secrets/%s", host->state,
	                      name ? name : "secrets.key");
	if (length < 0 || (size_t)length >= sizeof(ret->file))
		return err_set(e, ERR_INVALID, "the path of the state folder is too long");
	return 0;
}

int local_path(const struct conf_host *host, const char *name, struct buf *ret, struct err *e)
{
	struct place place;

	int rc = find_place(host, name, &place, e);
	if (rc < 0)
		return rc;
	buf_add_str(ret, place.file);
	return buf_failed(ret) ? err_no_memory(e) : 0;
}

/*
 * Sealing
 */

int local_check(const char *name, const char *text, size_t bytes, struct err *e)
{
	int rc = check_name(name, e);

	if (rc < 0)
		return rc;
	if (bytes == 0)
		return err_set(e, ERR_INVALID, "the secret %s would be empty", name);
	if (bytes > SECRET_MAX_BYTES)
		return err_set(e, ERR_INVALID, "the secret %s is longer than %d bytes", name,
		               SECRET_MAX_BYTES);
	if (memchr(text, '\0', bytes))
		return err_set(e, ERR_INVALID, "the secret %s holds a NUL byte", name);
	return 0;
}

static int seal_at(const struct place *place, const char *text, size_t bytes, struct buf *ret,
                   struct err *e)
{
	uint8_t key[KEYFILE_BYTES];
	uint8_t *sealed = mem_alloc(bytes + SEAL_EXTRA_BYTES);

	if (!sealed)
		return err_no_memory(e);
	/* Whoever writes the file finds a folder that is closed to others. */
	int rc = file_make_folders(place->file, FOLDER_MODE, e);
	if (rc == 0)
		rc = keyfile_take(place->key, key, e);
	if (rc == 0) {
		seal(key, text, bytes, place->with, strlen(place->with), sealed);
		buf_add(ret, magic, MAGIC_BYTES);
		buf_add(ret, sealed, bytes + SEAL_EXTRA_BYTES);
		mem_wipe(key, sizeof(key));
		if (buf_failed(ret))
			rc = err_no_memory(e);
	}
	mem_free(sealed);
	return rc;
}

int local_seal(const struct conf_host *host, const char *name, const char *text, size_t bytes,
               struct buf *ret, struct err *e)
{
	struct place place;

	int rc = local_check(name, text, bytes, e);
	if (rc == 0)
		rc = find_place(host, name, &place, e);
	return rc < 0 ? rc : seal_at(&place, text, bytes, ret, e);
}

int local_set(const struct conf_host *host, const char *name, const char *text, size_t bytes,
              struct err *e)
{
	struct place place;
	struct buf sealed;

	int rc = local_check(name, text, bytes, e);
	if (rc == 0)
		rc = find_place(host, name, &place, e);
	if (rc < 0)
		return rc;
	buf_init(&sealed, SEALED_BYTES_MOST);
	rc = seal_at(&place, text, bytes, &sealed, e);
	if (rc == 0)
		rc = file_replace(place.file, sealed.data, sealed.len_bytes, FILE_MODE, e);
	buf_finish(&sealed);
	return rc;
}

/*
 * Opening
 */

static int not_there(const char *name, struct err *e)
{
	return err_set(e, ERR_NOT_FOUND,
	               "there is no secret local/%s; make it with: linkspan secret set %s", name,
	               name);
}

static int not_ours(const struct place *place, struct err *e)
{
	return err_set(e, ERR_INVALID,
	               "%s is not what was sealed under this name with the key in %s; set it anew",
	               place->file, place->key);
}

static int open_sealed(const struct place *place, const struct buf *sealed, struct buf *ret_text,
                       struct err *e)
{
	size_t least = MAGIC_BYTES + SEAL_EXTRA_BYTES;
	uint8_t key[KEYFILE_BYTES];

	if (sealed->len_bytes < least || memcmp(sealed->data, magic, MAGIC_BYTES) != 0)
		return not_ours(place, e);
	size_t bytes = sealed->len_bytes - least;
	char *text = mem_alloc(bytes + 1);
	if (!text)
		return err_no_memory(e);
	int rc = keyfile_read(place->key, key, e);
	if (rc == 0 && !seal_open(key, (const uint8_t *)sealed->data + MAGIC_BYTES,
	                          sealed->len_bytes - MAGIC_BYTES, place->with, strlen(place->with),
	                          (uint8_t *)text))
		rc = not_ours(place, e);
	else if (rc == 0)
		buf_add(ret_text, text, bytes);
	mem_wipe(key, sizeof(key));
	mem_wipe(text, bytes);
	mem_free(text);
	/* There is the secret, but nothing to open it with: it is not what was asked for that is missing. */
	return rc == ERR_NOT_FOUND ? ERR_INVALID : rc;
}

int local_fetch(const struct conf_host *host, const char *name, struct buf *ret_text, struct err *e)
{
	struct err why = {0};
	struct place place;
	struct buf sealed;

	int rc = find_place(host, name, &place, e);
	if (rc < 0)
		return rc;
	buf_init(&sealed, SEALED_BYTES_MOST);
	rc = file_load(place.file, SEALED_BYTES_MOST, &sealed, &why);
	if (rc == 0)
		rc = open_sealed(&place, &sealed, ret_text, e);
	else if (rc == ERR_NOT_FOUND)
		not_there(name, e);
	else
		err_set(e, rc, "%s", why.text);
	buf_finish(&sealed);
	return rc;
}

/*
 * Removing, and looking what there is
 */

int local_remove(const struct conf_host *host, const char *name, struct err *e)
{
	struct err reason = {0};
	struct place place;

	int rc = find_place(host, name, &place, e);
	if (rc < 0)
		return rc;
	rc = file_remove(place.file, &reason);
	if (rc == ERR_NOT_FOUND)
		return not_there(name, e);
	return rc < 0 ? err_set(e, rc, "%s", reason.text) : 0;
}

static void tell(const struct place *place, const char *name,
                 void (*each)(void *arg, const char *name, long long changed_ms), void *arg)
{
	char path[FILE_PATH_BYTES];
	struct stat st;

	int length = snprintf(path, sizeof(path), "%s/%s", place->folder, name);
	if (length < 0 || (size_t)length >= sizeof(path) || !local_is_name(name) ||
	    lstat(path, &st) < 0)
		return;
	each(arg, name, (long long)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000);
}

int local_list(const struct conf_host *host,
               void (*each)(void *arg, const char *name, long long changed_ms), void *arg,
               struct err *e)
{
	const char *const *names = NULL;
	struct report report;
	struct arena arena;
	struct place place;
	size_t count = 0;

	int rc = find_place(host, NULL, &place, e);
	if (rc < 0)
		return rc;
	arena_init(&arena);
	report_init(&report);
	rc = folder_list(&arena, place.folder, FOLDER_FILES, &report, &names, &count);
	if (rc == ERR_NOT_FOUND)
		rc = 0;
	else if (rc == ERR_NO_MEMORY || report.out_of_memory)
		rc = err_no_memory(e);
	else if (rc < 0)
		err_set(e, rc, "%s: %s", place.folder, report.faults[0].text);
	for (size_t i = 0; rc == 0 && i < count; i++)
		tell(&place, names[i], each, arg);
	report_finish(&report);
	arena_finish(&arena);
	return rc;
}
