/*
 * The text of one setting that may hold a secret, in its stretches: references, and what is between.  What
 * counts as literal stands in core/literal.h.  Any thread; nothing is kept.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct buf;

/* One stretch after the other. */
struct literal_text {
	const char *at; /* of the stretch, as it is written */
	size_t bytes;
	bool is_literal; /* a secret: what is between references, and more than what belongs to them */
	const char *start, *next;
	bool alone; /* there is no reference at all */
};

/* is_header: a word for the scheme of authentication in front ("Bearer ") is no part of the secret, also where
 * there is no reference. */
void literal_text_begin(struct literal_text *t, const char *text, bool is_header);
bool literal_text_next(struct literal_text *t); /* false: that was all */

/* Whether any stretch is literal. */
bool literal_text_has(const char *text, bool is_header);

/* Appends what a stretch means: `$$` is one $. */
void literal_text_plain(const char *at, size_t bytes, struct buf *ret);
