/*
 * Secret references: `${secret:provider/path}`, resolved at use.
 *
 * Blocking (files; later helpers and Vault): called on the errand pool or in a command line, never
 * on a lane.  Adding a provider is adding a row to the table in secret.c.
 */
#pragma once

#include <stddef.h>

struct buf;
struct conf_host;
struct err;
struct text_part;

enum { SECRET_MAX_BYTES = 64 * 1024 };

/* Appends the resolved text of the parts.  0; ERR_NOT_FOUND or ERR_DENIED with the reference, never
 * its value, in e.  The caller wipes the buffer (buf_wipe). */
int secret_compose(const struct conf_host *host, const struct text_part *parts, size_t count,
                   struct buf *ret_text, struct err *e);

/* Whether "provider/path" is well formed and names a known provider; says what is known if not. */
int secret_check_reference(const char *reference, struct err *e);
