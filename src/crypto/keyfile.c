/* Keys in files. */
#include "crypto/keyfile.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "crypto/random.h"

/* One who made the file may read it later, and nobody else; root reads what it will. */
static int read_key(int fd, const char *path, uint8_t *ret, struct err *e)
{
	uint8_t key[KEYFILE_BYTES];
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_set_errno(e, ERR_IO, "cannot read %s", path);
	if (!S_ISREG(st.st_mode) || (st.st_uid != geteuid() && geteuid() != 0) ||
	    (st.st_mode & 077))
		return err_set(e, ERR_INVALID,
		               "%s must be a file of the host's own user with mode 0600", path);
	if (st.st_size != sizeof(key) || read(fd, key, sizeof(key)) != sizeof(key))
		return err_set(e, ERR_INVALID, "%s is not a key of %zu bytes", path, sizeof(key));
	memcpy(ret, key, sizeof(key));
	mem_wipe(key, sizeof(key));
	return 0;
}

int keyfile_read(const char *path, uint8_t *ret, struct err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd < 0)
		return errno == ENOENT ? err_set(e, ERR_NOT_FOUND, "there is no key %s", path)
		                       : err_set_errno(e, ERR_IO, "cannot open %s", path);
	int rc = read_key(fd, path, ret, e);
	close(fd);
	return rc;
}

/* Of two who make it at once, one does, and both use its key. */
int keyfile_take(const char *path, uint8_t *ret, struct err *e)
{
	uint8_t key[KEYFILE_BYTES];
	struct err none = {0};

	int rc = keyfile_read(path, ret, &none);
	if (rc == 0)
		return 0;
	if (rc != ERR_NOT_FOUND)
		return err_set(e, rc, "%s", none.text);
	rc = crypto_init(e);
	if (rc < 0)
		return rc;
	random_bytes(key, sizeof(key));
	err_clear(&none);
	rc = file_create(path, key, sizeof(key), 0600, &none);
	if (rc == 0)
		memcpy(ret, key, sizeof(key));
	else if (rc == ERR_CONFLICT)
		rc = keyfile_read(path, ret, e);
	else
		err_set(e, rc, "%s", none.text);
	mem_wipe(key, sizeof(key));
	return rc;
}
