/*
 * The systemd journal: events of the log as entries with native fields, so that
 * `journalctl CONNECTION=Orders` finds them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/log.h"

/* Whether a descriptor is the journal's: $JOURNAL_STREAM names its device and inode (systemd.exec(5)). */
bool journal_is(int fd);

/* A sink for log_divert().  0, or negative when the journal did not take it. */
int journal_send(enum log_level level, const struct log_field *fields, size_t count);
