/* Gathering faults, judging and printing them, and guessing what a mistyped name was to be. */
#include "schema/report.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/err.h"
#include "schema/node.h"

/* Faults beyond that many are only counted: nobody reads them, and a hostile file has no end. */
enum { FAULTS_MAX = 1000 };

enum { WORD_MAX = 64, TYPING_ERRORS_MAX = 2 };

void report_init(struct report *r)
{
	*r = (struct report){0};
	arena_init(&r->arena);
}

void report_finish(struct report *r)
{
	mem_free(r->faults);
	arena_finish(&r->arena);
	report_init(r);
}

static struct fault *fault_next(struct report *r)
{
	if (r->count == r->cap) {
		size_t cap = r->cap ? 2 * r->cap : 16;
		struct fault *faults = mem_resize(r->faults, cap, sizeof(*faults));
		if (!faults)
			return NULL;
		r->faults = faults;
		r->cap = cap;
	}
	return &r->faults[r->count];
}

/* A fault is one line, whatever a definition or a plugin put into it. */
static void keep_one_line(char *text)
{
	for (; *text; text++)
		if (iscntrl((unsigned char)*text))
			*text = ' ';
}

static void add(struct report *r, uint32_t severity, const char *file, unsigned line,
                const char *path, const char *code, const char *format, va_list args)
	__attribute__((format(printf, 7, 0)));

static void add(struct report *r, uint32_t severity, const char *file, unsigned line,
                const char *path, const char *code, const char *format, va_list args)
{
	if (severity == LK_FAULT_ERROR)
		r->errors++;
	else
		r->warnings++;
	if (r->count == FAULTS_MAX)
		return;

	struct fault *f = fault_next(r);
	char *text = f ? arena_vprintf(&r->arena, format, args) : NULL;
	char *path_copy = text ? arena_strdup(&r->arena, path) : NULL;
	char *code_copy = path_copy ? arena_strdup(&r->arena, code) : NULL;
	char *file_copy = code_copy ? arena_strdup(&r->arena, file) : NULL;
	if (!code_copy || (file && !file_copy)) {
		r->out_of_memory = true;
		return;
	}
	keep_one_line(text);
	keep_one_line(path_copy);
	*f = (struct fault){severity, file_copy, line, path_copy, code_copy, text};
	r->count++;
}

void report_add_at(struct report *r, uint32_t severity, const char *file, unsigned line,
                   const char *path, const char *code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add(r, severity, file, line, path, code, format, args);
	va_end(args);
}

void report_add(struct report *r, uint32_t severity, const struct node *node, const char *code,
                const char *format, ...)
{
	struct buf path;
	va_list args;

	buf_init(&path, BUF_MAX_LINE);
	if (node)
		node_path(node, &path);
	if (buf_failed(&path) == BUF_NO_MEMORY)
		r->out_of_memory = true;
	va_start(args, format);
	add(r, severity, node ? node->file : NULL, node ? node->line : 0, buf_str(&path), code,
	    format, args);
	va_end(args);
	buf_finish(&path);
}

static void print_fault(const struct fault *f, struct buf *b)
{
	if (f->file && f->line)
		buf_printf(b, "%s:%u: ", f->file, f->line);
	else if (f->file)
		buf_printf(b, "%s: ", f->file);
	buf_add_str(b, f->severity == LK_FAULT_ERROR ? "error: " : "warning: ");
	if (f->path[0])
		buf_printf(b, "%s: ", f->path);
	buf_add_str(b, f->text);
}

int report_verdict(const struct report *r, struct err *e)
{
	struct buf line;

	if (r->out_of_memory)
		return err_no_memory(e);
	if (r->errors == 0)
		return 0;
	buf_init(&line, BUF_MAX_LINE);
	for (size_t i = 0; i < r->count; i++) {
		if (r->faults[i].severity != LK_FAULT_ERROR)
			continue;
		print_fault(&r->faults[i], &line);
		break;
	}
	if (r->errors > 1)
		err_set(e, ERR_INVALID, "%s (and %zu more)", buf_str(&line), r->errors - 1);
	else
		err_set(e, ERR_INVALID, "%s", buf_str(&line));
	buf_finish(&line);
	return ERR_INVALID;
}

/* Faults without a file first; those of one place stay in the order in which they were found. */
static int compare(const void *a, const void *b)
{
	const struct fault *x = *(const struct fault *const *)a;
	const struct fault *y = *(const struct fault *const *)b;
	int by_file = strcmp(x->file ? x->file : "", y->file ? y->file : "");

	if (by_file)
		return by_file;
	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	return x < y ? -1 : x > y;
}

void report_print(const struct report *r, struct buf *b)
{
	const struct fault **sorted = mem_array(r->count, sizeof(struct fault *));

	if (!sorted) {
		b->failed = BUF_NO_MEMORY;
		return;
	}
	for (size_t i = 0; i < r->count; i++)
		sorted[i] = &r->faults[i];
	qsort(sorted, r->count, sizeof(struct fault *), compare);
	for (size_t i = 0; i < r->count; i++) {
		print_fault(sorted[i], b);
		buf_add_char(b, '\n');
	}
	if (r->errors + r->warnings > r->count)
		buf_printf(b, "and %zu more\n", r->errors + r->warnings - r->count);
	mem_free(sorted);
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Typing errors between two words of at most WORD_MAX bytes, the case of letters aside: wrong,
 * missing, surplus and swapped letters (optimal string alignment, Damerau 1964). */
static size_t distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
	size_t rows[3][WORD_MAX + 1];
	size_t *older = rows[0], *last = rows[1], *now = rows[2];

	for (size_t j = 0; j <= b_length; j++)
		now[j] = j;
	for (size_t i = 1; i <= a_length; i++) {
		size_t *spare = older;
		older = last;
		last = now;
		now = spare;
		now[0] = i;
		for (size_t j = 1; j <= b_length; j++) {
			int x = tolower((unsigned char)a[i - 1]);
			int y = tolower((unsigned char)b[j - 1]);
			now[j] = least(last[j - 1] + (x != y), least(last[j], now[j - 1]) + 1);
			if (i > 1 && j > 1 && x == tolower((unsigned char)b[j - 2]) &&
			    y == tolower((unsigned char)a[i - 2]))
				now[j] = least(now[j], older[j - 2] + 1);
		}
	}
	return now[b_length];
}

const char *report_nearest(const char *word, const char *const *names, size_t count)
{
	const char *best = NULL;
	size_t length = strlen(word);
	/* A word of two letters is not a mistyped word of two other ones. */
	size_t bound = least(TYPING_ERRORS_MAX + 1, length);

	if (length > WORD_MAX)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		size_t name_length = strlen(names[i]);
		if (name_length > WORD_MAX)
			continue;
		size_t d = distance(word, length, names[i], name_length);
		if (d < bound) {
			bound = d;
			best = names[i];
		}
	}
	return best;
}

/* The length of the first step of a path, "headers" or "[3]", without the dot before it. */
static size_t step_length(const char *path)
{
	return path[0] == '[' ? strcspn(path, "]") + 1 : strcspn(path, ".[");
}

static const struct node *child_of(const struct node *n, const char *step, size_t length)
{
	const struct node *child = n->first;

	if (step[0] == '[') {
		for (size_t i = strtoul(step + 1, NULL, 10); child && i > 0; i--)
			child = child->next;
		return child;
	}
	while (child && !(child->name && strlen(child->name) == length &&
	                  !memcmp(child->name, step, length)))
		child = child->next;
	return child;
}

/* The node of that path, or the last one on the way to it that exists. */
static const struct node *deepest(const struct node *n, const char *path)
{
	while (*path) {
		size_t length = step_length(path);
		if (length > strlen(path))
			return n;
		const struct node *child = child_of(n, path, length);
		if (!child)
			return n;
		n = child;
		path += length;
		path += *path == '.';
	}
	return n;
}

static void adapter_add(struct lk_report *face, uint32_t severity, const char *path,
                        const char *code, const char *message)
{
	struct report_adapter *a = (struct report_adapter *)face;
	const struct node *place = a->root ? deepest(a->root, path ? path : "") : NULL;
	struct buf full;

	buf_init(&full, BUF_MAX_LINE);
	if (a->root)
		node_path(a->root, &full);
	if (path && path[0] && path[0] != '[' && full.len_bytes > 0)
		buf_add_char(&full, '.');
	buf_add_str(&full, path ? path : "");
	if (buf_failed(&full) == BUF_NO_MEMORY)
		a->report->out_of_memory = true;
	report_add_at(a->report, severity, place ? place->file : NULL, place ? place->line : 0,
	              buf_str(&full), code ? code : "invalid", "%s", message ? message : "");
	buf_finish(&full);
}

void report_adapter_init(struct report_adapter *a, struct report *r, const struct node *root)
{
	*a = (struct report_adapter){
		.face = {.size = sizeof(a->face), .add = adapter_add},
		.report = r,
		.root = root,
	};
}
