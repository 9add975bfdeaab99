/* What jq says, made short and for people. */
#pragma once

#include <stddef.h>

enum { MESSAGE_RAW_BYTES = 1024 }; /* more than is ever shown */

struct message {
	char text[MESSAGE_RAW_BYTES];
	size_t bytes;
};

/* Appended, as far as there is room. */
void message_add(struct message *m, const char *text, size_t bytes);
void message_printf(struct message *m, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* One complaint of the compiler, as jq writes it: "jq: error: … at <top-level>, line 3:" and the source.
 * last_line: of the program; what is beyond it is the end of the wrapping. */
void message_add_compile(struct message *m, const char *text, unsigned last_line);
/* An error at run time. */
void message_add_run(struct message *m, const char *text, size_t bytes);
