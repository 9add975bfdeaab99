/*
 * Structured logging: one line per event, `key=value` or JSON, to standard error.
 *
 * Any thread.  A line is written with one system call.  Values are escaped, so that a message from
 * a peer cannot forge a line.  Secrets never come here.
 */
#pragma once

#include <stdint.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };
enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };

void log_configure(enum log_level most, enum log_format format, int fd);
int log_enabled(enum log_level level);

/* log_event(LOG_LEVEL_INFO, "link opened", "connection", name, "environment", env, NULL)
 * Keys and values alternate; a NULL value leaves its key out; a NULL key ends the list. */
void log_event(enum log_level level, const char *message, ...) __attribute__((sentinel));
