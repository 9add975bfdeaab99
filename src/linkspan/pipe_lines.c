/* Lines of standard input, gathered into batches. */
#include "linkspan/pipe_lines.h"

#include <stdio.h>

#include "base/banned.h"
#include "base/err.h"
#include "linkspan/problem.h"
#include "json/json.h"

/* The text may hold one line of any allowed length. */
enum { TEXT_MAX_BYTES = PIPE_LINE_BYTES + 2, WHY_BYTES = 256 };

static const char too_long[] = "too_long: the line has more than 16 MiB";
static const char out_of_memory[] = "no_memory: linkspan pipe has run out of memory";

int pipe_batch_init(struct pipe_batch *b)
{
	*b = (struct pipe_batch){0};
	buf_init(&b->text, TEXT_MAX_BYTES);
	arena_init(&b->arena);
	b->lines = mem_array(PIPE_LINES_MAX, sizeof(*b->lines));
	return b->lines ? 0 : ERR_NO_MEMORY;
}

void pipe_batch_finish(struct pipe_batch *b)
{
	buf_finish(&b->text);
	arena_finish(&b->arena);
	mem_free(b->lines);
}

void pipe_batch_clear(struct pipe_batch *b)
{
	buf_clear(&b->text);
	arena_finish(&b->arena);
	arena_init(&b->arena);
	b->count = 0;
}

void pipe_lines_init(struct pipe_lines *l)
{
	*l = (struct pipe_lines){0};
	buf_init(&l->partial, PIPE_LINE_BYTES);
}

void pipe_lines_finish(struct pipe_lines *l)
{
	buf_finish(&l->partial);
}

static bool has_room(const struct pipe_batch *b, size_t bytes)
{
	return b->count == 0 ||
	       (b->count < PIPE_LINES_MAX && b->text.len_bytes + bytes + 1 <= PIPE_BATCH_BYTES);
}

static bool is_blank(const char *s, size_t bytes)
{
	while (bytes > 0 && (*s == ' ' || *s == '\t' || *s == '\r'))
		s++, bytes--;
	return bytes == 0;
}

static void put(struct pipe_lines *l, struct pipe_batch *b, const char *data, size_t bytes)
{
	struct pipe_line *line = &b->lines[b->count];

	if (b->count++ == 0)
		b->first = l->line_count + 1;
	l->line_count++;
	*line = (struct pipe_line){.offset_bytes = b->text.len_bytes, .bytes = bytes};
	if (l->is_too_long) {
		*line = (struct pipe_line){.state = PIPE_REFUSED, .why = too_long};
	} else if (is_blank(data, bytes)) {
		line->state = PIPE_BLANK;
	} else {
		buf_add(&b->text, data, bytes);
		buf_add_char(&b->text, '\n');
	}
	l->is_too_long = false;
	buf_clear(&l->partial);
}

/* Data without a newline. */
static int keep(struct pipe_lines *l, const char *data, size_t bytes)
{
	if (l->is_too_long)
		return 0;
	buf_add(&l->partial, data, bytes);
	if (buf_failed(&l->partial) == BUF_NO_MEMORY)
		return ERR_NO_MEMORY;
	if (buf_failed(&l->partial)) {
		l->is_too_long = true;
		buf_clear(&l->partial);
	}
	return 0;
}

int pipe_lines_add(struct pipe_lines *l, const char *data, size_t bytes, struct pipe_batch *b,
                   size_t *ret_used)
{
	size_t used = 0;
	int rc = 0;

	while (used < bytes && rc == 0) {
		const char *line = data + used;
		const char *end = memchr(line, '\n', bytes - used);
		size_t length = end ? (size_t)(end - line) : bytes - used;
		if (end && !has_room(b, l->partial.len_bytes + length))
			break;
		used += length + (end ? 1 : 0);
		if (!end || l->partial.len_bytes > 0 || l->is_too_long)
			rc = keep(l, line, length);
		if (end && rc == 0 && l->partial.len_bytes > 0)
			put(l, b, buf_str(&l->partial), l->partial.len_bytes);
		else if (end && rc == 0)
			put(l, b, line, length);
	}
	if (rc == 0 && buf_failed(&b->text))
		rc = ERR_NO_MEMORY;
	if (rc == 0)
		*ret_used = used;
	return rc;
}

bool pipe_lines_end(struct pipe_lines *l, struct pipe_batch *b)
{
	if (l->partial.len_bytes == 0 && !l->is_too_long)
		return true;
	if (!has_room(b, l->partial.len_bytes))
		return false;
	put(l, b, buf_str(&l->partial), l->partial.len_bytes);
	return true;
}

bool pipe_line_is_open(const struct pipe_line *line)
{
	return line->state == PIPE_PENDING || line->state == PIPE_WAITS ||
	       line->state == PIPE_UNKNOWN;
}

size_t pipe_batch_body(struct pipe_batch *b, struct buf *body)
{
	size_t count = 0;

	buf_clear(body);
	for (size_t i = 0; i < b->count; i++) {
		struct pipe_line *line = &b->lines[i];
		line->is_in_body = pipe_line_is_open(line);
		if (!line->is_in_body)
			continue;
		buf_add(body, b->text.data + line->offset_bytes, line->bytes + 1);
		count++;
	}
	return count;
}

void pipe_line_set(struct pipe_batch *b, struct pipe_line *line, enum pipe_state state,
                   const char *code, const char *detail)
{
	const char *why = NULL;

	/* That it is not taken now says nothing of what was done before. */
	if (line->state == PIPE_UNKNOWN && state == PIPE_WAITS)
		state = PIPE_UNKNOWN;
	line->state = state;
	if (code)
		why = arena_printf(&b->arena, "%.*s%s%.*s", WHY_BYTES, code, detail ? ": " : "",
		                   WHY_BYTES, detail ? detail : "");
	line->why = code && !why ? out_of_memory : why;
}

/* The daemon counts the lines of the body, which is not what a person counts. */
static const char *without_line(const char *detail)
{
	static const char prefix[] = "line ";
	const char *text = detail;

	if (!text || strncmp(text, prefix, sizeof(prefix) - 1) != 0)
		return detail;
	text += sizeof(prefix) - 1;
	size_t digits = strspn(text, "0123456789");
	text += digits + strspn(text + digits, ", ");
	return digits > 0 && *text ? text : detail;
}

void pipe_line_settle(struct pipe_batch *b, struct pipe_line *line, const struct json *item)
{
	const char *code = json_as_string(json_get(item, "code"));
	const char *detail = without_line(json_as_string(json_get(item, "detail")));
	enum pipe_state state = problem_is_unknown(0, code)   ? PIPE_UNKNOWN
	                        : problem_is_passing(0, code) ? PIPE_WAITS
	                                                      : PIPE_REFUSED;

	if (json_as_string(json_get(item, "id")))
		pipe_line_set(b, line, PIPE_STORED, NULL, NULL);
	else
		pipe_line_set(b, line, state, code ? code : "refused", detail);
}

bool pipe_batch_settle(struct pipe_batch *b, const struct json *items)
{
	size_t in_body = 0, at = 0;

	for (size_t i = 0; i < b->count; i++)
		in_body += b->lines[i].is_in_body;
	if (json_kind(items) != JSON_ARRAY || json_count(items) != in_body)
		return false;
	for (size_t i = 0; i < b->count; i++)
		if (b->lines[i].is_in_body)
			pipe_line_settle(b, &b->lines[i], json_at(items, at++));
	return true;
}

void pipe_batch_settle_all(struct pipe_batch *b, enum pipe_state state, const char *why)
{
	for (size_t i = 0; i < b->count; i++)
		if (pipe_line_is_open(&b->lines[i]))
			pipe_line_set(b, &b->lines[i], state, why, NULL);
}

size_t pipe_batch_count(const struct pipe_batch *b, enum pipe_state state)
{
	size_t count = 0;

	for (size_t i = 0; i < b->count; i++)
		count += b->lines[i].state == state;
	return count;
}

void pipe_batch_answer(const struct pipe_batch *b, struct buf *text)
{
	for (size_t i = 0; i < b->count; i++) {
		const struct pipe_line *line = &b->lines[i];
		size_t begin = text->len_bytes;
		if (line->state == PIPE_STORED || line->state == PIPE_BLANK) {
			buf_add_str(text, "OK\n");
			continue;
		}
		buf_add_str(text, line->why ? line->why : "unknown: there was no answer");
		for (size_t j = begin; j < text->len_bytes; j++)
			if ((unsigned char)text->data[j] < 0x20)
				text->data[j] = ' ';
		buf_add_char(text, '\n');
	}
}
