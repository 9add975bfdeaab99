/* The tokens of jq, as far as brackets, strings, comments and names are told apart by them. */
#include "transform/worker/scan.h"

#include <stdarg.h>
#include <string.h>

#include "base/banned.h"
#include "json/utf8.h"

enum { DEPTH_MAX = 256 };

/* What is kept of an open bracket; a string's interpolation ends where the string goes on. */
enum open { OPEN_ROUND = '(', OPEN_SQUARE = '[', OPEN_CURLY = '{', OPEN_STRING = '"' };

struct scan {
	const char *at, *end;
	unsigned line;
	unsigned depth;
	char before; /* the token before: its first character; 'a' of a name; 0: none */
	struct {
		unsigned line;
		char kind;
	} open[DEPTH_MAX];
	struct program_fault *fault;
};

static const struct {
	const char *name;
	const char *why;
} refused[] = {
	{"debug", "there is nowhere to print to"},
	{"env", "there is no environment"},
	{"get_jq_origin", "there are no files"},
	{"get_prog_origin", "there are no files"},
	{"get_search_list", "there are no files"},
	{"halt", "a program ends with its value"},
	{"halt_error", "a program fails by error(…)"},
	{"import", "there are no modules"},
	{"include", "there are no modules"},
	{"input", "the one input is ."},
	{"input_filename", "there are no files"},
	{"input_line_number", "there are no files"},
	{"inputs", "the one input is ."},
	{"modulemeta", "there are no modules"},
	{"stderr", "there is nowhere to print to"},
};

static bool fail(struct scan *s, unsigned line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static bool fail(struct scan *s, unsigned line, const char *format, ...)
{
	va_list args;

	s->fault->line = line;
	va_start(args, format);
	vsnprintf(s->fault->text, sizeof(s->fault->text), format, args);
	va_end(args);
	return false;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool begins_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static char peek(const struct scan *s, size_t ahead)
{
	return ahead < (size_t)(s->end - s->at) ? s->at[ahead] : '\0';
}

static void step(struct scan *s)
{
	if (*s->at++ == '\n')
		s->line++;
}

static bool push(struct scan *s, char kind)
{
	if (s->depth == DEPTH_MAX)
		return fail(s, s->line, "brackets are nested too deep");
	s->open[s->depth].kind = kind;
	s->open[s->depth++].line = s->line;
	return true;
}

/* The text of a string up to its end or to an interpolation. */
static bool scan_string(struct scan *s, unsigned begun)
{
	while (s->at < s->end) {
		char c = *s->at;
		if (c == '"') {
			s->at++;
			s->before = '"';
			return true;
		}
		if (c == '\\' && peek(s, 1) == '(') {
			s->at += 2;
			s->before = '(';
			return push(s, OPEN_STRING);
		}
		step(s);
		if (c == '\\' && s->at < s->end)
			step(s);
	}
	return fail(s, begun, "this string has no end");
}

static char closing(char kind)
{
	return kind == OPEN_SQUARE ? ']' : kind == OPEN_CURLY ? '}' : ')';
}

static bool scan_close(struct scan *s, char c)
{
	if (s->depth == 0)
		return fail(s, s->line, "'%c' closes nothing", c);

	char kind = s->open[s->depth - 1].kind;
	if (closing(kind) != c)
		return fail(s, s->line, "'%c' where '%c' should close line %u", c, closing(kind),
		            s->open[s->depth - 1].line);
	s->depth--;
	s->at++;
	s->before = c;
	return kind != OPEN_STRING || scan_string(s, s->open[s->depth].line);
}

/* Newer versions of jq let a comment go on after a backslash, older ones do not. */
static bool scan_comment(struct scan *s)
{
	const char *line_end = memchr(s->at, '\n', (size_t)(s->end - s->at));
	const char *last = line_end ? line_end : s->end;

	if (last[-1] == '\r')
		last--;
	s->at = line_end ? line_end : s->end;
	return last[-1] != '\\' || fail(s, s->line, "a comment may not end with a backslash");
}

static void scan_number(struct scan *s)
{
	while (is_digit(peek(s, 0)) || peek(s, 0) == '.')
		s->at++;
	if (peek(s, 0) == 'e' || peek(s, 0) == 'E') {
		size_t sign = peek(s, 1) == '+' || peek(s, 1) == '-';
		if (is_digit(peek(s, 1 + sign)))
			s->at += 1 + sign;
		while (is_digit(peek(s, 0)))
			s->at++;
	}
	s->before = '0';
}

/* Between the braces of an object, before the colon, a name is only a name. */
static bool is_key(const struct scan *s)
{
	return s->before == '{' ||
	       (s->before == ',' && s->depth > 0 && s->open[s->depth - 1].kind == OPEN_CURLY);
}

static bool judge_name(struct scan *s, const char *name, size_t bytes)
{
	if (s->before == '$')
		return bytes != 3 || memcmp(name, "ENV", 3) != 0 ||
		       fail(s, s->line, "$ENV cannot be used: there is no environment");
	if (is_key(s))
		return true;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		if (strlen(refused[i].name) == bytes && memcmp(refused[i].name, name, bytes) == 0)
			return fail(s, s->line, "%s cannot be used: %s", refused[i].name,
			            refused[i].why);
	return true;
}

static size_t name_bytes(const struct scan *s, size_t from)
{
	size_t bytes = from;

	while (begins_name(peek(s, bytes)) || is_digit(peek(s, bytes)))
		bytes++;
	return bytes - from;
}

static bool scan_name(struct scan *s)
{
	size_t bytes = name_bytes(s, 0);
	bool sound = judge_name(s, s->at, bytes);

	s->at += bytes;
	s->before = 'a';
	return sound;
}

/* A field, a format, or a sign. */
static void scan_sign(struct scan *s)
{
	char c = *s->at++;

	s->before = c;
	if ((c == '.' && begins_name(peek(s, 0))) || c == '@')
		s->at += name_bytes(s, 0);
}

static bool scan_token(struct scan *s)
{
	char c = *s->at;

	if (c == '#')
		return scan_comment(s);
	if (c == '"') {
		s->at++;
		return scan_string(s, s->line);
	}
	if (c == ')' || c == ']' || c == '}')
		return scan_close(s, c);
	if (begins_name(c))
		return scan_name(s);
	if (is_digit(c) || (c == '.' && is_digit(peek(s, 1)))) {
		scan_number(s);
		return true;
	}
	scan_sign(s);
	return (c != '(' && c != '[' && c != '{') || push(s, c);
}

static bool is_text(struct scan *s)
{
	const unsigned char *bytes = (const unsigned char *)s->at;
	size_t left = (size_t)(s->end - s->at);
	unsigned line = 1;

	while (left > 0) {
		size_t one = utf8_step(bytes, left);
		if (one == 0 || *bytes == '\0')
			return fail(s, line, "a byte that is not UTF-8 text");
		line += *bytes == '\n';
		bytes += one;
		left -= one;
	}
	return true;
}

bool program_scan(const char *text, size_t bytes, struct program_fault *ret_fault)
{
	struct scan s = {.at = text, .end = text + bytes, .line = 1, .fault = ret_fault};

	if (!is_text(&s))
		return false;
	while (s.at < s.end) {
		if (strchr(" \t\r\n", *s.at))
			step(&s);
		else if (!scan_token(&s))
			return false;
	}
	if (s.depth > 0)
		return fail(&s, s.open[s.depth - 1].line, "'%s' is not closed",
		            s.open[s.depth - 1].kind == OPEN_STRING   ? "\\("
		            : s.open[s.depth - 1].kind == OPEN_SQUARE ? "["
		            : s.open[s.depth - 1].kind == OPEN_CURLY  ? "{"
		                                                      : "(");
	return s.before != 0 || fail(&s, 1, "the program is empty");
}
