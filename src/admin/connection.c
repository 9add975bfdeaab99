/* One connection: from the catalogue to HTTP, and back. */
#include "admin/connection.h"

#include <stdio.h>
#include <string.h>

#include "admin/admin_impl.h"
#include "admin/catalogue.h"
#include "admin/problem.h"
#include "admin/reply.h"
#include "base/banned.h"
#include "base/buf.h"
#include "base/err.h"
#include "conf/conf.h"
#include "core/catalog.h"
#include "httpd/reply.h"
#include "schema/node.h"
#include "json/json.h"

enum { LOCATION_BYTES = 3 * 2 * API_ARG_BYTES + 64 };

const struct catalog_entry *connection_find(const struct api_call *call, struct catalog *c)
{
	const struct catalog_entry *entry = catalog_find_exactly(c, call->args[0], call->args[1]);
	char near[API_ARG_BYTES];

	if (entry)
		return entry;
	bool has_near = catalog_nearest(c, call->args[0], call->args[1], near, sizeof(near)) &&
	                strcmp(near, call->args[1]) != 0;
	problem_answer(call->request, 404, "not_found", "there is no connection \"%s\" in %s%s%s%s",
	               call->args[1], call->args[0], has_near ? " (did you mean \"" : "",
	               has_near ? near : "", has_near ? "\"?)" : "");
	return NULL;
}

/*
 * From a document
 */

const char *const connection_comments[] = {"keep", "discard", NULL};

static bool only_tells(const char *name)
{
	static const char *const names[] = {"project", "revision",    "uid",    "file",
	                                    "secrets", "deployments", "change", NULL};

	for (size_t i = 0; names[i]; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

/* What a document shows where a definition says nothing. */
static bool is_default(const char *name, const struct json *value)
{
	switch (json_kind(value)) {
	case JSON_STRING:
		return strcmp(name, "description") == 0 && json_as_string(value)[0] == '\0';
	case JSON_OBJECT:
		return json_count(value) == 0 &&
		       (strcmp(name, "settings") == 0 || strcmp(name, "environments") == 0);
	case JSON_BOOL:
		return strcmp(name, "enabled") == 0 && json_as_bool(value);
	default:
		return false;
	}
}

struct json *connection_definition(const struct json *document, const struct catalog_entry *saved)
{
	struct json *definition = json_object();
	int rc = definition ? 0 : ERR_NO_MEMORY;
	const struct json *value;
	const void *cursor = NULL;
	const char *name;

	while (rc == 0 && (value = json_next(document, &cursor, &name))) {
		if (only_tells(name))
			continue;
		if (saved && is_default(name, value) && !node_get(saved->definition->root, name))
			continue;
		rc = json_set(definition, name, json_copy(value));
	}
	if (rc == 0)
		return definition;
	json_free(definition);
	return NULL;
}

/*
 * Answers
 */

/* Names hold nothing but spaces that a path must not have. */
static void write_location(const struct catalog_entry *entry, char *text)
{
	size_t used = (size_t)snprintf(text, LOCATION_BYTES, "/api/v1/projects/%s/connections/",
	                               entry->project);

	for (const char *s = entry->name; *s && used < LOCATION_BYTES - 4; s++)
		used += (size_t)snprintf(text + used, LOCATION_BYTES - used,
		                         *s == ' ' ? "%%20" : "%c", *s);
}

/* What came of the change, beyond what the document says itself. */
static struct json *change_json(const struct json *item)
{
	static const char *const names[] = {"action", "changes", "deployed",
	                                    "held",   "secrets", NULL};
	struct json *object = json_object();

	for (size_t i = 0; names[i]; i++)
		json_set(object, names[i], json_copy(json_get(item, names[i])));
	return object;
}

void connection_reply(const struct api_call *call, unsigned status, struct catalog *c,
                      const struct catalog_entry *entry, const struct json *change)
{
	char etag[REVISION_BYTES + 2], location[LOCATION_BYTES];
	const struct http_pair headers[] = {{"ETag", etag}, {"Location", location}};
	struct http_reply reply = {
		.status = status,
		.content_type = "application/json",
		.headers = headers,
		.header_count = status == 201 ? 2 : 1,
	};
	struct json *document = catalog_entry_json(c, entry);

	snprintf(etag, sizeof(etag), "\"%s\"", entry->revision);
	write_location(entry, location);
	if (document && change)
		json_set(document, "change", change_json(change));
	reply_tree(call->request, &reply, document);
}

static void reply_nothing(struct http_request *request)
{
	const struct http_reply reply = {.status = 204};

	http_reply(request, &reply);
}

/*
 * Saving
 */

static void reply_saved(const struct api_call *call, struct catalog *c, const struct json *item,
                        unsigned status)
{
	const struct catalog_entry *entry =
		catalog_find_exactly(c, json_as_string(json_get(item, "project")),
	                             json_as_string(json_get(item, "name")));

	/* Somebody else may have changed it since. */
	if (entry)
		connection_reply(call, status, c, entry, item);
	else
		reply_json(call->request, status, json_copy(item));
	catalog_release(entry);
}

void connection_save(const struct api_call *call, struct catalog *c,
                     const struct catalog_edit *edit, bool dry_run, unsigned status)
{
	bool renames = edit->verb == CATALOG_DELETE || edit->to_project || edit->to_name;
	struct catalogue_word word;
	struct catalog_answer answer;
	struct err e = {0};

	catalogue_word(call, dry_run, &word);
	catalog_answer_init(&answer);
	int rc = catalog_apply(c, edit, 1, NULL, 0, &word.word, &answer, &e);
	const struct json *item = json_at(json_get(answer.result, "items"), 0);
	if (renames && !dry_run)
		names_renew(&call->admin->names);
	if (rc < 0)
		catalogue_refuse(call, &answer, &e);
	else if (dry_run)
		reply_json(call->request, 200, json_copy(item));
	else if (status == 204)
		reply_nothing(call->request);
	else
		reply_saved(call, c, item, status);
	catalog_answer_finish(&answer);
}
