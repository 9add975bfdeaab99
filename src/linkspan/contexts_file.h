/* The file of the contexts: where it is, who may write to it, replacing it whole. */
#pragma once

struct arena;
struct buf;
struct err;

int contexts_file_path(struct arena *a, const char **ret, struct err *e);
/* No file: an empty text. */
int contexts_file_read(const char *path, struct buf *ret_text, struct err *e);
/* Makes the folder if need be (0700); the file is 0600. */
int contexts_file_write(const char *path, const struct buf *text, struct err *e);
