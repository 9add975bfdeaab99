/* Whether the library's strings, laid end to end, are the head that came. */
#include <stdint.h>
#include <string.h>

#include "base/banned.h"
#include "httpd/exchange.h"

/* A NUL of the library's stands for each delimiter: a space, ":", CR and LF. */
enum { DELIMITER = 1, LINE_END = 2 };

struct walk {
	uintptr_t at; /* where the next line has to begin */
	bool exact;
};

static uintptr_t end_of(const char *text)
{
	return (uintptr_t)text + strlen(text);
}

static enum MHD_Result pass(void *arg, enum MHD_ValueKind kind, const char *name, const char *value)
{
	struct walk *w = arg;

	(void)kind;
	/* White space before the value is no part of it. */
	w->exact = w->exact && value && (uintptr_t)name == w->at &&
	           (uintptr_t)value >= end_of(name) + DELIMITER;
	if (w->exact)
		w->at = end_of(value) + LINE_END;
	return w->exact ? MHD_YES : MHD_NO;
}

bool exchange_head_is_odd(const struct exchange *exchange, const char *method, const char *version)
{
	const union MHD_ConnectionInfo *head =
		MHD_get_connection_info(exchange->mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
	const uintptr_t target = (uintptr_t)exchange->raw_target;
	struct walk w = {.at = end_of(version) + LINE_END};

	/* The target itself was decoded meanwhile, where it stood: its copy has the length. */
	w.exact = head && target == end_of(method) + DELIMITER &&
	          (uintptr_t)version == target + strlen(exchange->request.target) + DELIMITER;
	if (w.exact)
		MHD_get_connection_values(exchange->mhd, MHD_HEADER_KIND, pass, &w);
	return !w.exact || (uintptr_t)method + head->header_size != w.at + LINE_END;
}
