/* Definitions as the text of their files. */
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/err.h"
#include "conf/definition.h"
#include "conf/read.h"
#include "schema/node.h"
#include "json/utf8.h"

enum { INDENT = 2, LINE_BYTES = 100 };

/*
 * Values
 */

static void write_string(struct buf *b, const char *s)
{
	static const char escaped[] = "\"\\\n\r\t", letters[] = "\"\\nrt";

	buf_add_char(b, '"');
	for (; *s; s++) {
		const char *at = strchr(escaped, *s);
		if (at)
			buf_printf(b, "\\%c", letters[at - escaped]);
		else if ((unsigned char)*s < 0x20 || *s == 0x7f)
			buf_printf(b, "\\x%02x", (unsigned char)*s);
		else
			buf_add_char(b, *s);
	}
	buf_add_char(b, '"');
}

/* libconfig cuts a number to 32 bits where no L stands behind it. */
static void write_int(struct buf *b, int64_t i)
{
	buf_printf(b, "%lld%s", (long long)i, i > INT_MAX || i < INT_MIN ? "L" : "");
}

/* libconfig takes an exponent only behind a point or a sign. */
static void write_float(struct buf *b, double d)
{
	char text[40];

	if (!isfinite(d)) {
		/* A file can say this much, and reading it gives the same again. */
		buf_add_str(b, d < 0 ? "-1.0e+999" : "1.0e+999");
		return;
	}
	for (int digits = 15; digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, d);
		if (strtod(text, NULL) == d)
			break;
	}
	size_t whole = strcspn(text, ".e");
	buf_add(b, text, whole);
	if (text[whole] != '.')
		buf_add_str(b, ".0");
	buf_add_str(b, text + whole);
}

static void write_scalar(struct buf *b, const struct node *n)
{
	switch (n->kind) {
	case NODE_BOOL:
		buf_add_str(b, n->u.b ? "true" : "false");
		break;
	case NODE_INT:
		write_int(b, n->u.i);
		break;
	case NODE_FLOAT:
		write_float(b, n->u.d);
		break;
	default:
		write_string(b, n->u.s);
		break;
	}
}

/*
 * Groups and lists
 */

/* libconfig has no null. */
static const struct node *skip_nulls(const struct node *n)
{
	while (n && n->kind == NODE_NULL)
		n = n->next;
	return n;
}

static const struct node *first_of(const struct node *n)
{
	return skip_nulls(n->first);
}

static const struct node *after(const struct node *n)
{
	return skip_nulls(n->next);
}

static bool is_aggregate(const struct node *n)
{
	return n->kind == NODE_GROUP || n->kind == NODE_LIST;
}

/* Groups of the first level stand in lines of their own, as in every definition that ships. */
static bool may_be_flat(const struct node *n, unsigned depth)
{
	if (!first_of(n))
		return true;
	for (const struct node *child = first_of(n); child; child = after(child))
		if (is_aggregate(child))
			return false;
	return n->kind == NODE_LIST || !n->name || depth > 1;
}

static void write_flat(struct buf *b, const struct node *n)
{
	bool is_group = n->kind == NODE_GROUP;

	buf_add_str(b, is_group ? "{ " : "( ");
	for (const struct node *child = first_of(n); child; child = after(child)) {
		if (is_group)
			buf_printf(b, "%s = ", child->name);
		write_scalar(b, child);
		if (is_group)
			buf_add_str(b, "; ");
		else
			buf_add_str(b, after(child) ? ", " : " ");
	}
	buf_add_char(b, is_group ? '}' : ')');
}

static bool line_fits(const struct buf *b)
{
	size_t at = b->len_bytes;

	while (at > 0 && b->data[at - 1] != '\n')
		at--;
	/* One more for what ends it. */
	return b->len_bytes - at + 1 <= LINE_BYTES;
}

static void begin_line(struct buf *b, unsigned depth)
{
	buf_printf(b, "\n%*s", (int)(depth * INDENT), "");
}

/* depth: of the brackets around its children.  As deep as SCREEN_DEPTH_MAX. */
static void write_value(struct buf *b, const struct node *n, unsigned depth)
{
	size_t start = b->len_bytes;
	bool is_group = n->kind == NODE_GROUP;

	if (!is_aggregate(n)) {
		write_scalar(b, n);
		return;
	}
	if (may_be_flat(n, depth)) {
		write_flat(b, n);
		if (buf_failed(b) || line_fits(b) || !first_of(n))
			return;
		buf_cut(b, start);
	}
	buf_add_char(b, is_group ? '{' : '(');
	for (const struct node *child = first_of(n); child; child = after(child)) {
		begin_line(b, depth + 1);
		if (is_group)
			buf_printf(b, child->kind == NODE_GROUP ? "%s: " : "%s = ", child->name);
		write_value(b, child, depth + 1);
		if (is_group)
			buf_add_char(b, ';');
		else if (after(child))
			buf_add_char(b, ',');
	}
	begin_line(b, depth);
	buf_add_char(b, is_group ? '}' : ')');
}

/*
 * What stood there before
 */

/* Where the comment that begins here ends; `at` itself when none does.  Beyond the text: it has no end. */
static size_t comment_end(const char *text, size_t at, size_t bytes)
{
	bool is_block = text[at] == '/' && at + 1 < bytes && text[at + 1] == '*';

	if (is_block) {
		const char *end = memmem(text + at + 2, bytes - at - 2, "*/", 2);
		return end ? (size_t)(end - text) + 2 : bytes + 1;
	}
	if (text[at] != '#' && !(text[at] == '/' && at + 1 < bytes && text[at + 1] == '/'))
		return at;
	while (at < bytes && text[at] != '\n')
		at++;
	return at;
}

static size_t string_end(const char *text, size_t at, size_t bytes)
{
	for (at++; at < bytes && text[at] != '"'; at++)
		if (text[at] == '\\' && at + 1 < bytes && strchr("\"\\", text[at + 1]))
			at++;
	return at < bytes ? at + 1 : bytes;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

/* Where the first setting begins; *ret_comments is where the comments before it end. */
static size_t head_of(const char *text, size_t bytes, size_t *ret_comments)
{
	size_t at = 0;

	*ret_comments = 0;
	while (at < bytes) {
		size_t end = comment_end(text, at, bytes);
		if (end > at)
			*ret_comments = end;
		else if (!is_space(text[at]))
			break;
		at = end > at ? end : at + 1;
	}
	return at;
}

static bool has_comment(const char *text, size_t at, size_t bytes)
{
	while (at < bytes) {
		if (comment_end(text, at, bytes) > at)
			return true;
		at = text[at] == '"' ? string_end(text, at, bytes) : at + 1;
	}
	return false;
}

static bool is_text(const char *text, size_t bytes)
{
	size_t points;

	return !memchr(text, '\0', bytes) && utf8_count(text, bytes, &points);
}

/* The comments before the first setting, with the white space between.  True: others are lost. */
static bool write_head(struct buf *b, const char *text, size_t bytes)
{
	size_t comments;
	size_t head = head_of(text, bytes, &comments);

	if (comments == 0)
		return has_comment(text, head, bytes);
	/* A broken file is replaced as well, and must not break the new one. */
	if (comments > bytes || !is_text(text, head))
		return true;
	buf_add(b, text, head < bytes ? head : comments);
	if (head >= bytes)
		buf_add_str(b, "\n\n");
	return has_comment(text, head, bytes);
}

int definition_write(const struct node *group, const char *before, size_t before_bytes,
                     struct buf *ret, bool *ret_comments_lost)
{
	size_t start = ret->len_bytes;
	bool lost = before && write_head(ret, before, before_bytes);

	buf_printf(ret, "%s: ", group->name ? group->name : "connection");
	write_value(ret, group, 0);
	buf_add_str(ret, ";\n");
	if (buf_failed(ret))
		return ERR_NO_MEMORY;
	if (ret->len_bytes - start > READ_MAX_BYTES) {
		buf_cut(ret, start);
		return ERR_INVALID;
	}
	if (ret_comments_lost)
		*ret_comments_lost = lost;
	return 0;
}
