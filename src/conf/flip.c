/* Changing `enabled` in the text of a definition, without touching the rest. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/banned.h"
#include "base/buf.h"
#include "conf/definition.h"

/* Behind a comment or a string that begins here; the same place when none does. */
static const char *skip_opaque(const char *p)
{
	if (*p == '#' || (p[0] == '/' && p[1] == '/'))
		return p + strcspn(p, "\n");
	if (p[0] == '/' && p[1] == '*') {
		const char *end = strstr(p + 2, "*/");
		return end ? end + 2 : p + strlen(p);
	}
	if (*p != '"')
		return p;
	for (p++; *p && *p != '"'; p++)
		if (*p == '\\' && p[1])
			p++;
	return *p ? p + 1 : p;
}

static const char *skip_space(const char *p)
{
	const char *before;

	do {
		before = p;
		while (isspace((unsigned char)*p))
			p++;
		if (*p != '"')
			p = skip_opaque(p);
	} while (p != before);
	return p;
}

/* The word true or false behind `enabled =`; *ret_end is behind it. */
static const char *value_of(const char *p, const char **ret_end)
{
	static const char *const words[] = {"true", "false"};

	p = skip_space(p + strlen("enabled"));
	if (*p != '=' && *p != ':')
		return NULL;
	p = skip_space(p + 1);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t length = strlen(words[i]);
		if (strncasecmp(p, words[i], length) == 0 && !isalnum((unsigned char)p[length])) {
			*ret_end = p + length;
			return p;
		}
	}
	return NULL;
}

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '-' || c == '*';
}

/* What the text says is `name`, or, where it says nothing, where it could say it. */
struct place {
	const char *value, *end; /* NULL: there is none */
	const char *begin;       /* behind the brace of the outer group; NULL: there is none */
	bool is_odd;             /* there is one, and it is neither true nor false */
};

static bool is_at(const char *p, const char *text, const char *name)
{
	size_t length = strlen(name);

	return strncmp(p, name, length) == 0 && !is_word(p[length]) &&
	       (p == text || !is_word(p[-1]));
}

static struct place find_place(const char *text)
{
	struct place place = {0};
	int depth = 0;

	for (const char *p = text; *p && !place.value && !place.is_odd;) {
		const char *behind = skip_opaque(p);
		if (behind != p) {
			p = behind;
			continue;
		}
		depth += (*p == '{' || *p == '(' || *p == '[') -
		         (*p == '}' || *p == ')' || *p == ']');
		if (*p == '{' && depth == 1 && !place.begin)
			place.begin = p + 1;
		if (depth == 1 && is_at(p, text, "enabled")) {
			place.value = value_of(p, &place.end);
			place.is_odd = !place.value;
		}
		p++;
	}
	return place;
}

bool definition_flip(const char *text, bool enabled, struct buf *ret)
{
	const struct place place = find_place(text);
	const char *word = enabled ? "true" : "false";

	if (place.is_odd || (!place.value && !place.begin))
		return false;
	if (place.value) {
		buf_add(ret, text, (size_t)(place.value - text));
		buf_add_str(ret, word);
		buf_add_str(ret, place.end);
	} else {
		buf_add(ret, text, (size_t)(place.begin - text));
		buf_printf(ret, "%senabled = %s;%s", *place.begin == '\n' ? "\n  " : " ", word,
		           place.begin);
	}
	return !buf_failed(ret);
}
