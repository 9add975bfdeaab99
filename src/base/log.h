/*
 * Structured logging: one line per event, `key=value` or JSON, to standard error, or whatever a sink makes
 * of it.
 *
 * Any thread.  A line is written with one system call.  Values are escaped, so that a message from
 * a peer cannot forge a line.  Secrets never come here.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct buf;

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };
enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };

struct log_field {
	const char *key, *value;
};

void log_configure(enum log_level most, enum log_format format, int fd);
/* Events go there instead, before any thread is started; negative: it could not be written, and becomes a
 * line after all.  The first field is "message". */
void log_divert(int (*sink)(enum log_level level, const struct log_field *fields, size_t count));
/* The fields as `key=value`, escaped, with spaces between. */
void log_pairs(struct buf *b, const struct log_field *fields, size_t count);
int log_enabled(enum log_level level);

/* log_event(LOG_LEVEL_INFO, "link opened", "connection", name, "environment", env, NULL)
 * Keys and values alternate; a NULL value leaves its key out; a NULL key ends the list.  At most
 * LOG_FIELDS fields, the message included, are taken. */
enum { LOG_FIELDS = 24 };
void log_event(enum log_level level, const char *message, ...) __attribute__((sentinel));
