/*
 * Changes of files, whole or not at all: the files of a change stand in the store's journal before the
 * first of them is touched, and a start finishes what is open there.
 *
 * Each file is written beside its place, synchronised, renamed over it, and its folder synchronised.
 * (Blocking; one thread at a time.)
 */
#pragma once

#include <stddef.h>

struct err;
struct store;
struct store_file;

/* Makes the files what they are to be; one that is so already is left alone.  A file that is neither as it was
 * before nor as it is to be was changed by somebody else: it is kept beside, as NAME~ (NAME~2 …), and the
 * log says so.  Missing folders are made; of a file that is removed nothing unfinished stays either.  0, ERR_IO:
 * some may be done, and the call can be repeated. */
int journal_write(const struct store_file *files, size_t count, struct err *e);

/* Carries out each open row of the store's journal, the oldest first. */
int journal_finish(struct store *store, struct err *e);
