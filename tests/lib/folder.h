/* A temporary folder of files, for tests of what reads files; one at a time. */
#pragma once

#include <check.h>
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "schema/report.h"

static char folder_root[256];

static inline void folder_create(void)
{
	char made[] = "/tmp/linkspan-test-XXXXXX";

	ck_assert_ptr_nonnull(mkdtemp(made));
	/* Files are named as realpath() has them. */
	char *real = realpath(made, NULL);
	ck_assert_ptr_nonnull(real);
	snprintf(folder_root, sizeof(folder_root), "%s", real);
	free(real);
}

static inline int folder_unlink(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static inline void folder_destroy(void)
{
	ck_assert_int_eq(nftw(folder_root, folder_unlink, 8, FTW_DEPTH | FTW_PHYS), 0);
}

/* The absolute path of a name in it; good until the fourth call from now. */
static inline const char *folder_path(const char *name)
{
	static char paths[4][768];
	static unsigned turn;
	char *path = paths[turn++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", folder_root, name);
	return path;
}

/* Writes a file, and makes the folders above it. */
static inline void folder_write_bytes(const char *name, const void *data, size_t bytes)
{
	char path[768];

	snprintf(path, sizeof(path), "%s", folder_path(name));
	for (char *p = path + strlen(folder_root) + 1; (p = strchr(p, '/')); p++) {
		*p = '\0';
		ck_assert(mkdir(path, 0700) == 0 || errno == EEXIST);
		*p = '/';
	}
	FILE *f = fopen(path, "wb");
	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(data, 1, bytes, f), bytes);
	ck_assert_int_eq(fclose(f), 0);
}

static inline void folder_write(const char *name, const char *text)
{
	folder_write_bytes(name, text, strlen(text));
}

/* The report as a user sees it, with the folder's own path taken out of it. */
static inline const char *folder_print(const struct report *r)
{
	static char text[16384];
	char with_slash[sizeof(folder_root) + 1];
	struct buf b;
	size_t at = 0;

	snprintf(with_slash, sizeof(with_slash), "%s/", folder_root);
	buf_init(&b, BUF_MAX_TEXT);
	report_print(r, &b);
	ck_assert_int_eq(buf_failed(&b), BUF_OK);
	for (const char *p = buf_str(&b); *p && at < sizeof(text) - 1;) {
		if (folder_root[0] && strncmp(p, with_slash, strlen(with_slash)) == 0)
			p += strlen(with_slash);
		else
			text[at++] = *p++;
	}
	text[at] = '\0';
	buf_finish(&b);
	return text;
}
