/* Connections: creating, replacing, patching and deleting what is saved. */
#include <string.h>

#include "admin/admin_impl.h"
#include "admin/api.h"
#include "admin/body.h"
#include "admin/catalogue.h"
#include "admin/connection.h"
#include "admin/problem.h"
#include "base/banned.h"
#include "base/err.h"
#include "httpd/request.h"
#include "json/json.h"
#include "json/merge.h"

#define DRY_RUN_ROW                                                                                \
	{                                                                                          \
		.name = "dry_run", .kind = QUERY_FLAG,                                             \
		.help = "Checks everything, answers what would be done, and does nothing."         \
	}

const struct query_row api_save_rows[SAVE_ROWS] = {
	[SAVE_DRY_RUN] = DRY_RUN_ROW,
};

const struct query_row api_replace_rows[REPLACE_ROWS] = {
	[REPLACE_DRY_RUN] = DRY_RUN_ROW,
	[REPLACE_COMMENTS] = {.name = "comments",
                              .kind = QUERY_CHOICE,
                              .choices = connection_comments,
                              .help = "Whether comments in the file may go that cannot be kept."},
};

const struct query_row api_delete_rows[DELETE_ROWS] = {
	[DELETE_DRY_RUN] = DRY_RUN_ROW,
	[DELETE_FORCE] = {.name = "force",
                          .kind = QUERY_FLAG,
                          .help = "Deletes it although it is used."},
};

static void answer_no_memory(const struct api_call *call)
{
	problem_answer(call->request, 503, "no_memory", "there is no memory for it");
}

/*
 * Creating
 */

static int read_new(const struct api_call *call, struct json **ret, struct problem *p)
{
	struct json *body = NULL;

	int rc = body_read(call->request, &body, p);
	if (rc < 0)
		return rc;
	if (!json_as_string(json_get(body, "name"))) {
		problem_fault(p, "/name", "missing_parameter", "is needed, as text");
		rc = ERR_USAGE;
	} else {
		*ret = connection_definition(body, NULL);
	}
	json_free(body);
	return rc;
}

void api_connection_create(struct api_call *call)
{
	struct catalog *c = catalogue_of(call);
	struct json *definition = NULL;
	struct problem p = {0};

	if (!c)
		return;
	if (read_new(call, &definition, &p) < 0) {
		problem_reply(call->request, &p);
	} else if (!definition) {
		answer_no_memory(call);
	} else {
		const struct catalog_edit edit = {
			.verb = CATALOG_CREATE,
			.project = call->args[0],
			.name = json_as_string(json_get(definition, "name")),
			.definition = definition,
		};
		connection_save(call, c, &edit, call->query[SAVE_DRY_RUN].number, 201);
	}
	json_free(definition);
}

/*
 * Replacing
 */

/* What a PUT or PATCH is to make of an entry. */
struct replacing {
	struct catalog *catalog;
	const struct catalog_entry *entry;
	struct json *document; /* as it was asked for; NULL: no memory */
	char expected[REVISION_BYTES];
};

/* Takes the document.  A name that is no text is the definition's fault, and told so. */
static void replace(const struct api_call *call, struct replacing *r)
{
	const struct catalog_entry *entry = r->entry;
	struct json *definition = connection_definition(r->document, entry);
	const struct json *given = json_get(definition, "name");
	const char *name = json_as_string(given);

	json_free(r->document);
	if (!definition) {
		answer_no_memory(call);
	} else if (given && !name) {
		problem_answer(call->request, 422, "invalid_name", "the name is no text");
	} else {
		const struct catalog_edit edit = {
			.verb = CATALOG_REPLACE,
			.project = entry->project,
			.name = entry->name,
			.to_name = name && strcmp(name, entry->name) != 0 ? name : NULL,
			.definition = definition,
			.expected = r->expected[0] ? r->expected : NULL,
			.drops_comments = call->query[REPLACE_COMMENTS].number,
		};
		connection_save(call, r->catalog, &edit, call->query[REPLACE_DRY_RUN].number, 200);
	}
	json_free(definition);
}

/* The body, the precondition, and what is there; else the call is answered. */
static int begin(const struct api_call *call, struct replacing *r, struct json **ret_body)
{
	struct problem p = {0};
	int rc = catalogue_match(call, true, r->expected, &p);

	if (rc == 0)
		rc = body_read(call->request, ret_body, &p);
	if (rc < 0) {
		problem_reply(call->request, &p);
		return rc;
	}
	r->catalog = catalogue_of(call);
	r->entry = r->catalog ? connection_find(call, r->catalog) : NULL;
	return r->entry ? 0 : ERR_NOT_FOUND;
}

void api_connection_replace(struct api_call *call)
{
	struct replacing r = {0};

	if (begin(call, &r, &r.document) == 0)
		replace(call, &r);
	else
		json_free(r.document);
	catalog_release(r.entry);
}

/*
 * Patching
 */

static bool is_patch(const struct http_request *request)
{
	static const char *const types[] = {"application/merge-patch+json", "application/json",
	                                    NULL};
	const char *given = http_request_header(request, "Content-Type");
	size_t length = given ? strcspn(given, "; \t") : 0;

	for (size_t i = 0; given && types[i]; i++)
		if (strlen(types[i]) == length && strncasecmp(given, types[i], length) == 0)
			return true;
	return !given;
}

/* A secret is not shown: to remove it must be told from never having seen it. */
static struct json *patched(const struct replacing *r, const struct json *patch)
{
	struct json *shown = catalog_entry_json(r->catalog, r->entry);
	struct json *document = shown ? merge_patch(shown, patch, MERGE_KEEPS_NULL) : NULL;

	json_free(shown);
	return document;
}

void api_connection_patch(struct api_call *call)
{
	struct json *patch = NULL;
	struct replacing r = {0};

	if (!is_patch(call->request)) {
		problem_answer(call->request, 415, "unsupported_media_type",
		               "a patch is application/merge-patch+json or application/json");
		return;
	}
	if (begin(call, &r, &patch) == 0) {
		r.document = patched(&r, patch);
		/* With "*" too: it is this one that was patched. */
		if (!r.expected[0])
			memcpy(r.expected, r.entry->revision, sizeof(r.expected));
		replace(call, &r);
	}
	json_free(patch);
	catalog_release(r.entry);
}

/*
 * Deleting
 */

void api_connection_delete(struct api_call *call)
{
	char expected[REVISION_BYTES];
	struct problem p = {0};

	if (catalogue_match(call, true, expected, &p) < 0) {
		problem_reply(call->request, &p);
		return;
	}
	struct catalog *c = catalogue_of(call);
	const struct catalog_entry *entry = c ? connection_find(call, c) : NULL;
	if (!entry)
		return;
	const struct catalog_edit edit = {
		.verb = CATALOG_DELETE,
		.project = entry->project,
		.name = entry->name,
		.expected = expected[0] ? expected : NULL,
		.forced = call->query[DELETE_FORCE].number,
	};
	connection_save(call, c, &edit, call->query[DELETE_DRY_RUN].number, 204);
	catalog_release(entry);
}
