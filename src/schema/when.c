/* The little language of `when`. */
#include "schema/when.h"

#include <string.h>

#include "base/banned.h"
#include "base/buf.h"

size_t when_name(const char *when, const char **ret_list)
{
	size_t length = strcspn(when, "=");

	if (length == 0 || when[length] == '\0' || when[length + 1] == '\0')
		return 0;
	*ret_list = when + length + 1;
	return length;
}

size_t when_next(const char **list, const char **ret_word)
{
	const char *word = *list + (**list == '|');
	size_t length = strcspn(word, "|");

	*ret_word = word;
	*list = word + length;
	return length;
}

bool when_lists(const char *list, const char *value)
{
	const char *word;
	size_t length;

	while ((length = when_next(&list, &word)) > 0)
		if (strlen(value) == length && !memcmp(word, value, length))
			return true;
	return false;
}

void when_describe(const char *when, struct buf *b)
{
	const char *list, *word, *separator = " is ";
	size_t length = when_name(when, &list);

	if (length == 0)
		return;
	buf_add(b, when, length);
	while ((length = when_next(&list, &word)) > 0) {
		buf_printf(b, "%s\"%.*s\"", separator, (int)length, word);
		separator = " or ";
	}
}
