/*
 * Lines of standard input, gathered into batches: the pure part of `linkspan pipe`.
 *
 * A batch is the text of its lines, one behind the other, and what became of each.  Nothing here
 * reads, waits or sends.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/mem.h"

struct json;

enum {
	PIPE_LINES_MAX = 1000,              /* of a batch */
	PIPE_BATCH_BYTES = 512 * 1024,      /* a longer line is a batch of its own */
	PIPE_LINE_BYTES = 16 * 1024 * 1024, /* a longer line is refused */
};

enum pipe_state {
	PIPE_PENDING, /* to be sent */
	PIPE_STORED,
	PIPE_BLANK,   /* nothing to send: no message, no fault */
	PIPE_REFUSED, /* and it always will be */
	PIPE_WAITS,   /* refused now; later it may be taken */
	PIPE_UNKNOWN, /* perhaps stored: only the same body with the same key can tell */
};

struct pipe_line {
	size_t offset_bytes, bytes; /* in the batch's text, its newline not counted */
	enum pipe_state state;
	bool is_in_body; /* of the last pipe_batch_body() */
	const char *why; /* of PIPE_REFUSED and PIPE_WAITS: "queue_full: …"; in the batch's arena */
};

struct pipe_batch {
	struct buf text;
	struct pipe_line *lines; /* PIPE_LINES_MAX of them */
	size_t count;
	uint64_t first; /* the number of lines[0] in the input, from 1 */
	struct arena arena;
};

/* The input between two batches. */
struct pipe_lines {
	struct buf partial;  /* a line without its end yet */
	bool is_too_long;    /* what of it came is thrown away */
	uint64_t line_count; /* in all batches so far */
};

int pipe_batch_init(struct pipe_batch *b); /* 0 or ERR_NO_MEMORY; pipe_batch_finish() in any case */
void pipe_batch_finish(struct pipe_batch *b);
void pipe_batch_clear(struct pipe_batch *b);

void pipe_lines_init(struct pipe_lines *l);
void pipe_lines_finish(struct pipe_lines *l);

/* Puts complete lines into the batch until it is full, and keeps an incomplete one.  *ret_used of
 * the data are done with; the rest is for the next batch.  0 or ERR_NO_MEMORY. */
int pipe_lines_add(struct pipe_lines *l, const char *data, size_t bytes, struct pipe_batch *b,
                   size_t *ret_used);
/* The input has ended: what is left is a line too.  False: the batch was full, there is more. */
bool pipe_lines_end(struct pipe_lines *l, struct pipe_batch *b);

/* Makes the body of what is still open: each line with its newline.  Returns how many lines. */
size_t pipe_batch_body(struct pipe_batch *b, struct buf *body);
/* What the daemon answered to that body, which may be sent again: {"id"} or {"code", "detail"} for
 * each line.  False when there is not one item for each; then nothing is changed. */
bool pipe_batch_settle(struct pipe_batch *b, const struct json *items);
/* The same fate for all lines of the body that have none yet. */
void pipe_batch_settle_all(struct pipe_batch *b, enum pipe_state state, const char *why);
/* Whether it is still to be sent. */
bool pipe_line_is_open(const struct pipe_line *line);
/* The fate of one line.  detail may be NULL, and code too: nothing is to be said.  What is
 * PIPE_UNKNOWN does not become PIPE_WAITS. */
void pipe_line_set(struct pipe_batch *b, struct pipe_line *line, enum pipe_state state,
                   const char *code, const char *detail);
/* The same from an item as above. */
void pipe_line_settle(struct pipe_batch *b, struct pipe_line *line, const struct json *item);
size_t pipe_batch_count(const struct pipe_batch *b, enum pipe_state state);

/* The answers of --ack, one line each: "OK", or why not. */
void pipe_batch_answer(const struct pipe_batch *b, struct buf *text);
