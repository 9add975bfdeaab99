/* A bundle that is put together byte by byte and read; what is wrong with it must be said. */
#pragma once

#include "base/err.h"
#include "core/bundle/bundle.h"
#include "suite.h"
#include "zip_bytes.h"

enum { MOST = 80 << 20 };

static struct zip_parts parts;
static struct buf zip;

static inline int read_it(struct err *e)
{
	struct bundle b;

	*e = (struct err){0};
	int rc = bundle_read(zip.data, zip.len_bytes, NULL, &b, e);
	bundle_finish(&b);
	return rc;
}

static inline void assert_refused(const char *text)
{
	struct err e;

	ck_assert_int_eq(read_it(&e), ERR_INVALID);
	ck_assert_msg(strstr(e.text, text) != NULL, "%s", e.text);
}

static inline void begin(void)
{
	buf_init(&zip, MOST);
	zip_start(&parts);
}
