/* The rules of names. */
#include "conf/name.h"

#include <linkspan/connector.h>
#include <string.h>

#include "base/banned.h"

enum { PLAIN_MAX = 64 };

/* Of the C locale, whatever the process runs in. */
static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_alnum(char c)
{
	return is_letter(c) || (c >= '0' && c <= '9');
}

bool name_is_plain(const char *name)
{
	size_t i = 1;

	if (!is_letter(name[0]))
		return false;
	while (is_alnum(name[i]) || name[i] == '_' || name[i] == '-')
		i++;
	return name[i] == '\0' && i <= PLAIN_MAX;
}

static unsigned char fold(char c)
{
	return (unsigned char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

int name_compare(const char *a, const char *b)
{
	while (*a && fold(*a) == fold(*b)) {
		a++;
		b++;
	}
	return (int)fold(*a) - (int)fold(*b);
}

int name_check_plain(const struct lk_value *value, const char **ret_message)
{
	if (name_is_plain(value->u.s))
		return 0;
	*ret_message = "must be " NAME_RULE;
	return LK_EINVAL;
}

static const char *fault_of_connection(const char *name)
{
	size_t length = strlen(name);

	if (length == 0)
		return "must not be empty";
	if (name[0] == ' ')
		return "must not begin with a space";
	if (name[length - 1] == ' ')
		return "must not end with a space";
	for (const char *p = name; *p; p++) {
		if (!is_alnum(*p) && !strchr("_-. ", *p))
			return "may hold only ASCII letters, digits, `_`, `-`, `.` and single spaces";
		if (p[0] == ' ' && p[1] == ' ')
			return "must not hold two spaces in a row";
	}
	if (!is_alnum(name[0]))
		return "must begin with a letter or a digit";
	return NULL;
}

int name_check_connection(const struct lk_value *value, const char **ret_message)
{
	const char *message = fault_of_connection(value->u.s);

	if (!message)
		return 0;
	*ret_message = message;
	return LK_EINVAL;
}
