/* Structured logging: one escaped line per event. */
#include "base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/clock.h"

static const char *const level_names[] = {"error", "warning", "info", "debug"};

static atomic_int most_level = LOG_LEVEL_WARNING;
static atomic_int line_format = LOG_FORMAT_TEXT;
static atomic_int line_fd = STDERR_FILENO;
static int (*divert)(enum log_level level, const struct log_field *fields, size_t count);

void log_configure(enum log_level most, enum log_format format, int fd)
{
	atomic_store(&most_level, (int)most);
	atomic_store(&line_format, (int)format);
	atomic_store(&line_fd, fd);
}

void log_divert(int (*sink)(enum log_level level, const struct log_field *fields, size_t count))
{
	divert = sink;
}

int log_enabled(enum log_level level)
{
	return (int)level <= atomic_load(&most_level);
}

static void add_escaped(struct buf *b, const char *s)
{
	buf_add_char(b, '"');
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;
		if (c == '"' || c == '\\')
			buf_printf(b, "\\%c", c);
		else if (c < 0x20 || c == 0x7f)
			buf_printf(b, "\\u%04x", c);
		else
			buf_add_char(b, (char)c);
	}
	buf_add_char(b, '"');
}

static int is_plain(const char *s)
{
	if (!*s)
		return 0;
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;
		if (c <= ' ' || c == '"' || c == '=' || c == '\\' || c == 0x7f)
			return 0;
	}
	return 1;
}

static void add_pair(struct buf *b, int json, const char *key, const char *value)
{
	if (json) {
		buf_add_str(b, b->len_bytes > 1 ? "," : "");
		add_escaped(b, key);
		buf_add_char(b, ':');
		add_escaped(b, value);
		return;
	}
	buf_printf(b, "%s%s=", b->len_bytes ? " " : "", key);
	if (is_plain(value))
		buf_add_str(b, value);
	else
		add_escaped(b, value);
}

void log_pairs(struct buf *b, const struct log_field *fields, size_t count)
{
	for (size_t i = 0; i < count; i++)
		add_pair(b, 0, fields[i].key, fields[i].value);
}

static void write_line(enum log_level level, const struct log_field *fields, size_t count)
{
	int json = atomic_load(&line_format) == LOG_FORMAT_JSON;
	char when[CLOCK_TEXT_BYTES];
	struct buf line;

	clock_format(clock_system.unix_ms(), when);
	buf_init(&line, BUF_MAX_LINE);
	buf_add_str(&line, json ? "{" : "");
	add_pair(&line, json, "time", when);
	add_pair(&line, json, "level", level_names[level]);
	for (size_t i = 0; i < count; i++)
		add_pair(&line, json, fields[i].key, fields[i].value);
	buf_add_str(&line, json ? "}\n" : "\n");
	if (!buf_failed(&line) && write(atomic_load(&line_fd), line.data, line.len_bytes) < 0) {
		/* Nobody is left to tell. */
	}
	buf_finish(&line);
}

void log_event(enum log_level level, const char *message, ...)
{
	struct log_field fields[LOG_FIELDS] = {{"message", message}};
	size_t count = 1;
	const char *key;
	va_list args;

	if (!log_enabled(level))
		return;
	va_start(args, message);
	while (count < LOG_FIELDS && (key = va_arg(args, const char *)) != NULL) {
		const char *value = va_arg(args, const char *);
		if (value)
			fields[count++] = (struct log_field){key, value};
	}
	va_end(args);
	if (!divert || divert(level, fields, count) < 0)
		write_line(level, fields, count);
}
