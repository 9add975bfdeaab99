/* Runs of transformations with the worker of the build tree. */
#pragma once

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "transform/transform.h"

/* The worker that was built, wherever it will be installed. */
static inline const char *transforming_worker(void)
{
	const char *path = getenv("LINKSPAN_BUILT_TRANSFORM");

	ck_assert_msg(path != NULL, "LINKSPAN_BUILT_TRANSFORM is not set");
	return path;
}

/* A pool of that worker; options->worker is filled in unless it is given. */
static inline struct transforms *transforming_start(const struct transforms_options *options)
{
	struct transforms_options all = options ? *options : (struct transforms_options){0};
	struct transforms *pool = NULL;
	struct err e = {0};

	if (!all.worker)
		all.worker = transforming_worker();
	ck_assert_msg(transforms_create(&all, &pool, &e) == 0, "%s", e.text);
	return pool;
}

static inline void transforming_free(struct transform *t)
{
	mem_free(t->output);
	t->output = NULL;
}

/* Runs it, and says how it ended as one text: "OK 1", "TEXT abc", or "FAILED message".  Good until the next. */
static inline const char *transforming_run(struct transforms *pool, struct transform *t)
{
	static const char *const names[] = {
		[TRANSFORM_OK] = "OK",
		[TRANSFORM_BAD_PROGRAM] = "BAD_PROGRAM",
		[TRANSFORM_BAD_INPUT] = "BAD_INPUT",
		[TRANSFORM_FAILED] = "FAILED",
		[TRANSFORM_TOO_LARGE] = "TOO_LARGE",
		[TRANSFORM_TIMEOUT] = "TIMEOUT",
		[TRANSFORM_DIED] = "DIED",
		[TRANSFORM_UNAVAILABLE] = "UNAVAILABLE",
	};
	static char text[4096];

	transform_wait(pool, t);
	if (t->output)
		ck_assert_uint_eq(strlen(t->output), t->output_bytes);
	snprintf(text, sizeof(text), "%s%s%s", t->is_text ? "TEXT" : names[t->result],
	         t->output || t->message[0] ? " " : "", t->output ? t->output : t->message);
	transforming_free(t);
	return text;
}

static inline const char *transforming(struct transforms *pool, const char *program,
                                       const char *input)
{
	struct transform t = {
		.program = program, .input = input, .input_bytes = input ? strlen(input) : 0};

	return transforming_run(pool, &t);
}
