/* One scalar, from a node of a definition to a checked lk_value. */
#include "schema/value.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "schema/check.h"
#include "schema/node.h"
#include "schema/report.h"
#include "schema/units.h"
#include "json/utf8.h"

void value_note_buf(struct value_reader *r, const struct buf *b)
{
	if (buf_failed(b) == BUF_NO_MEMORY)
		r->report->out_of_memory = true;
}

int value_wrong_kind(struct value_reader *r, const struct lk_param *row, const struct node *node)
{
	report_add(r->report, LK_FAULT_ERROR, node, "wrong_type", "is %s; %s is needed",
	           node_kind_name(node->kind), value_type_name(row->type));
	return VALUE_FAULT;
}

static const char *nearest_choice(const struct lk_param *row, const struct value_text *text)
{
	size_t count = 0;

	if (row->type != LK_T_ENUM || !text || !row->choices)
		return NULL;
	while (row->choices[count])
		count++;
	return report_nearest(text->s, row->choices, count);
}

int value_refuse(struct value_reader *r, const struct lk_param *row, const struct node *node,
                 const char *code, const struct value_text *text, const char *what)
{
	struct buf b;
	const char *near = nearest_choice(row, text);

	buf_init(&b, BUF_MAX_LINE);
	if (row->flags & (LK_SECRET | LK_PRIVATE))
		buf_add_str(&b, "the value");
	else
		value_show(node, text, &b);
	buf_printf(&b, " %s; allowed: ", what);
	value_allowed(row, &b);
	if (near)
		buf_printf(&b, " (did you mean \"%s\"?)", near);
	value_note_buf(r, &b);
	report_add(r->report, LK_FAULT_ERROR, node, code, "%s", buf_str(&b));
	buf_finish(&b);
	return VALUE_FAULT;
}

static int take_number(struct value_reader *r, const struct lk_param *row, const struct node *node,
                       const struct value_text *text, int64_t n, struct lk_value *out)
{
	if (!value_in_bounds(row, n))
		return value_refuse(r, row, node, "out_of_range", text, "is out of range");
	out->u.i = n;
	return VALUE_GOOD;
}

static int parse_int(struct value_reader *r, const struct lk_param *row, const struct node *node,
                     const struct value_text *text, struct lk_value *out)
{
	int64_t n;

	if (!units_parse_int(text->s, &n))
		return value_refuse(r, row, node, "not_a_number", text, "is not a whole number");
	return take_number(r, row, node, text, n, out);
}

static int parse_duration(struct value_reader *r, const struct lk_param *row,
                          const struct node *node, const struct value_text *text,
                          struct lk_value *out)
{
	int64_t n;

	if (!units_parse(units_of_time, text->s, &n))
		return value_refuse(r, row, node, "not_a_time", text,
		                    "is not a time with its unit (ms, s, m, h, d)");
	return take_number(r, row, node, text, n, out);
}

static int parse_size(struct value_reader *r, const struct lk_param *row, const struct node *node,
                      const struct value_text *text, struct lk_value *out)
{
	int64_t n;

	if (!units_parse(units_of_size, text->s, &n))
		return value_refuse(r, row, node, "not_a_size", text,
		                    "is not a size (a number of bytes, or with KiB, MiB, GiB)");
	return take_number(r, row, node, text, n, out);
}

static int parse_bool(struct value_reader *r, const struct lk_param *row, const struct node *node,
                      const struct value_text *text, struct lk_value *out)
{
	bool is_true = !strcmp(text->s, "true");

	if (!is_true && strcmp(text->s, "false") != 0)
		return value_refuse(r, row, node, "not_a_bool", text, "is neither true nor false");
	out->u.i = is_true;
	return VALUE_GOOD;
}

static int take_text(const char *s, struct lk_value *out)
{
	out->u.s = s;
	out->count = (uint32_t)strlen(s);
	return VALUE_GOOD;
}

static int parse_enum(struct value_reader *r, const struct lk_param *row, const struct node *node,
                      const struct value_text *text, struct lk_value *out)
{
	for (size_t i = 0; row->choices && row->choices[i]; i++)
		if (!strcmp(row->choices[i], text->s))
			return take_text(row->choices[i], out);
	return value_refuse(r, row, node, "unknown_choice", text, "is not known");
}

/* What is not known here, a secret or a variable, can only make a text longer. */
static int check_length(struct value_reader *r, const struct lk_param *row, const struct node *node,
                        const struct value_text *text)
{
	struct buf b;
	size_t points = 0;

	utf8_count(text->s, text->bytes, &points);
	int64_t length = (int64_t)points;
	bool is_partial = text->has_secret || text->has_unknown;
	if (value_in_bounds(row, length) || (is_partial && length < row->min))
		return VALUE_GOOD;
	buf_init(&b, BUF_MAX_LINE);
	value_allowed(row, &b);
	value_note_buf(r, &b);
	if (length == 0)
		report_add(r->report, LK_FAULT_ERROR, node, "out_of_range", "is empty; allowed: %s",
		           buf_str(&b));
	else
		report_add(r->report, LK_FAULT_ERROR, node, "out_of_range",
		           "is %zu character%s long; allowed: %s", points, points == 1 ? "" : "s",
		           buf_str(&b));
	buf_finish(&b);
	return VALUE_FAULT;
}

static int parse_string(struct value_reader *r, const struct lk_param *row, const struct node *node,
                        const struct value_text *text, struct lk_value *out)
{
	(void)r, (void)row, (void)node;
	return take_text(text->s, out);
}

/* scheme "://" authority, and nothing that could never stand in a URL; the rest is up to the row's
 * own check. */
static bool is_absolute_url(const char *s)
{
	size_t scheme = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	                          "0123456789+-.");

	if (!isalpha((unsigned char)s[0]) || strncmp(s + scheme, "://", 3) != 0)
		return false;
	const char *authority = s + scheme + 3;
	if (strcspn(authority, "/?#") == 0)
		return false;
	for (; *s; s++)
		if (*s == ' ' || iscntrl((unsigned char)*s))
			return false;
	return true;
}

static int parse_url(struct value_reader *r, const struct lk_param *row, const struct node *node,
                     const struct value_text *text, struct lk_value *out)
{
	struct buf b;

	(void)row;
	if (is_absolute_url(text->s))
		return take_text(text->s, out);
	buf_init(&b, BUF_MAX_LINE);
	value_quote(text->s, &b);
	value_note_buf(r, &b);
	report_add(r->report, LK_FAULT_ERROR, node, "bad_url",
	           "%s is not an absolute URL; write it like \"https://host/path\", without spaces",
	           buf_str(&b));
	buf_finish(&b);
	return VALUE_FAULT;
}

/* A relative path is meant relative to the folder of the file it was written in. */
static char *absolute_path(struct arena *a, const struct node *node, const char *path)
{
	const char *slash = node->file ? strrchr(node->file, '/') : NULL;
	int folder_bytes = slash ? (int)(slash - node->file) : 0;
	char here[PATH_MAX] = "";
	char *folder;

	if (path[0] == '/')
		return arena_strdup(a, path);
	if ((!slash || node->file[0] != '/') && !getcwd(here, sizeof(here)))
		here[0] = '\0';
	if (slash)
		folder = arena_printf(a, "%s%s%.*s", here, here[0] ? "/" : "", folder_bytes,
		                      node->file);
	else
		folder = arena_strdup(a, here);
	return folder ? file_beside(a, folder, path) : NULL;
}

/* Returns 0 or an errno. */
static int readable(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0 || access(path, R_OK) < 0)
		return errno;
	if (S_ISDIR(st.st_mode))
		return EISDIR;
	return S_ISREG(st.st_mode) ? 0 : EINVAL;
}

static int parse_file(struct value_reader *r, const struct lk_param *row, const struct node *node,
                      const struct value_text *text, struct lk_value *out)
{
	char reason[128];

	(void)row;
	if (text->bytes == 0)
		return take_text("", out);
	char *path = absolute_path(&r->values->arena, node, text->s);
	if (!path)
		return ERR_NO_MEMORY;
	/* A default need not exist on the machine that looks at the table. */
	int error = r->is_default ? 0 : readable(path);
	if (error == 0)
		return take_text(path, out);
	report_add(r->report, LK_FAULT_ERROR, node, "file_unreadable",
	           "\"%s\" cannot be read: %s; a readable file is needed", path,
	           strerror_r(error, reason, sizeof(reason)));
	return VALUE_FAULT;
}

static const struct scalar {
	enum node_kind native; /* the kind of node that holds it without quotes */
	bool is_text;          /* u.s; else u.i */
	int (*parse)(struct value_reader *r, const struct lk_param *row, const struct node *node,
	             const struct value_text *text, struct lk_value *out);
} scalars[] = {
	[LK_T_STRING] = {NODE_STRING, true, parse_string},
	[LK_T_INT] = {NODE_INT, false, parse_int},
	[LK_T_BOOL] = {NODE_BOOL, false, parse_bool},
	[LK_T_ENUM] = {NODE_STRING, true, parse_enum},
	[LK_T_DURATION] = {NODE_STRING, false, parse_duration},
	[LK_T_SIZE] = {NODE_INT, false, parse_size},
	[LK_T_URL] = {NODE_STRING, true, parse_url},
	[LK_T_FILE] = {NODE_STRING, true, parse_file},
};

/* Else it is a SCHEMA_T_ANY. */
static bool is_scalar(const struct lk_param *row)
{
	return row->type < sizeof(scalars) / sizeof(scalars[0]);
}

static bool is_length_bounded(uint32_t type)
{
	return type == LK_T_STRING || type == LK_T_URL || type == LK_T_FILE;
}

static int check_text(struct value_reader *r, const struct lk_param *row, const struct node *node,
                      const struct value_text *text)
{
	size_t points;

	if (!utf8_count(text->s, text->bytes, &points)) {
		report_add(r->report, LK_FAULT_ERROR, node, "not_utf8",
		           "is not valid UTF-8; save the file as UTF-8");
		return VALUE_FAULT;
	}
	if (text->has_secret && (row->type != LK_T_STRING || (row->flags & LK_TEMPLATE))) {
		report_add(r->report, LK_FAULT_ERROR, node, "secret_not_allowed",
		           row->type == LK_T_URL
		                   ? "a URL may not hold a secret; send the secret in a header"
		                   : "may not hold a secret; only plain text settings can");
		return VALUE_FAULT;
	}
	if (text->has_unknown && !(r->flags & SCHEMA_VARIABLES_UNKNOWN)) {
		report_add(r->report, LK_FAULT_ERROR, node, "unknown_variable",
		           "holds a variable that has no value here");
		return VALUE_FAULT;
	}
	return is_length_bounded(row->type) ? check_length(r, row, node, text) : VALUE_GOOD;
}

/* What holds an unknown variable is shown as it is written; a number is its default. */
static int leave_unchecked(struct value_reader *r, const struct lk_param *row,
                           const struct node *node, struct lk_value *out)
{
	int rc = 0;

	if (scalars[row->type].is_text)
		take_text(node->u.s, out);
	else
		rc = value_default(r, row, out);
	out->is_set = 1;
	return rc < 0 ? rc : VALUE_OPAQUE;
}

static int read_text(struct value_reader *r, const struct lk_param *row, const struct node *node,
                     struct lk_value *out)
{
	struct value_text text;
	int rc = value_text_read(&r->values->arena, node, row->flags & LK_TEMPLATE, &text);

	if (rc == 0)
		rc = check_text(r, row, node, &text);
	if (rc != VALUE_GOOD)
		return rc;
	if (text.has_secret || (row->flags & LK_SECRET))
		return value_keep_secret(r, row, node, &text, out);
	if (text.has_unknown)
		return leave_unchecked(r, row, node, out);
	return scalars[row->type].parse(r, row, node, &text, out);
}

int value_read(struct value_reader *r, const struct lk_param *row, const struct node *node,
               struct lk_value *out)
{
	*out = (struct lk_value){.size = sizeof(*out), .is_set = 1};
	if (!is_scalar(row))
		return VALUE_GOOD;
	if (node->kind == NODE_STRING)
		return read_text(r, row, node, out);
	if (node->kind != scalars[row->type].native)
		return value_wrong_kind(r, row, node);
	if (node->kind == NODE_BOOL) {
		out->u.i = node->u.b;
		return VALUE_GOOD;
	}
	return take_number(r, row, node, NULL, node->u.i, out);
}

int value_default(struct value_reader *r, const struct lk_param *row, struct lk_value *out)
{
	struct node node = {.kind = NODE_STRING, .u.s = row->def};
	struct value_reader reader = *r;
	int rc = VALUE_GOOD;

	*out = (struct lk_value){.size = sizeof(*out)};
	if (!row->def || !is_scalar(row) || (row->flags & LK_SECRET))
		return rc;
	reader.report = r->quiet;
	reader.is_default = true;
	rc = value_read(&reader, row, &node, out);
	if (rc == VALUE_GOOD)
		out->is_set = 0;
	else
		*out = (struct lk_value){.size = sizeof(*out)};
	return rc;
}
