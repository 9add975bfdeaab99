/* Inputs of a request: one parser for each kind, one table. */
#include "admin/query.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/problem.h"
#include "base/banned.h"
#include "base/clock.h"
#include "base/err.h"
#include "httpd/request.h"
#include "schema/report.h"
#include "json/json.h"

static const char invalid[] = "invalid_parameter";

/* "a, b or c" */
static void list_choices(const char *const *choices, char *text, size_t bytes)
{
	size_t at = 0;

	text[0] = '\0';
	for (size_t i = 0; choices[i] && at < bytes; i++)
		at += (size_t)snprintf(text + at, bytes - at, "%s%s",
		                       i == 0           ? ""
		                       : choices[i + 1] ? ", "
		                                        : " or ",
		                       choices[i]);
}

static int parse_text(const struct query_row *row, const char *text, struct query_value *ret,
                      char *allowed, size_t bytes)
{
	int64_t length = (int64_t)strlen(text);

	(void)ret;
	if (length >= row->min && length <= row->max)
		return 0;
	snprintf(allowed, bytes, "%" PRId64 " to %" PRId64 " bytes", row->min, row->max);
	return ERR_USAGE;
}

static int parse_int(const struct query_row *row, const char *text, struct query_value *ret,
                     char *allowed, size_t bytes)
{
	char *end;

	errno = 0;
	ret->number = strtoll(text, &end, 10);
	if (text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0 &&
	    ret->number >= row->min && ret->number <= row->max)
		return 0;
	snprintf(allowed, bytes, "a number from %" PRId64 " to %" PRId64, row->min, row->max);
	return ERR_USAGE;
}

static int parse_flag(const struct query_row *row, const char *text, struct query_value *ret,
                      char *allowed, size_t bytes)
{
	(void)row;
	ret->number = strcmp(text, "true") == 0;
	if (ret->number || strcmp(text, "false") == 0)
		return 0;
	snprintf(allowed, bytes, "true or false");
	return ERR_USAGE;
}

static int parse_time(const struct query_row *row, const char *text, struct query_value *ret,
                      char *allowed, size_t bytes)
{
	(void)row;
	if (clock_parse(text, &ret->number) == 0)
		return 0;
	snprintf(allowed, bytes, "a time as RFC 3339 has it, such as 2026-01-31T09:30:00Z");
	return ERR_USAGE;
}

/* The place of a word among the choices, or -1. */
static int place_of(const char *const *choices, const char *word, size_t length)
{
	for (int i = 0; choices[i]; i++)
		if (strlen(choices[i]) == length && strncmp(choices[i], word, length) == 0)
			return i;
	return -1;
}

static int parse_choice(const struct query_row *row, const char *text, struct query_value *ret,
                        char *allowed, size_t bytes)
{
	ret->number = place_of(row->choices, text, strlen(text));
	if (ret->number >= 0)
		return 0;
	list_choices(row->choices, allowed, bytes);
	return ERR_USAGE;
}

static int parse_choices(const struct query_row *row, const char *text, struct query_value *ret,
                         char *allowed, size_t bytes)
{
	size_t length;

	ret->number = 0;
	for (const char *word = text;; word += length + 1) {
		length = strcspn(word, ",");
		int place = place_of(row->choices, word, length);
		if (place < 0) {
			size_t used = (size_t)snprintf(allowed, bytes, "one or more of ");
			list_choices(row->choices, allowed + used, bytes - used);
			return ERR_USAGE;
		}
		ret->number |= (int64_t)1 << place;
		if (word[length] == '\0')
			return 0;
	}
}

/* Says in `allowed` what would be right when it is not. */
static int (*const parsers[])(const struct query_row *row, const char *text,
                              struct query_value *ret, char *allowed, size_t bytes) = {
	[QUERY_TEXT] = parse_text, [QUERY_INT] = parse_int,       [QUERY_FLAG] = parse_flag,
	[QUERY_TIME] = parse_time, [QUERY_CHOICE] = parse_choice, [QUERY_CHOICES] = parse_choices,
};

int query_parse(const struct query_row *row, const char *pointer, const char *text,
                struct query_value *ret, struct problem *p)
{
	struct query_value value = {.given = true, .text = text};
	char allowed[192];

	if (row->kind < sizeof(parsers) / sizeof(parsers[0]) &&
	    parsers[row->kind](row, text, &value, allowed, sizeof(allowed)) < 0) {
		problem_fault(p, pointer, invalid, "\"%.40s\" is not allowed; what is: %s", text,
		              allowed);
		return ERR_USAGE;
	}
	*ret = value;
	return 0;
}

static int row_of(const struct query_row *rows, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++) {
		size_t length = strlen(rows[i].name);
		if (rows[i].kind == QUERY_FAMILY
		            ? strncmp(rows[i].name, name, length) == 0 && name[length]
		            : strcmp(rows[i].name, name) == 0)
			return (int)i;
	}
	return -1;
}

static int unknown(const struct query_row *rows, size_t count, const char *name,
                   const char *pointer, struct problem *p)
{
	const char *names[QUERY_ROWS_MAX + 1] = {NULL};
	char allowed[192];

	for (size_t i = 0; i < count && i < QUERY_ROWS_MAX; i++)
		names[i] = rows[i].name;
	const char *near = count ? report_nearest(name, names, count) : NULL;
	list_choices(names, allowed, sizeof(allowed));
	if (near && strcmp(near, name) != 0)
		problem_fault(p, pointer, "unknown_parameter",
		              "there is no such parameter here (did you mean \"%s\"?)", near);
	else
		problem_fault(p, pointer, "unknown_parameter",
		              "there is no such parameter here; there %s %s",
		              count == 1 ? "is" : "are", count ? allowed : "none");
	return ERR_USAGE;
}

static int read_one(const struct query_row *rows, size_t count, const char *name,
                    const char *pointer, const char *text, struct query_value *ret,
                    struct problem *p)
{
	int row = row_of(rows, count, name);

	if (row < 0)
		return unknown(rows, count, name, pointer, p);
	if (rows[row].kind == QUERY_FAMILY)
		return 0;
	if (ret[row].given) {
		problem_fault(p, pointer, invalid, "is given twice");
		return ERR_USAGE;
	}
	return query_parse(&rows[row], pointer, text, &ret[row], p);
}

static void set_defaults(const struct query_row *rows, size_t count, struct query_value *ret)
{
	for (size_t i = 0; i < count; i++)
		ret[i] = (struct query_value){.number = rows[i].otherwise};
}

int query_read(const struct query_row *rows, size_t count, const struct http_request *request,
               struct query_value *ret, struct problem *p)
{
	int rc = 0;

	set_defaults(rows, count, ret);
	for (size_t i = 0; i < request->query_count; i++) {
		const struct http_pair *pair = &request->query[i];
		if (read_one(rows, count, pair->name, pair->name, pair->value, ret, p) < 0)
			rc = ERR_USAGE;
	}
	return rc;
}

/* The text that the same value would have in a query string; NULL: the row cannot have it.  Only what
 * is read at once may be in `number`. */
static const char *text_of(const struct query_row *row, const struct json *member, char *number,
                           size_t bytes)
{
	enum json_kind kind = json_kind(member);

	if (kind == JSON_STRING)
		return json_as_string(member);
	if (kind == JSON_BOOL && row->kind == QUERY_FLAG)
		return json_as_bool(member) ? "true" : "false";
	if (kind != JSON_INT || row->kind != QUERY_INT)
		return NULL;
	snprintf(number, bytes, "%" PRId64, json_as_int(member));
	return number;
}

static int read_list(const char *pointer, const struct json *member, struct query_value *ret,
                     struct problem *p)
{
	bool whole = json_kind(member) == JSON_ARRAY;

	for (size_t i = 0; whole && i < json_count(member); i++)
		whole = json_as_string(json_at(member, i)) != NULL;
	ret->given = whole;
	if (whole)
		return 0;
	problem_fault(p, pointer, invalid, "is not a list of texts");
	return ERR_USAGE;
}

static int read_member(const struct query_row *rows, size_t count, const char *key,
                       const struct json *member, struct query_value *ret, struct problem *p)
{
	int row = row_of(rows, count, key);
	char number[24], pointer[64];

	snprintf(pointer, sizeof(pointer), "/%s", key);
	if (row < 0)
		return unknown(rows, count, key, pointer, p);
	if (json_kind(member) == JSON_NULL)
		return 0;
	ret[row].given = rows[row].kind == QUERY_DOCUMENT;
	if (ret[row].given)
		return 0;
	if (rows[row].kind == QUERY_LIST)
		return read_list(pointer, member, &ret[row], p);
	const char *text = text_of(&rows[row], member, number, sizeof(number));
	if (!text) {
		problem_fault(p, pointer, invalid, "is of the wrong kind");
		return ERR_USAGE;
	}
	int rc = read_one(rows, count, key, pointer, text, ret, p);
	if (text == number)
		ret[row].text = NULL;
	return rc;
}

int query_read_json(const struct query_row *rows, size_t count, const struct json *object,
                    struct query_value *ret, struct problem *p)
{
	int rc = 0;

	set_defaults(rows, count, ret);
	for (size_t i = 0; i < json_count(object); i++) {
		const char *key;
		const struct json *member = json_member(object, i, &key);
		if (read_member(rows, count, key, member, ret, p) < 0)
			rc = ERR_USAGE;
	}
	return rc;
}
