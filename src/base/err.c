/* Errors: codes, sentences, and the table that maps codes to exit and HTTP status. */
#include "base/err.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/banned.h"

static const struct code_row {
	int code;
	const char *name;
	int exit_status;
	int http_status;
} codes[] = {
	{ERR_NONE, "ok", 0, 200},
	{ERR_FAILED, "failed", 1, 500},
	{ERR_USAGE, "usage", 2, 400},
	{ERR_NOT_FOUND, "not_found", 3, 404},
	{ERR_DENIED, "denied", 4, 403},
	{ERR_CONFLICT, "conflict", 5, 409},
	{ERR_UNREACHABLE, "unreachable", 6, 503},
	{ERR_INVALID, "invalid", 7, 422},
	{ERR_PARTLY, "partly", 8, 500},
	{ERR_INTERRUPTED, "interrupted", 130, 503},
	{ERR_NO_MEMORY, "no_memory", 1, 503},
	{ERR_IO, "io", 1, 503},
	{ERR_BUSY, "busy", 1, 503},
	{ERR_TIMEOUT, "timeout", 1, 504},
};

static const struct code_row *row_of(int code)
{
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (codes[i].code == code)
			return &codes[i];
	return &codes[1];
}

const char *err_name(int code)
{
	return row_of(code)->name;
}

int err_exit_status(int code)
{
	return row_of(code)->exit_status;
}

int err_http_status(int code)
{
	return row_of(code)->http_status;
}

int err_vset(struct err *e, int code, const char *format, va_list args)
{
	if (e && e->code == 0) {
		e->code = code;
		vsnprintf(e->text, sizeof(e->text), format, args);
	}
	return code;
}

int err_set(struct err *e, int code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	err_vset(e, code, format, args);
	va_end(args);
	return code;
}

int err_set_errno(struct err *e, int code, const char *format, ...)
{
	int saved = errno;
	va_list args;

	if (!e || e->code != 0)
		return code;
	va_start(args, format);
	err_vset(e, code, format, args);
	va_end(args);

	char reason[128];
	size_t length = strlen(e->text);
	snprintf(e->text + length, sizeof(e->text) - length, ": %s",
	         strerror_r(saved, reason, sizeof(reason)));
	return code;
}

int err_no_memory(struct err *e)
{
	return err_set(e, ERR_NO_MEMORY, "out of memory");
}

void err_prefix(struct err *e, const char *format, ...)
{
	char prefix[ERR_TEXT_BYTES], text[2 * ERR_TEXT_BYTES + 2];
	va_list args;

	if (!e)
		return;
	va_start(args, format);
	vsnprintf(prefix, sizeof(prefix), format, args);
	va_end(args);
	snprintf(text, sizeof(text), "%s: %s", prefix, e->text);
	memcpy(e->text, text, sizeof(e->text) - 1);
	e->text[sizeof(e->text) - 1] = '\0';
}

void err_clear(struct err *e)
{
	if (e)
		*e = (struct err){0};
}
