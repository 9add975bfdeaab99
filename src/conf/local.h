/*
 * The secret provider `local`: `${secret:local/NAME}` is a file STATE/secrets/NAME, sealed with the key in
 * STATE/secrets.key, which is made when it is needed first.  (XChaCha20-Poly1305 by crypto/seal.h; the
 * name is authenticated with it, so that files cannot be exchanged for each other.)
 *
 * Blocking; any thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct conf_host;
struct err;

enum { LOCAL_NAME_MOST = 100 };

/* [A-Za-z0-9_.-], no dot first, at most LOCAL_NAME_MOST bytes. */
bool local_is_name(const char *name);
/* Appends the path of its file, there or not.  ERR_INVALID: it is no name. */
int local_path(const struct conf_host *host, const char *name, struct buf *ret, struct err *e);
/* Appends what the file has to hold, and makes the key and the folder.  ERR_INVALID: no text, more than SECRET_MAX_BYTES, or a NUL byte in it. */
int local_seal(const struct conf_host *host, const char *name, const char *text, size_t bytes,
               struct buf *ret, struct err *e);
/* Appends the text.  ERR_NOT_FOUND; ERR_INVALID: it is not what was sealed under that name. */
int local_fetch(const struct conf_host *host, const char *name, struct buf *ret_text,
                struct err *e);
/* What local_seal() and local_set() refuse, and nothing else.  ERR_INVALID. */
int local_check(const char *name, const char *text, size_t bytes, struct err *e);
/* Seals and writes, or removes.  ERR_NOT_FOUND. */
int local_set(const struct conf_host *host, const char *name, const char *text, size_t bytes,
              struct err *e);
int local_remove(const struct conf_host *host, const char *name, struct err *e);
/* Each name, in its order, with the time of its file (Unix time).  No folder: no names. */
int local_list(const struct conf_host *host,
               void (*each)(void *arg, const char *name, long long changed_ms), void *arg,
               struct err *e);
