/* The first pass over a definition's text: refuses what libconfig should not see. */
#include "conf/screen.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/banned.h"
#include "base/err.h"
#include "base/mem.h"
#include "schema/report.h"
#include "json/utf8.h"

enum { FAULTS_MAX = 20, NUMBER_MAX_BYTES = 40 };

/* A setting name that a group has already. */
struct seen {
	struct seen *next;
	const char *name;
	size_t bytes;
	unsigned line;
};

/* One open bracket; the first frame is the file itself. */
struct frame {
	char bracket;
	unsigned line;
	struct seen *names;
};

struct screener {
	struct arena *arena;
	struct report *report;
	const char *file;
	const char *at;
	unsigned line;
	struct frame frames[SCREEN_DEPTH_MAX + 1];
	size_t depth;
	size_t names;
	size_t faults;
	char last; /* first character of the token before; 0: none */
	bool no_memory;
	struct screen out;
	size_t item_cap;
};

static void fault(struct screener *s, unsigned line, const char *key, const char *code,
                  const char *format, ...) __attribute__((format(printf, 5, 6)));

static void fault(struct screener *s, unsigned line, const char *key, const char *code,
                  const char *format, ...)
{
	va_list args;

	va_start(args, format);
	char *text = arena_vprintf(s->arena, format, args);
	va_end(args);
	s->faults++;
	if (!text)
		s->no_memory = true;
	else
		report_add_at(s->report, LK_FAULT_ERROR, s->file, line, key, code, "%s", text);
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* As libconfig's scanner has it; the schema refuses the stars. */
static bool is_name_char(char c)
{
	return is_letter(c) || is_digit(c) || c == '_' || c == '-' || c == '*';
}

static bool in_group(const struct screener *s)
{
	char bracket = s->frames[s->depth].bracket;

	return bracket == '\0' || bracket == '{';
}

static bool expects_value(const struct screener *s)
{
	return s->last == '=' || s->last == ':';
}

static bool check_bytes(struct screener *s, const char *text, size_t bytes)
{
	unsigned line = 1;

	for (size_t i = 0; i < bytes;) {
		size_t step = utf8_step((const unsigned char *)text + i, bytes - i);
		if (step == 0) {
			fault(s, line, "", "not_utf8", "byte 0x%02x is not UTF-8 text",
			      (unsigned char)text[i]);
			return false;
		}
		if (text[i] == '\0') {
			fault(s, line, "", "nul_byte",
			      "a NUL byte stands here; this is not a text file");
			return false;
		}
		line += text[i] == '\n';
		i += step;
	}
	return true;
}

static void skip_line(struct screener *s)
{
	while (*s->at && *s->at != '\n')
		s->at++;
}

static bool skip_comment(struct screener *s)
{
	unsigned start = s->line;

	for (s->at += 2; *s->at; s->at++) {
		if (s->at[0] == '*' && s->at[1] == '/') {
			s->at += 2;
			return true;
		}
		s->line += *s->at == '\n';
	}
	fault(s, start, "", "syntax", "the comment that begins here has no end; it needs `*/`");
	return false;
}

static void note_item(struct screener *s)
{
	if (s->out.item_count == s->item_cap) {
		size_t cap = s->item_cap ? 2 * s->item_cap : 32;
		unsigned *lines = arena_array(s->arena, cap, sizeof(*lines));
		if (!lines) {
			s->no_memory = true;
			return;
		}
		if (s->out.item_count)
			memcpy(lines, s->out.item_lines, s->out.item_count * sizeof(*lines));
		s->out.item_lines = lines;
		s->item_cap = cap;
	}
	s->out.item_lines[s->out.item_count++] = s->line;
}

/* libconfig leaks a string that it did not expect. */
static bool expects_string(const struct screener *s)
{
	if (s->last == '"')
		return true;
	return in_group(s) ? expects_value(s) : s->last && strchr("([,", s->last);
}

static bool take_string(struct screener *s)
{
	unsigned start = s->line;

	if (!expects_string(s)) {
		fault(s, s->line, "", "syntax",
		      "a string stands where none can; is there a `=`, `;` or `,` missing before it?");
		return false;
	}
	if (!in_group(s) && s->last != '"')
		note_item(s);
	s->last = '"';
	for (s->at++; *s->at; s->at++) {
		if (*s->at == '"') {
			s->at++;
			return true;
		}
		if (strncasecmp(s->at, "\\x00", 4) == 0)
			fault(s, s->line, "", "nul_byte", "\\x00 cannot stand in a string");
		if (*s->at == '\\' && (s->at[1] == '"' || s->at[1] == '\\'))
			s->at++;
		s->line += *s->at == '\n';
	}
	fault(s, start, "", "syntax", "the string that begins here has no end; it needs a `\"`");
	return false;
}

static bool open_bracket(struct screener *s)
{
	if (s->depth == SCREEN_DEPTH_MAX) {
		fault(s, s->line, "", "too_deep",
		      "groups and lists are nested too deeply; at most %d are allowed",
		      SCREEN_DEPTH_MAX);
		return false;
	}
	s->frames[++s->depth] = (struct frame){.bracket = *s->at++, .line = s->line};
	return true;
}

static bool close_bracket(struct screener *s)
{
	static const char pairs[] = "{}()[]";
	struct frame *frame = &s->frames[s->depth];
	char c = *s->at++;

	if (s->depth == 0) {
		fault(s, s->line, "", "syntax", "`%c` closes nothing that is open", c);
		return false;
	}
	char wanted = strchr(pairs, frame->bracket)[1];
	if (c != wanted) {
		fault(s, s->line, "", "syntax",
		      "`%c` stands where the `%c` of line %u wants its `%c`", c, frame->bracket,
		      frame->line, wanted);
		return false;
	}
	s->depth--;
	return true;
}

static bool add_name(struct screener *s, const char *name, size_t bytes)
{
	struct frame *frame = &s->frames[s->depth];
	int shown = (int)(bytes < 64 ? bytes : 64);

	if (++s->names > SCREEN_NAMES_MAX) {
		fault(s, s->line, "", "too_many", "more than %d settings in one file",
		      SCREEN_NAMES_MAX);
		return false;
	}
	for (const struct seen *o = frame->names; o; o = o->next) {
		if (o->bytes != bytes || memcmp(o->name, name, bytes) != 0)
			continue;
		const char *key = arena_printf(s->arena, "%.*s", shown, name);
		s->no_memory = s->no_memory || !key;
		fault(s, s->line, key ? key : "", "duplicate",
		      "is given twice here; the first is in line %u", o->line);
		return true;
	}
	struct seen *seen = arena_alloc(s->arena, sizeof(*seen));
	if (!seen) {
		s->no_memory = true;
		return false;
	}
	*seen = (struct seen){.next = frame->names, .name = name, .bytes = bytes, .line = s->line};
	frame->names = seen;
	return true;
}

static bool take_name(struct screener *s)
{
	const char *name = s->at;

	while (is_name_char(*s->at))
		s->at++;
	size_t bytes = (size_t)(s->at - name);

	if (in_group(s) && !expects_value(s))
		return add_name(s, name, bytes);
	if ((bytes == 4 && strncasecmp(name, "true", 4) == 0) ||
	    (bytes == 5 && strncasecmp(name, "false", 5) == 0))
		return true;
	fault(s, s->line, "", "syntax", "`%.*s` is text, and text stands in double quotes",
	      (int)(bytes < 64 ? bytes : 64), name);
	return false;
}

static const char *number_end(const char *p, bool hex)
{
	if (*p == '+' || *p == '-')
		p++;
	for (;; p++) {
		bool exponent = !hex && (*p == 'e' || *p == 'E') && (p[1] == '+' || p[1] == '-');
		p += exponent;
		if (!exponent && !is_digit(*p) && !is_letter(*p) && *p != '.')
			return p;
	}
}

/* libconfig cuts an integer to 32 bits without a word unless an L stands behind it. */
static bool take_number(struct screener *s)
{
	char digits[NUMBER_MAX_BYTES + 1];
	bool hex = s->at[0] == '0' && (s->at[1] == 'x' || s->at[1] == 'X');
	const char *start = s->at;

	s->at = number_end(start, hex);
	size_t bytes = (size_t)(s->at - start);
	bool wide = bytes > 0 && s->at[-1] == 'L';
	while (bytes > 0 && start[bytes - 1] == 'L')
		bytes--;
	if (!hex &&
	    (memchr(start, '.', bytes) || memchr(start, 'e', bytes) || memchr(start, 'E', bytes)))
		return true;
	if (bytes > NUMBER_MAX_BYTES) {
		fault(s, s->line, "", "out_of_range", "this number has too many digits");
		return true;
	}
	memcpy(digits, start, bytes);
	digits[bytes] = '\0';

	errno = 0;
	long long value = strtoll(digits, NULL, hex ? 16 : 10);
	if (errno == ERANGE)
		fault(s, s->line, "", "out_of_range", "%s does not fit into 64 bits", digits);
	else if (!wide && (value > INT_MAX || value < INT_MIN))
		fault(s, s->line, "", "out_of_range",
		      "a number beyond 32 bits needs an L behind it: %sL", digits);
	return true;
}

static bool is_include(const char *p)
{
	static const char word[] = "@include";

	return strncmp(p, word, sizeof(word) - 1) == 0 && !is_name_char(p[sizeof(word) - 1]);
}

/* One token that is neither white space nor a comment nor a string. */
static bool take_token(struct screener *s)
{
	char c = *s->at;
	bool go_on = true;

	if (c == '{' || c == '(' || c == '[')
		go_on = open_bracket(s);
	else if (c == '}' || c == ')' || c == ']')
		go_on = close_bracket(s);
	else if (is_letter(c) || c == '*')
		go_on = take_name(s);
	else if (is_digit(c) || c == '-' || c == '+' || c == '.')
		go_on = take_number(s);
	else if (is_include(s->at)) {
		fault(s, s->line, "", "include",
		      "@include is not supported; write the settings into this file");
		skip_line(s);
	} else {
		s->at++;
	}
	s->last = c;
	return go_on;
}

/* False: there is no sense in going on. */
static bool step(struct screener *s)
{
	char c = *s->at;

	if (c == '\n' || c == ' ' || c == '\t' || c == '\r' || c == '\f') {
		s->line += c == '\n';
		s->at++;
		return true;
	}
	if (c == '#' || (c == '/' && s->at[1] == '/')) {
		skip_line(s);
		return true;
	}
	if (c == '/' && s->at[1] == '*')
		return skip_comment(s);
	return c == '"' ? take_string(s) : take_token(s);
}

int screen_text(struct arena *a, const char *file, const char *text, size_t bytes,
                struct report *report, struct screen *ret)
{
	struct screener s = {.arena = a, .report = report, .file = file, .at = text, .line = 1};
	bool whole = check_bytes(&s, text, bytes);

	while (whole && *s.at && !s.no_memory && s.faults < FAULTS_MAX)
		whole = step(&s);
	if (whole && s.faults == 0 && s.depth > 0)
		fault(&s, s.frames[s.depth].line, "", "syntax",
		      "the `%c` that stands here is never closed", s.frames[s.depth].bracket);
	if (s.no_memory)
		return ERR_NO_MEMORY;
	if (s.faults)
		return ERR_INVALID;
	*ret = s.out;
	return 0;
}
