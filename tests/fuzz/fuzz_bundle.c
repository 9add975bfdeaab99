/* Any bytes as an export bundle: refused with a sentence, or read; and what was read is written and read
 * again.  Sealed ones are left out: making their key would take all of the time. */
#include <stdlib.h>

#include "base/buf.h"
#include "base/err.h"
#include "core/bundle/bundle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void must(bool truth)
{
	if (!truth)
		abort();
}

static bool has_keys(const struct bundle *b)
{
	for (size_t i = 0; i < b->file_count; i++)
		if (b->files[i].kind == BUNDLE_PRIVATE_KEY || b->files[i].kind == BUNDLE_KEY_STORE)
			return true;
	return false;
}

/* A text may be made longer by its escapes, and a document then be too large: that alone may be. */
static void write_again(const struct bundle *b)
{
	struct bundle again;
	struct buf zip;

	buf_init(&zip, 2 * (size_t)BUNDLE_BYTES_MOST);
	int rc = bundle_write(b, NULL, &zip, NULL);
	must(rc == 0 || rc == ERR_INVALID);
	if (rc == 0) {
		must(bundle_read(zip.data, zip.len_bytes, NULL, &again, NULL) == 0);
		must(again.connection_count == b->connection_count);
		must(again.file_count == b->file_count);
		must(again.need_count == b->need_count);
		bundle_finish(&again);
	}
	buf_finish(&zip);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct bundle b;
	struct err e = {0};

	if (bundle_is_sealed(data, bytes))
		return 0;
	int rc = bundle_read(data, bytes, NULL, &b, &e);
	must(rc == 0 || rc == ERR_INVALID);
	must(rc == e.code);
	if (rc == 0 && !has_keys(&b))
		write_again(&b);
	bundle_finish(&b);
	return 0;
}
