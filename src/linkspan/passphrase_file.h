/* The passphrase that --passphrase-file names. */
#pragma once

struct buf;
struct cli;
struct err;

/* *ret: in the buffer, which the caller wipes; NULL when the option is not given.  A line break at the end is
 * left out; - is standard input.  ERR_NOT_FOUND, ERR_IO, ERR_INVALID: there is no text in it. */
int passphrase_file_read(const struct cli *cli, struct buf *text, const char **ret, struct err *e);
