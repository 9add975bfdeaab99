/* How messages and manuals say what a row accepts, and how they show a value. */
#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "base/banned.h"
#include "base/buf.h"
#include "schema/check.h"
#include "schema/node.h"
#include "schema/units.h"
#include "schema/value.h"

enum { QUOTE_MAX_BYTES = 80 };

const char *value_type_name(uint32_t type)
{
	static const char *const names[] = {
		[LK_T_STRING] = "a string",
		[LK_T_INT] = "a whole number",
		[LK_T_BOOL] = "true or false",
		[LK_T_ENUM] = "a string",
		[LK_T_DURATION] = "a time with its unit, such as \"10s\"",
		[LK_T_SIZE] = "a size in bytes",
		[LK_T_URL] = "a string",
		[LK_T_FILE] = "a string",
		[LK_T_LIST] = "a list",
		[LK_T_MAP] = "a group",
		[LK_T_GROUP] = "a group",
	};

	return type < sizeof(names) / sizeof(names[0]) ? names[type] : "anything";
}

void value_quote(const char *s, struct buf *b)
{
	size_t bytes = strlen(s), shown = bytes;

	if (shown > QUOTE_MAX_BYTES) {
		shown = QUOTE_MAX_BYTES;
		while (shown > 0 && ((unsigned char)s[shown] & 0xc0) == 0x80)
			shown--;
	}
	buf_add_char(b, '"');
	for (size_t i = 0; i < shown; i++) {
		if (iscntrl((unsigned char)s[i]))
			buf_printf(b, "\\x%02x", (unsigned char)s[i]);
		else
			buf_add_char(b, s[i]);
	}
	buf_add_str(b, shown < bytes ? "…\"" : "\"");
}

void value_show(const struct node *node, const struct value_text *text, struct buf *b)
{
	switch (node->kind) {
	case NODE_STRING:
		value_quote(text ? text->s : node->u.s, b);
		break;
	case NODE_INT:
		buf_printf(b, "%" PRId64, node->u.i);
		break;
	case NODE_BOOL:
		buf_add_str(b, node->u.b ? "true" : "false");
		break;
	case NODE_FLOAT:
		buf_printf(b, "%g", node->u.d);
		break;
	default:
		buf_add_str(b, node_kind_name(node->kind));
	}
}

static void show_bound(const struct lk_param *row, int64_t n, struct buf *b)
{
	if (row->type == LK_T_DURATION)
		units_format(units_of_time, n, b);
	else if (row->type == LK_T_SIZE)
		units_format(units_of_size, n, b);
	else
		buf_printf(b, "%" PRId64, n);
}

/* of: " characters"; the last letter goes where there is only one. */
static void show_bounds(const struct lk_param *row, const char *of, struct buf *b)
{
	if (row->max == INT64_MAX) {
		buf_add_str(b, "at least ");
		show_bound(row, row->min, b);
		if (row->min == 1 && of[0]) {
			buf_add(b, of, strlen(of) - 1);
			return;
		}
	} else if (row->min == INT64_MIN) {
		buf_add_str(b, "at most ");
		show_bound(row, row->max, b);
	} else {
		show_bound(row, row->min, b);
		buf_add_str(b, " to ");
		show_bound(row, row->max, b);
	}
	buf_add_str(b, of);
}

static void show_choices(const struct lk_param *row, struct buf *b)
{
	for (size_t i = 0; row->choices && row->choices[i]; i++)
		buf_printf(b, "%s%s", i > 0 ? ", " : "", row->choices[i]);
}

void value_allowed(const struct lk_param *row, struct buf *b)
{
	static const struct {
		const char *of;      /* what bounds count */
		const char *without; /* when there are none */
	} words[] = {
		[LK_T_STRING] = {" characters", "any text"},
		[LK_T_INT] = {"", "any whole number"},
		[LK_T_BOOL] = {"", "true or false"},
		[LK_T_ENUM] = {"", ""},
		[LK_T_DURATION] = {"",
	                           "a time such as \"250ms\", \"10s\", \"5m\", \"2h\" or \"7d\""},
		[LK_T_SIZE] = {"", "a size such as 4096, \"16KiB\" or \"1MiB\""},
		[LK_T_URL] = {" characters", "an absolute URL such as \"https://host/path\""},
		[LK_T_FILE] = {" characters", "a readable file"},
		[LK_T_LIST] = {" items", "a list"},
		[LK_T_MAP] = {" members", "a group of names and values"},
		[LK_T_GROUP] = {"", "a group"},
	};

	if (row->type == LK_T_ENUM)
		show_choices(row, b);
	else if (row->type >= sizeof(words) / sizeof(words[0]))
		buf_add_str(b, "anything");
	else if (row->min || row->max)
		show_bounds(row, words[row->type].of, b);
	else
		buf_add_str(b, words[row->type].without);
}

bool value_in_bounds(const struct lk_param *row, int64_t n)
{
	return (!row->min && !row->max) || (n >= row->min && n <= row->max);
}
