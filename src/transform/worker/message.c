/* The phrases of jq, and what stands for them. */
#include "transform/worker/message.h"

#include <stdarg.h>
#include <string.h>

#include "base/banned.h"

void message_add(struct message *m, const char *text, size_t bytes)
{
	size_t room = sizeof(m->text) - m->bytes;

	if (bytes > room)
		bytes = room;
	memcpy(m->text + m->bytes, text, bytes);
	m->bytes += bytes;
}

void message_printf(struct message *m, const char *format, ...)
{
	char text[MESSAGE_RAW_BYTES];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	message_add(m, text, strlen(text));
}

/* The compiler's words; the longer ones before those that they begin with. */
static const struct {
	const char *said, *meant;
} words[] = {
	{" (Unix shell quoting issues?)", ""},
	{"unexpected INVALID_CHARACTER", "unexpected character"},
	{"unexpected $end", "unexpected end of the program"},
	{"unexpected IDENT", "unexpected name"},
	{"unexpected FIELD", "unexpected field"},
	{"unexpected LITERAL", "unexpected number"},
	{"unexpected FORMAT", "unexpected format"},
	{"unexpected QQSTRING_START", "unexpected string"},
	{"INVALID_CHARACTER", "a character"},
	{"QQSTRING_START", "a string"},
	{"IDENT", "a name"},
	{"FIELD", "a field"},
	{"LITERAL", "a number"},
	{"FORMAT", "a format"},
	{"$end", "the end"},
};

static void add_translated(struct message *m, const char *text, size_t bytes)
{
	const char *end = text + bytes;

	while (text < end) {
		size_t i = 0, length = 0;
		for (; i < sizeof(words) / sizeof(words[0]); i++) {
			length = strlen(words[i].said);
			if (length <= (size_t)(end - text) &&
			    memcmp(text, words[i].said, length) == 0)
				break;
		}
		if (i < sizeof(words) / sizeof(words[0])) {
			message_printf(m, "%s", words[i].meant);
			text += length;
		} else {
			message_add(m, text++, 1);
		}
	}
}

/* jq quotes the text it was parsing, however long it is. */
static size_t before_quote(const char *text, size_t bytes)
{
	const char *quote = memmem(text, bytes, " (while parsing '", 17);

	return quote ? (size_t)(quote - text) : bytes;
}

void message_add_compile(struct message *m, const char *text, unsigned last_line)
{
	static const char prefix[] = "jq: error: ", place[] = " at <top-level>, line ";
	static const char at_end[] = "syntax error, unexpected ')'";
	unsigned line = 0;

	if (strncmp(text, prefix, sizeof(prefix) - 1) == 0)
		text += sizeof(prefix) - 1;
	const char *where = strstr(text, place);
	size_t bytes = where ? (size_t)(where - text) : strlen(text);
	if (where)
		line = (unsigned)strtoul(where + sizeof(place) - 1, NULL, 10);
	bytes = before_quote(text, bytes);

	if (m->bytes > 0)
		message_printf(m, "; ");
	if (line > 0)
		message_printf(m, "line %u: ", line > last_line ? last_line : line);
	if (line > last_line && strncmp(text, at_end, sizeof(at_end) - 1) == 0)
		message_printf(m, "syntax error, unexpected end of the program");
	else
		add_translated(m, text, bytes);
}

void message_add_run(struct message *m, const char *text, size_t bytes)
{
	message_add(m, text, before_quote(text, bytes));
}
