/* The option reference of a manual page, in scdoc syntax, out of parameter tables. */
#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "base/banned.h"
#include "base/buf.h"
#include "schema/check.h"
#include "schema/emit.h"
#include "schema/value.h"
#include "schema/when.h"

/* Text of which scdoc takes nothing for markup; it stays on one line. */
static void add_plain(struct buf *b, const char *s)
{
	/* Any mark may mean something where a line begins. */
	if (ispunct((unsigned char)s[0]))
		buf_add_char(b, '\\');
	for (size_t i = 0; s[i]; i++) {
		if (i > 0 && strchr("\\*_#[]|~`+<>", s[i]))
			buf_add_char(b, '\\');
		buf_add_char(b, iscntrl((unsigned char)s[i]) ? ' ' : s[i]);
	}
}

static void add_marked(struct buf *b, char mark, const char *s)
{
	buf_add_char(b, mark);
	add_plain(b, s);
	buf_add_char(b, mark);
}

static void indent(struct buf *b, unsigned depth)
{
	while (depth-- > 0)
		buf_add_char(b, '\t');
}

static const char *type_word(const struct lk_param *row)
{
	static const char *const words[] = {
		[LK_T_STRING] = "string", [LK_T_INT] = "integer",   [LK_T_BOOL] = "boolean",
		[LK_T_ENUM] = "choice",   [LK_T_DURATION] = "time", [LK_T_SIZE] = "size",
		[LK_T_URL] = "URL",       [LK_T_FILE] = "file",     [LK_T_LIST] = "list",
		[LK_T_MAP] = "map",       [LK_T_GROUP] = "group",
	};

	return row->type < sizeof(words) / sizeof(words[0]) ? words[row->type] : "value";
}

/* Whether what is allowed says more than the type does. */
static bool is_limited(const struct lk_param *row)
{
	return row->type == LK_T_ENUM || row->min || row->max;
}

static void add_limits(struct buf *b, const struct lk_param *row)
{
	struct buf allowed;

	if (row->def && row->def[0]) {
		buf_add_str(b, " Default: ");
		add_marked(b, '*', row->def);
		buf_add_str(b, ".");
	}
	if (!is_limited(row))
		return;
	buf_init(&allowed, BUF_MAX_LINE);
	value_allowed(row, &allowed);
	buf_add_str(b, " Allowed: ");
	add_plain(b, buf_str(&allowed));
	buf_add_str(b, ".");
	if (buf_failed(&allowed))
		b->failed = buf_failed(&allowed);
	buf_finish(&allowed);
}

static void add_remarks(struct buf *b, const struct lk_param *row)
{
	static const struct {
		uint32_t flag;
		const char *text;
	} remarks[] = {
		{LK_TEMPLATE, "A URI Template (RFC 6570)."},
		{LK_SECRET, "A secret: write a reference such as ${secret:file/NAME}."},
		{LK_DEPRECATED, "Deprecated."},
	};
	struct buf condition;

	if (row->when) {
		buf_init(&condition, BUF_MAX_LINE);
		when_describe(row->when, &condition);
		buf_add_str(b, " Only when ");
		add_plain(b, buf_str(&condition));
		buf_add_str(b, ".");
		if (buf_failed(&condition))
			b->failed = buf_failed(&condition);
		buf_finish(&condition);
	}
	for (size_t i = 0; i < sizeof(remarks) / sizeof(remarks[0]); i++) {
		if (!(row->flags & remarks[i].flag))
			continue;
		buf_add_char(b, ' ');
		add_plain(b, remarks[i].text);
	}
}

static void add_rows(struct buf *b, const struct lk_param *rows, uint32_t count, unsigned depth);

static void add_row(struct buf *b, const struct lk_param *row, unsigned depth)
{
	bool is_nested = row->type == LK_T_LIST || row->type == LK_T_MAP || row->type == LK_T_GROUP;

	indent(b, depth);
	add_marked(b, '*', row->name);
	buf_add_str(b, " = ");
	add_marked(b, '_', type_word(row));
	if (row->flags & LK_REQUIRED)
		buf_add_str(b, " (required)");
	buf_add_char(b, '\n');
	indent(b, depth + 1);
	add_plain(b, row->help);
	add_limits(b, row);
	add_remarks(b, row);
	buf_add_str(b, "\n\n");
	if (is_nested)
		add_rows(b, row->sub, row->sub_count, depth + 1);
}

static void add_rows(struct buf *b, const struct lk_param *rows, uint32_t count, unsigned depth)
{
	for (uint32_t i = 0; i < count; i++)
		add_row(b, &rows[i], depth);
}

void emit_man(const struct lk_param *rows, uint32_t count, struct buf *b)
{
	add_rows(b, rows, count, 0);
}
