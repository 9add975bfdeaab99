/*
 * Reading one value: what the tables (check.c), the scalars (value.c) and the texts (text.c) of a
 * reading share.
 *
 * Functions that read a value return an outcome, or ERR_NO_MEMORY.
 */
#pragma once

#include <linkspan/connector.h>
#include <stdbool.h>
#include <stddef.h>

struct arena;
struct buf;
struct node;
struct report;
struct schema_values;

/* In the order of their weight: a value made of several has the heaviest of theirs. */
enum value_outcome {
	VALUE_GOOD,
	VALUE_OPAQUE, /* holds a secret or an unknown variable: nobody can judge it here */
	VALUE_FAULT,  /* the report says why; the value is the default */
};

/* What one schema_read() carries along. */
struct value_reader {
	struct schema_values *values;
	struct report *report;
	struct report *quiet; /* where faults of defaults go */
	unsigned flags;       /* SCHEMA_… */
	bool is_default;      /* the node is the text of a row's `def` */
};

/* A text after its parts were put together. */
struct value_text {
	const char *s; /* with every variable put in, secrets left out */
	size_t bytes;
	bool has_plain;   /* something literal, or from a variable, stands in it */
	bool has_secret;  /* a `${secret:…}` stands in it */
	bool has_unknown; /* a variable without a value here */
};

/* Puts the parts of a NODE_STRING together; in a template, braces from variables become %7B and
 * %7D. */
int value_text_read(struct arena *a, const struct node *node, bool is_template,
                    struct value_text *ret);
/* Notes what stands behind a secret value and fills in out->secret and what may be shown. */
int value_keep_secret(struct value_reader *r, const struct lk_param *row, const struct node *node,
                      const struct value_text *text, struct lk_value *out);

/* Reads any type but LIST, MAP and GROUP into *out. */
int value_read(struct value_reader *r, const struct lk_param *row, const struct node *node,
               struct lk_value *out);
/* Fills in *out as if the row's default had been written, or as absent.  Scalars only. */
int value_default(struct value_reader *r, const struct lk_param *row, struct lk_value *out);

/* "is a list; a string is needed"; returns VALUE_FAULT. */
int value_wrong_kind(struct value_reader *r, const struct lk_param *row, const struct node *node);
/* "VALUE WHAT; allowed: …"; text is that of a NODE_STRING, else NULL; returns VALUE_FAULT. */
int value_refuse(struct value_reader *r, const struct lk_param *row, const struct node *node,
                 const char *code, const struct value_text *text, const char *what);
/* Notes in the report when a message could not be composed. */
void value_note_buf(struct value_reader *r, const struct buf *b);

/* The text in quotes, without control characters, cut when it is long. */
void value_quote(const char *s, struct buf *b);
/* A scalar node's value as a message shows it. */
void value_show(const struct node *node, const struct value_text *text, struct buf *b);
/* What a row accepts: "1000 to 60000", "GET, POST", "1 to 100 characters". */
void value_allowed(const struct lk_param *row, struct buf *b);
/* "a string", "a whole number": what the type is called. */
const char *value_type_name(uint32_t type);
bool value_in_bounds(const struct lk_param *row, int64_t n);
