/* What the completions of all shells share. */
#include "linkspan/completion.h"

#include <stdio.h>

#include "base/banned.h"
#include "base/buf.h"
#include "linkspan/command.h"

const char *completion_name(const struct command *c, char *text)
{
	snprintf(text, COMPLETION_NAME_BYTES, "%s%s%s", c->noun, c->verb ? " " : "",
	         c->verb ? c->verb : "");
	return text;
}

bool completion_is_repeated(size_t command)
{
	for (size_t i = 0; i < command; i++)
		if (strcmp(commands[i].noun, commands[command].noun) == 0)
			return true;
	return false;
}

void completion_quote(struct buf *b, const char *text, const char *escape)
{
	buf_add_char(b, '\'');
	for (; *text; text++) {
		if (*text == '\'')
			buf_add_str(b, escape);
		else
			buf_add_char(b, *text);
	}
	buf_add_char(b, '\'');
}
