/* Reading bundles. */
#include "base/banned.h"
#include "base/buf.h"
#include "base/err.h"
#include "core/bundle/bundle_impl.h"
#include "crypto/passphrase.h"
#include "json/json.h"

enum { SEALED_BYTES_MORE = 1 << 20 }; /* headers of the archive and of chunks of the seal */

bool bundle_is_sealed(const void *bytes, size_t size_bytes)
{
	return passphrase_is_sealed(bytes, size_bytes);
}

static int read_plain(struct bundle *b, const void *zip, size_t size_bytes, struct err *e)
{
	struct bundle_entries entries;

	int rc = bundle_frame_read(&b->arena, zip, size_bytes, &entries, e);
	if (rc == 0)
		rc = bundle_archive_read(b, zip, size_bytes, &entries, e);
	if (rc == 0)
		rc = bundle_check_entries(b->owned[0], &entries, e);
	return rc < 0 ? rc : bundle_take_documents(b, &entries, e);
}

static int read_sealed(struct bundle *b, const void *bytes, size_t size_bytes,
                       const char *passphrase, struct err *e)
{
	struct buf zip;

	if (!passphrase)
		return err_set(e, ERR_DENIED,
		               "the bundle is sealed: it can be read with its "
		               "passphrase alone");
	buf_init(&zip, BUNDLE_BYTES_MOST + SEALED_BYTES_MORE);
	int rc = passphrase_open(passphrase, bytes, size_bytes, &zip, e);
	if (rc == 0)
		rc = read_plain(b, zip.data, zip.len_bytes, e);
	buf_wipe(&zip);
	buf_finish(&zip);
	return rc;
}

int bundle_read(const void *bytes, size_t size_bytes, const char *passphrase, struct bundle *ret,
                struct err *e)
{
	*ret = (struct bundle){0};
	arena_init(&ret->arena);
	if (size_bytes > BUNDLE_BYTES_MOST)
		return err_set(e, ERR_INVALID, "the bundle is too large: at most %d bytes are read",
		               BUNDLE_BYTES_MOST);
	if (bundle_is_sealed(bytes, size_bytes))
		return read_sealed(ret, bytes, size_bytes, passphrase, e);
	return read_plain(ret, bytes, size_bytes, e);
}

void bundle_finish(struct bundle *b)
{
	for (size_t i = 0; i < b->owned_count; i++)
		json_free(b->owned[i]);
	arena_wipe(&b->arena);
	*b = (struct bundle){0};
	arena_init(&b->arena);
}
