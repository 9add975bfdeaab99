/* Entries of the systemd journal. */
#define SD_JOURNAL_SUPPRESS_LOCATION
#include "journal/journal.h"

#include <stdio.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <systemd/sd-journal.h>

#include "base/banned.h"
#include "base/buf.h"

bool journal_is(int fd)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat st;
	char end;

	return stream && sscanf(stream, "%llu:%llu%c", &device, &inode, &end) == 2 &&
	       fstat(fd, &st) == 0 && (unsigned long long)st.st_dev == device &&
	       (unsigned long long)st.st_ino == inode;
}

/* What `journalctl` shows by itself: the message, and the other fields behind it. */
static void add_message(struct buf *text, const struct log_field *fields, size_t count)
{
	struct buf pairs;

	buf_init(&pairs, BUF_MAX_LINE);
	log_pairs(&pairs, fields + 1, count - 1);
	buf_printf(text, "MESSAGE=%s%s%s", fields[0].value, pairs.len_bytes ? " " : "",
	           buf_str(&pairs));
	buf_finish(&pairs);
}

/* The journal wants names in upper case. */
static void add_field(struct buf *text, const struct log_field *field)
{
	for (const char *at = field->key; *at; at++)
		buf_add_char(text, (char)(*at >= 'a' && *at <= 'z' ? *at - 'a' + 'A' : *at));
	buf_printf(text, "=%s", field->value);
}

int journal_send(enum log_level level, const struct log_field *fields, size_t count)
{
	/* Priorities of syslog(3). */
	static const char *const priorities[] = {
		[LOG_LEVEL_ERROR] = "PRIORITY=3",
		[LOG_LEVEL_WARNING] = "PRIORITY=4",
		[LOG_LEVEL_INFO] = "PRIORITY=6",
		[LOG_LEVEL_DEBUG] = "PRIORITY=7",
	};
	struct iovec parts[LOG_FIELDS + 1];
	size_t ends[LOG_FIELDS];
	struct buf text;

	buf_init(&text, BUF_MAX_LINE);
	for (size_t i = 0; i < count; i++) {
		if (i == 0)
			add_message(&text, fields, count);
		else
			add_field(&text, &fields[i]);
		ends[i] = text.len_bytes;
	}
	int rc = buf_failed(&text) ? -1 : 0;
	for (size_t i = 0; rc == 0 && i < count; i++) {
		size_t start = i ? ends[i - 1] : 0;
		parts[i] = (struct iovec){text.data + start, ends[i] - start};
	}
	parts[count].iov_base = (char *)(uintptr_t)priorities[level];
	parts[count].iov_len = strlen(priorities[level]);
	if (rc == 0)
		rc = sd_journal_sendv(parts, (int)count + 1);
	buf_finish(&text);
	return rc;
}
