/* Any bytes as JSON: the reader and the validity check agree, and what was read is written and read
 * again as the same text. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "json/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void must(bool truth)
{
	if (!truth)
		abort();
}

static void write_json(const struct json *v, struct buf *b)
{
	buf_init(b, BUF_MAX_TEXT);
	must(json_write(v, 0, b) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct json *first = NULL, *second = NULL;
	struct buf once, twice;

	if (json_read((const char *)data, bytes, &first, NULL) < 0)
		return 0;
	must(json_valid(data, bytes));
	write_json(first, &once);
	must(json_read(once.data, once.len_bytes, &second, NULL) == 0);
	write_json(second, &twice);
	must(strcmp(buf_str(&once), buf_str(&twice)) == 0);
	buf_finish(&once);
	buf_finish(&twice);
	json_free(first);
	json_free(second);
	return 0;
}
