/* Connections, as the API describes them. */
#include "linkspan/connection_show.h"

#include <stdio.h>

#include "base/banned.h"
#include "base/buf.h"
#include "linkspan/changes_show.h"
#include "linkspan/connection.h"
#include "linkspan/link_show.h"
#include "json/json.h"

enum { PATH_BYTES = 512 };

const struct list_column connection_columns[] = {
	{"NAME", "name", LIST_TEXT, false},
	{"PROJECT", "project", LIST_TEXT, false},
	{"TYPE", "type", LIST_TEXT, false},
	{"ENVIRONMENTS", "environments", LIST_TEXT, false},
	{"ENABLED", "enabled", LIST_TEXT, false},
	{"STATE", "state", LIST_STATE, false},
	{"HOST", "url_host", LIST_TEXT, false},
	{"REVISION", "revision", LIST_REVISION, true},
	{"DESCRIPTION", "description", LIST_TEXT, true},
	{"FILE", "file", LIST_TEXT, true},
	{NULL, NULL, LIST_TEXT, false},
};

static void show_row(struct buf *b, const struct json *document, const char *label, const char *key)
{
	const struct json *value = json_get(document, key);
	const char *text = json_as_string(value);

	if (json_kind(value) == JSON_BOOL)
		text = json_as_bool(value) ? "yes" : "no";
	if (text && text[0])
		buf_printf(b, "%-14s %s\n", label, text);
}

/* A list of names, or an object with a member for each. */
static void show_environments(const struct json *environments, struct buf *b)
{
	const void *cursor = NULL;
	const char *key, *label = "environments";

	for (size_t i = 0; json_kind(environments) == JSON_ARRAY && i < json_count(environments);
	     i++, label = "")
		buf_printf(b, "%-14s %s\n", label, json_as_string(json_at(environments, i)));
	if (json_kind(environments) != JSON_OBJECT)
		return;
	for (; json_next(environments, &cursor, &key); label = "")
		buf_printf(b, "%-14s %s\n", label, key);
}

/* A list of names and values, such as headers: it reads better a line for each. */
static bool is_pairs(const struct json *list)
{
	for (size_t i = 0; i < json_count(list); i++) {
		const struct json *item = json_at(list, i);
		if (!json_as_string(json_get(item, "name")) ||
		    json_count(item) != (json_as_string(json_get(item, "value")) ? 2u : 1u))
			return false;
	}
	return json_kind(list) == JSON_ARRAY && json_count(list) > 0;
}

static void show_value(const struct json *value, const char *path, struct buf *b)
{
	bool pairs = is_pairs(value);

	if (json_kind(value) == JSON_OBJECT) {
		connection_show_settings(value, path, b);
		return;
	}
	for (size_t i = 0; pairs && i < json_count(value); i++) {
		const struct json *text = json_get(json_at(value, i), "value");
		buf_printf(b, "  %s %s: %s\n", path, connection_text(json_at(value, i), "name"),
		           text ? json_as_string(text) : "(a secret)");
	}
	if (pairs)
		return;
	buf_printf(b, "  %s = ", path);
	changes_show_value(value, b);
	buf_add_char(b, '\n');
}

void connection_show_settings(const struct json *object, const char *prefix, struct buf *b)
{
	const struct json *value;
	const void *cursor = NULL;
	char path[PATH_BYTES];
	const char *key;

	while ((value = json_next(object, &cursor, &key))) {
		snprintf(path, sizeof(path), "%s%s%s", prefix, prefix[0] ? "." : "", key);
		show_value(value, path, b);
	}
}

static void show_parts(const struct json *document, struct buf *b)
{
	const struct json *environments = json_get(document, "environments");
	const struct json *secrets = json_get(document, "secrets"), *part;
	const void *cursor = NULL;
	const char *key;

	if (json_count(json_get(document, "settings")) > 0)
		buf_add_str(b, "settings\n");
	connection_show_settings(json_get(document, "settings"), "", b);
	while (json_kind(environments) == JSON_OBJECT &&
	       (part = json_next(environments, &cursor, &key))) {
		if (json_count(part) == 0)
			continue;
		buf_printf(b, "in %s\n", key);
		connection_show_settings(part, "", b);
	}
	for (size_t i = 0; i < json_count(secrets); i++)
		buf_printf(b, "%-14s %s\n", i ? "" : "not shown",
		           json_as_string(json_at(secrets, i)));
}

static void show_deployment(const struct json *d, struct buf *b)
{
	char revision[CONNECTION_REVISION_BYTES];
	const char *note = connection_text(d, "note");

	buf_printf(b, "%-14s %s: number %lld, revision %s%s%s, by %s at %s%s%s\n", "deployed",
	           connection_text(d, "environment"), (long long)json_as_int(json_get(d, "number")),
	           connection_revision(d, revision),
	           json_as_bool(json_get(d, "current")) ? "" : " (not what is saved)",
	           json_kind(json_get(d, "enabled")) == JSON_BOOL &&
	                           !json_as_bool(json_get(d, "enabled"))
	                   ? " (disabled)"
	                   : "",
	           connection_text(d, "actor"), connection_text(d, "at"), note[0] ? ": " : "",
	           note);
}

/* A dry run answers with the change alone. */
void connection_show_change(const struct json *document, struct buf *b)
{
	const struct json *inner = json_get(document, "change");
	const struct json *change = inner ? inner : document;
	const struct json *deployed = json_get(change, "deployed");
	const struct json *held = json_get(change, "held");

	for (size_t i = 0; i < json_count(deployed); i++)
		buf_printf(b, "  deployed in %s, number %lld\n",
		           connection_text(json_at(deployed, i), "environment"),
		           (long long)json_as_int(json_get(json_at(deployed, i), "number")));
	for (size_t i = 0; i < json_count(held); i++)
		buf_printf(b, "  not deployed in %s: %s\n",
		           connection_text(json_at(held, i), "environment"),
		           connection_text(json_at(held, i), "reason"));
}

static void show_deployments(const struct json *document, struct buf *b)
{
	const struct json *deployments = json_get(document, "deployments");

	for (size_t i = 0; i < json_count(deployments); i++)
		show_deployment(json_at(deployments, i), b);
}

void connection_show(const struct cli *cli, const struct json *document, struct buf *b)
{
	const struct json *links = json_get(document, "links");
	char revision[CONNECTION_REVISION_BYTES];

	(void)cli;
	show_row(b, document, "name", "name");
	show_row(b, document, "project", "project");
	show_row(b, document, "type", "type");
	show_row(b, document, "description", "description");
	show_row(b, document, "enabled", "enabled");
	show_row(b, document, "host", "url_host");
	show_row(b, document, "file", "file");
	if (connection_revision(document, revision)[0])
		buf_printf(b, "%-14s %s\n", "revision", revision);
	show_environments(json_get(document, "environments"), b);
	show_deployments(document, b);
	show_parts(document, b);
	for (size_t i = 0; i < json_count(links); i++)
		link_show_sentence(json_at(links, i), b);
}

void connection_show_done(const char *what, const struct json *document, struct buf *b)
{
	char revision[CONNECTION_REVISION_BYTES];

	connection_revision(document, revision);
	buf_printf(b, "%s in %s: %s%s%s\n", connection_text(document, "name"),
	           connection_text(document, "project"), what, revision[0] ? ", revision " : "",
	           revision);
	connection_show_change(document, b);
}
