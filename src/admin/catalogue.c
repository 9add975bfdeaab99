/* The catalogue's words, refusals and preconditions as HTTP has them. */
#include "admin/catalogue.h"

#include <stdio.h>
#include <string.h>

#include "admin/admin_impl.h"
#include "admin/problem.h"
#include "base/banned.h"
#include "base/buf.h"
#include "base/err.h"
#include "httpd/request.h"
#include "json/json.h"

void catalogue_word(const struct api_call *call, bool dry_run, struct catalogue_word *ret)
{
	audited_actor(call, ret->actor);
	ret->word = (struct catalog_word){.actor = ret->actor, .dry_run = dry_run};
}

struct catalog *catalogue_of(const struct api_call *call)
{
	if (!call->admin->catalog)
		problem_answer(call->request, 503, "no_catalogue",
		               "this host has no catalogue of definitions");
	return call->admin->catalog;
}

/*
 * Faults
 */

const char *catalogue_path(const char *path)
{
	static const char root[] = "connection";

	if (strncmp(path, root, sizeof(root) - 1) != 0 || !strchr(".[", path[sizeof(root) - 1]))
		return path;
	return path + sizeof(root) - 1 + (path[sizeof(root) - 1] == '.');
}

void catalogue_pointer(const char *path, struct buf *ret)
{
	path = catalogue_path(path);
	if (*path && *path != '[')
		buf_add_char(ret, '/');
	for (; *path; path++) {
		if (*path == '.' || *path == '[')
			buf_add_char(ret, '/');
		else if (*path == '~' || *path == '/')
			buf_add_str(ret, *path == '~' ? "~0" : "~1");
		else if (*path != ']')
			buf_add_char(ret, *path);
	}
}

/* What is wrong in each of several environments is told once. */
static bool is_told(const struct report *r, size_t at)
{
	const struct fault *fault = &r->faults[at];

	for (size_t i = 0; i < at; i++)
		if (r->faults[i].severity == fault->severity &&
		    strcmp(r->faults[i].path, fault->path) == 0 &&
		    strcmp(r->faults[i].code, fault->code) == 0 &&
		    strcmp(r->faults[i].text, fault->text) == 0)
			return true;
	return false;
}

static struct json *fault_json(const struct fault *fault)
{
	struct json *object = json_object();
	struct buf pointer;

	buf_init(&pointer, BUF_MAX_LINE);
	catalogue_pointer(fault->path, &pointer);
	json_set(object, "pointer", json_string(buf_str(&pointer)));
	json_set(object, "code", json_string(fault->code));
	json_set(object, "detail", json_string(fault->text));
	buf_finish(&pointer);
	return object;
}

static struct json *faults_json(const struct report *r)
{
	struct json *list = json_array();

	for (size_t i = 0; i < r->count; i++)
		if (r->faults[i].severity == LK_FAULT_ERROR && !is_told(r, i))
			json_push(list, fault_json(&r->faults[i]));
	return list;
}

/*
 * Refusals
 */

struct json *catalogue_users(const struct api_call *call, const struct json *items)
{
	struct json *seen = json_array();

	for (size_t i = 0; i < json_count(items); i++) {
		const struct json *user = json_at(items, i);
		const char *project = json_as_string(json_get(user, "project"));
		if (authorize(&call->asker.who, ACTION_READ, project, NULL, NULL) == 0)
			json_push(seen, json_copy(user));
	}
	return seen;
}

static struct json *members_of(const struct api_call *call, const struct catalog_answer *a)
{
	struct json *more = json_object();
	const struct json *member;
	const void *cursor = NULL;
	const char *name;

	if (a->report.errors > 0)
		json_set(more, "errors", faults_json(&a->report));
	while ((member = json_next(a->detail, &cursor, &name))) {
		if (strcmp(name, "items") == 0)
			json_set(more, "users", catalogue_users(call, member));
		else
			json_set(more, name, json_copy(member));
	}
	return more;
}

/* The text of the catalogue names a user, which not everybody may know. */
static bool tells_too_much(const struct catalog_answer *a, const struct json *more)
{
	size_t all = a ? json_count(json_get(a->detail, "items")) : 0;

	return json_count(json_get(more, "users")) < all;
}

void catalogue_refuse(const struct api_call *call, struct catalog_answer *a, const struct err *e)
{
	const char *code = a && a->code ? a->code : err_name(e->code);
	unsigned status = (unsigned)err_http_status(e->code);
	struct problem p = {0};

	/* A stale one that says what is there now was asked for by its revision. */
	if (strcmp(code, "stale") == 0 && a->detail)
		status = 412;
	struct json *more = a ? members_of(call, a) : NULL;
	problem_set(&p, status, code, "%s",
	            tells_too_much(a, more)
	                    ? "it is used, in projects that may not be seen too; change that first"
	                    : e->text);
	problem_reply_with(call->request, &p, more);
}

/*
 * Preconditions
 */

static bool is_revision(const char *text)
{
	return strspn(text, "0123456789abcdef") == REVISION_BYTES - 1;
}

/* An entity tag (RFC 9110, 8.8.3); a weak one never matches (13.1.1). */
static bool is_tag(const char *text)
{
	text += strncmp(text, "W/", 2) == 0 ? 2 : 0;
	if (*text++ != '"')
		return false;
	while ((unsigned char)*text > ' ' && *text != '"' && *text != 0x7f)
		text++;
	return strcmp(text, "\"") == 0;
}

int catalogue_match(const struct api_call *call, bool needed, char ret[REVISION_BYTES],
                    struct problem *p)
{
	const char *given = http_request_header(call->request, "If-Match");

	if (!given && needed) {
		problem_set(
			p, 428, "if_match_needed",
			"If-Match is needed: the revision that is edited, as ETag had it, or *");
		return ERR_USAGE;
	}
	ret[0] = '\0';
	if (!given)
		return 0;
	size_t count = http_request_header_count(call->request, "If-Match");
	if (count == 1 && strcmp(given, "*") == 0)
		return 0;
	if (count != 1 || !is_tag(given)) {
		problem_fault(p, "If-Match", "invalid_parameter",
		              "is not one revision in quotation marks, as ETag had it, or *");
		return ERR_USAGE;
	}
	bool is_ours = given[0] == '"' && is_revision(given + 1) && given[REVISION_BYTES] == '"';
	/* With its quotation mark it is the revision of nothing. */
	snprintf(ret, REVISION_BYTES, "%s", given + (is_ours ? 1 : 0));
	return 0;
}
