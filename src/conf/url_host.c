/* The host in the text of a URL. */
#include "conf/url_host.h"

#include <stdio.h>
#include <string.h>

#include "base/banned.h"

void url_host(const char *url, char *text, size_t text_bytes)
{
	const char *start = url ? strstr(url, "://") : NULL, *end;

	text[0] = '\0';
	if (!start)
		return;
	start += 3;
	/* A template begins with a brace, a variable with a dollar sign before it. */
	for (end = start; *end && !strchr("/?#", *end) && (*end != '{' || end[-1] == '$'); end++)
		if (*end == '@')
			start = end + 1;
	snprintf(text, text_bytes, "%.*s", (int)(end - start), start);
}
