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

bool definition_flip(const char *text, bool enabled, struct buf *ret)
{
	static const char name[] = "enabled";
	int depth = 0;

	for (const char *p = text; *p;) {
		const char *behind = skip_opaque(p), *end, *value;
		if (behind != p) {
			p = behind;
			continue;
		}
		depth += (*p == '{' || *p == '(' || *p == '[') -
		         (*p == '}' || *p == ')' || *p == ']');
		if (depth == 1 && strncmp(p, name, sizeof(name) - 1) == 0 &&
		    !is_word(p[sizeof(name) - 1]) && (p == text || !is_word(p[-1]))) {
			value = value_of(p, &end);
			if (!value)
				return false;
			buf_add(ret, text, (size_t)(value - text));
			buf_add_str(ret, enabled ? "true" : "false");
			buf_add_str(ret, end);
			return !buf_failed(ret);
		}
		p++;
	}
	return false;
}
