/* One run of a compiled program. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "transform/transform.h"

struct jq_state;
struct message;

struct run {
	const char *values, *input;
	size_t values_bytes, input_bytes;
	bool has_names;

	enum transform_result result;
	char *output; /* mem_free() */
	size_t output_bytes;
	bool is_text;
	struct message *m;
};

void run_program(struct run *run, struct jq_state *jq);
