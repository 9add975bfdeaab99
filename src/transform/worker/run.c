/* Input, the one value, and what is wrong with either. */
#include "transform/worker/run.h"

#include <jq.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"
#include "base/mem.h"
#include "transform/frame.h"
#include "transform/worker/message.h"
#include "json/scan.h"

enum { NESTING_MAX = 256 }; /* of jq's own reader */

static void fail(struct run *run, enum transform_result result, const char *why)
{
	run->result = result;
	message_printf(run->m, "%s", why);
}

/* jq's reader takes more than JSON, and its messages have the whole text in them. */
static bool read_value(struct run *run, const char *what, const char *text, size_t bytes, jv *ret)
{
	struct scan_fault fault = {0};

	if (bytes == 0) {
		*ret = jv_null();
		return true;
	}
	if (!json_scan(text, bytes, NESTING_MAX, &fault)) {
		run->result = TRANSFORM_BAD_INPUT;
		message_printf(run->m, "%s is not JSON at byte %zu: %s", what, fault.offset_bytes,
		               fault.text);
		return false;
	}
	jv value = jv_parse_sized(text, (int)bytes);
	if (!jv_is_valid(value)) {
		jv_free(value);
		run->result = TRANSFORM_BAD_INPUT;
		message_printf(run->m, "%s cannot be read by jq", what);
		return false;
	}
	*ret = value;
	return true;
}

/* What the wrapping expects: the input alone, or the pair of input and values. */
static bool read_input(struct run *run, jv *ret)
{
	jv input, values;

	if (!read_value(run, "the input", run->input, run->input_bytes, &input))
		return false;
	if (!run->has_names) {
		*ret = input;
		return true;
	}
	if (!read_value(run, "the array of variables", run->values, run->values_bytes, &values)) {
		jv_free(input);
		return false;
	}
	if (jv_get_kind(values) != JV_KIND_ARRAY) {
		jv_free(values);
		values = jv_array();
	}
	*ret = JV_ARRAY_2(input, values);
	return true;
}

/* Takes the value that ended a run: an error, or nothing. */
static void fail_run(struct run *run, jv end)
{
	jv said = jv_invalid_get_msg(end);

	run->result = TRANSFORM_FAILED;
	if (jv_get_kind(said) != JV_KIND_STRING)
		said = jv_dump_string(said, 0);
	message_add_run(run->m, jv_string_value(said),
	                (size_t)jv_string_length_bytes(jv_copy(said)));
	if (run->m->bytes == 0)
		message_printf(run->m, "the program failed without saying why");
	jv_free(said);
}

/* jq writes words of its own in the place of what is nested too deep for it. */
static bool is_json(const char *text, size_t bytes)
{
	struct scan_fault fault;

	return json_scan(text, bytes, SCAN_DEPTH_MAX, &fault);
}

static void take_output(struct run *run, jv value)
{
	run->is_text = jv_get_kind(value) == JV_KIND_STRING;
	jv text = run->is_text ? value : jv_dump_string(value, 0);
	size_t bytes = (size_t)jv_string_length_bytes(jv_copy(text));

	if (bytes > TRANSFORM_OUTPUT_MAX) {
		run->is_text = false;
		run->result = TRANSFORM_TOO_LARGE;
		message_printf(run->m, "the result has %zu bytes; at most %d are allowed", bytes,
		               TRANSFORM_OUTPUT_MAX);
	} else if (!run->is_text && !is_json(jv_string_value(text), bytes)) {
		fail(run, TRANSFORM_FAILED, "the result is nested too deep");
	} else {
		run->output = mem_dup(jv_string_value(text), bytes);
		run->output_bytes = bytes;
		run->result = TRANSFORM_OK;
		if (!run->output)
			_exit(WORKER_EXIT_NO_MEMORY);
	}
	jv_free(text);
}

/* Whatever the program still does after its first value belongs to it: an error there is an error. */
static void judge_rest(struct run *run, jv value, jv next)
{
	if (jv_is_valid(next)) {
		jv_free(next);
		jv_free(value);
		fail(run, TRANSFORM_FAILED, "the program gave more than one value");
	} else if (jv_invalid_has_msg(jv_copy(next))) {
		jv_free(value);
		fail_run(run, next);
	} else {
		jv_free(next);
		take_output(run, value);
	}
}

void run_program(struct run *run, jq_state *jq)
{
	jv input;

	if (!read_input(run, &input))
		return;
	jq_start(jq, input, 0);
	jv value = jq_next(jq);
	if (jv_is_valid(value)) {
		judge_rest(run, value, jq_next(jq));
	} else if (jv_invalid_has_msg(jv_copy(value))) {
		fail_run(run, value);
	} else {
		jv_free(value);
		fail(run, TRANSFORM_FAILED, "the program gave no value");
	}
	jq_start(jq, jv_null(), 0); /* lets go of what the run held */
}
