/* Problem documents of the daemon. */
#include "linkspan/problem.h"

#include <stddef.h>
#include <stdio.h>

#include "base/banned.h"
#include "base/err.h"
#include "fetch/fetch.h"
#include "json/json.h"

enum { SHOWN_BYTES = 200 };

/* code NULL: every other one of that status; the first row that fits holds. */
static const struct problem_row {
	unsigned status;
	const char *code;
	int err;
	bool is_passing, is_unknown;
} problems[] = {
	{400, NULL, ERR_USAGE, false, false},
	{401, NULL, ERR_DENIED, false, false},
	{403, NULL, ERR_DENIED, false, false},
	{404, NULL, ERR_NOT_FOUND, false, false},
	{405, NULL, ERR_FAILED, false, false},
	{408, NULL, ERR_TIMEOUT, true, true},
	{409, NULL, ERR_CONFLICT, false, false},
	{412, NULL, ERR_CONFLICT, false, false},
	{413, NULL, ERR_USAGE, false, false},
	{415, NULL, ERR_USAGE, false, false},
	{422, "invalid_definition", ERR_INVALID, false, false},
	{422, "invalid_name", ERR_INVALID, false, false},
	{422, "invalid", ERR_INVALID, false, false},
	{422, "invalid_bundle", ERR_INVALID, false, false},
	{422, NULL, ERR_CONFLICT, false, false},
	{428, NULL, ERR_USAGE, false, false},
	{429, NULL, ERR_BUSY, true, false},
	{500, NULL, ERR_FAILED, false, true},
	{503, "store", ERR_BUSY, true, true},
	{503, NULL, ERR_BUSY, true, false},
	{504, NULL, ERR_TIMEOUT, true, true},
	/* The same codes where they stand for one line of many, without a status. */
	{0, "queue_full", ERR_BUSY, true, false},
	{0, "state_full", ERR_BUSY, true, false},
	{0, "disk_full", ERR_BUSY, true, false},
	{0, "stopping", ERR_BUSY, true, false},
	{0, "no_memory", ERR_BUSY, true, false},
	{0, "store", ERR_BUSY, true, true},
	{0, "no_such_connection", ERR_NOT_FOUND, false, false},
	{0, "not_deployed", ERR_NOT_FOUND, false, false},
	{0, "not_in_environment", ERR_CONFLICT, false, false},
	{0, "not_served", ERR_CONFLICT, false, false},
};

/* What to do about it, where the daemon cannot say it in the words of this command line. */
static const struct mend_row {
	const char *code, *mend;
} mends[] = {
	{"stale", "somebody saved it meanwhile: look at what is there now, and do it again"},
	{"invalid_name", "a name is letters, digits, `_`, `-`, `.` and single spaces"},
	{"name_taken", "see: linkspan connection list; --check-name asks whether a name is free"},
	{"in_use", "see: linkspan connection usage"},
	{"comments_lost", "say --discard-comments, or edit the file itself"},
	{"invalid_definition", "mend what is said above"},
	{"not_in_environment", "give it a part for that environment: --env in connection edit"},
	{"not_served", "see: linkspan env list"},
	{"no_such_connection", "see: linkspan connection list"},
	{"sealed", "say --passphrase-file"},
};

static const char *mend_of(const char *code)
{
	for (size_t i = 0; code && i < sizeof(mends) / sizeof(mends[0]); i++)
		if (strcmp(mends[i].code, code) == 0)
			return mends[i].mend;
	return NULL;
}

static const struct problem_row *row_of(unsigned status, const char *code)
{
	static const struct problem_row unknown = {0, NULL, ERR_FAILED, false, false};

	for (size_t i = 0; i < sizeof(problems) / sizeof(problems[0]); i++)
		if (problems[i].status == status &&
		    (!problems[i].code || (code && strcmp(problems[i].code, code) == 0)))
			return &problems[i];
	return &unknown;
}

int problem_code(unsigned status, const char *code)
{
	return row_of(status, code)->err;
}

bool problem_is_passing(unsigned status, const char *code)
{
	return row_of(status, code)->is_passing;
}

bool problem_is_unknown(unsigned status, const char *code)
{
	return row_of(status, code)->is_unknown;
}

static bool is_problem(const struct fetch_reply *reply)
{
	static const char type[] = "application/problem+json";

	return strncmp(reply->content_type, type, sizeof(type) - 1) == 0;
}

struct json *problem_read(const struct fetch_reply *reply)
{
	struct json *document = NULL;

	if (is_problem(reply))
		json_read(buf_str(&reply->body), reply->body.len_bytes, &document, NULL);
	return document;
}

void problem_read_code(const struct fetch_reply *reply, char *text)
{
	struct json *document = problem_read(reply);
	const char *code = json_as_string(json_get(document, "code"));

	snprintf(text, PROBLEM_CODE_BYTES, "%s", code ? code : "");
	json_free(document);
}

/* A body of an unknown kind: its first line, if it is one of text. */
static int odd_answer(const struct fetch_reply *reply, int rc, struct err *e)
{
	const char *body = buf_str(&reply->body);
	size_t bytes = 0;

	while (bytes < SHOWN_BYTES && (unsigned char)body[bytes] >= 0x20 && body[bytes] != 0x7f)
		bytes++;
	if (bytes == 0)
		return err_set(e, rc, "the daemon answered with status %u", reply->status);
	return err_set(e, rc, "the daemon answered with status %u: %.*s", reply->status, (int)bytes,
	               body);
}

int problem_error(const struct fetch_reply *reply, struct err *e)
{
	struct json *document = problem_read(reply);
	const char *code = json_as_string(json_get(document, "code"));
	const char *title = json_as_string(json_get(document, "title"));
	const char *detail = json_as_string(json_get(document, "detail"));
	const char *mend = mend_of(code);
	int rc = problem_code(reply->status, code);

	if (!title)
		odd_answer(reply, rc, e);
	else
		err_set(e, rc, "%s%s%s%s%s%s%s%s", title, detail ? ": " : "", detail ? detail : "",
		        code ? " (" : "", code ? code : "", code ? ")" : "", mend ? "; " : "",
		        mend ? mend : "");
	json_free(document);
	return rc;
}

static bool is_like(const struct json *a, const struct json *b, const char *key)
{
	const char *x = json_as_string(json_get(a, key)), *y = json_as_string(json_get(b, key));

	return x == y || (x && y && strcmp(x, y) == 0);
}

bool problem_is_repeated(const struct json *errors, size_t i)
{
	const struct json *one = json_at(errors, i);
	size_t k = 0;

	while (k < i && !(is_like(one, json_at(errors, k), "pointer") &&
	                  is_like(one, json_at(errors, k), "code") &&
	                  is_like(one, json_at(errors, k), "detail")))
		k++;
	return k < i;
}

void problem_faults(const struct json *problem, const char *prefix, struct buf *b)
{
	const struct json *errors = json_get(problem, "errors");

	for (size_t i = 0; i < json_count(errors); i++) {
		const struct json *fault = json_at(errors, i);
		const char *pointer = json_as_string(json_get(fault, "pointer"));
		const char *detail = json_as_string(json_get(fault, "detail"));
		const char *code = json_as_string(json_get(fault, "code"));
		if (problem_is_repeated(errors, i))
			continue;
		buf_printf(b, "%s%s%s%s\n", prefix, pointer ? pointer : "",
		           pointer && pointer[0] ? ": " : "",
		           detail ? detail
		           : code ? code
		                  : "is not allowed");
	}
}
