/*
 * Errors: one negative code and one sentence for people, filled in once, where the cause is known.
 *
 * Functions that can fail return 0 or an ERR_ code, leave their outputs untouched on failure, and
 * take a struct err * last, which may be NULL.  The one table of codes maps them to the exit status
 * of programs and to the status of HTTP answers.
 */
#pragma once

#include <stdarg.h>

enum {
	ERR_NONE = 0,
	ERR_FAILED = -1, /* tried, and it did not work */
	ERR_USAGE = -2,  /* the command line or request is malformed */
	ERR_NOT_FOUND = -3,
	ERR_DENIED = -4,      /* not allowed */
	ERR_CONFLICT = -5,    /* the present state does not permit it */
	ERR_UNREACHABLE = -6, /* no daemon */
	ERR_INVALID = -7,     /* a definition has faults */
	ERR_PARTLY = -8,      /* some of it done */
	ERR_INTERRUPTED = -9,
	ERR_NO_MEMORY = -10,
	ERR_IO = -11,   /* a file or a socket failed */
	ERR_BUSY = -12, /* no room now; later, yes */
	ERR_TIMEOUT = -13,
};

enum { ERR_TEXT_BYTES = 1024 };

struct err {
	int code;
	char text[ERR_TEXT_BYTES];
};

/* Fills in e, unless it holds an error already, and returns code. */
int err_set(struct err *e, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));
int err_vset(struct err *e, int code, const char *format, va_list args)
	__attribute__((format(printf, 3, 0)));
/* The same with ": " and the text of errno at the end. */
int err_set_errno(struct err *e, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
int err_no_memory(struct err *e);
/* Puts "prefix: " before the text. */
void err_prefix(struct err *e, const char *format, ...) __attribute__((format(printf, 2, 3)));
void err_clear(struct err *e);

const char *err_name(int code); /* a stable token such as "not_found" */
int err_exit_status(int code);  /* of a program */
int err_http_status(int code);  /* of an HTTP answer */
