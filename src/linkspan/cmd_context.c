/* linkspan context: the hosts that this user works with. */
#include <stdio.h>
#include <unistd.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/err.h"
#include "conf/name.h"
#include "linkspan/command.h"
#include "linkspan/contexts.h"
#include "linkspan/output.h"
#include "linkspan/remote.h"
#include "json/json.h"

static const struct list_column columns[] = {
	{"NAME", "name", LIST_TEXT, false},       {"CURRENT", "current", LIST_TEXT, false},
	{"CONFIG", "config", LIST_TEXT, false},   {"SOCKET", "socket", LIST_TEXT, true},
	{"URL", "url", LIST_TEXT, false},         {"TOKEN FILE", "token_file", LIST_TEXT, true},
	{"PROJECT", "project", LIST_TEXT, false}, {"ENVIRONMENT", "environment", LIST_TEXT, false},
	{NULL, NULL, LIST_TEXT, false},
};

static struct json *item_json(const struct contexts *c, const struct context *context)
{
	struct json *item = json_object();

	json_set(item, "name", json_string(context->name));
	json_set(item, "current", json_bool(c->current && strcmp(c->current, context->name) == 0));
	for (size_t i = 0; i < CONTEXT_FIELDS; i++)
		json_set(item, context_rows[i].key,
		         context->fields[i] ? json_string(context->fields[i]) : json_null());
	return item;
}

static struct json *list_json(const struct contexts *c)
{
	struct json *document = json_object(), *items = json_array();

	for (size_t i = 0; i < c->count; i++)
		json_push(items, item_json(c, &c->items[i]));
	json_set(document, "file", json_string(c->file));
	if (json_set(document, "items", items) < 0) {
		json_free(document);
		return NULL;
	}
	return document;
}

int cmd_context_list(struct cli *cli, struct err *e)
{
	static const struct output_shape shape = {columns, "name", "items", NULL};
	struct contexts c;

	int rc = contexts_load(&c, e);
	if (rc == 0)
		rc = output_show(cli, &shape, list_json(&c), e);
	contexts_finish(&c);
	return rc;
}

/* What one context is now, after a change. */
static int show(const struct cli *cli, const struct contexts *c, const struct context *context,
                struct err *e)
{
	static const struct output_shape shape = {columns, "name", NULL, NULL};

	return cli->output == OUTPUT_TEXT ? 0 : output_show(cli, &shape, item_json(c, context), e);
}

int cmd_context_use(struct cli *cli, struct err *e)
{
	bool none = cli_has(cli, "none");
	struct context *context = NULL;
	struct contexts c;

	if (none == (cli->arg_count > 0))
		return err_set(e, ERR_USAGE, "which context? say its name, or --none");
	int rc = contexts_load(&c, e);
	if (rc == 0 && !none) {
		context = contexts_find(&c, cli->args[0]);
		rc = context ? 0 : contexts_unknown(&c, cli->args[0], e);
	}
	if (rc == 0) {
		c.current = context ? context->name : NULL;
		rc = contexts_save(&c, e);
	}
	if (rc == 0 && context)
		rc = show(cli, &c, context, e);
	contexts_finish(&c);
	return rc;
}

int cmd_context_delete(struct cli *cli, struct err *e)
{
	struct contexts c;

	int rc = contexts_load(&c, e);
	if (rc == 0) {
		struct context *context = contexts_find(&c, cli->args[0]);
		rc = context ? show(cli, &c, context, e) : contexts_unknown(&c, cli->args[0], e);
		if (rc == 0) {
			contexts_remove(&c, context);
			rc = contexts_save(&c, e);
		}
	}
	contexts_finish(&c);
	return rc;
}

/* From the folder in which the command runs. */
static const char *absolute(struct contexts *c, const char *path, struct err *e)
{
	if (path[0] == '/')
		return arena_strdup(&c->arena, path);
	char *folder = getcwd(NULL, 0);
	if (!folder) {
		err_set_errno(e, ERR_IO, "the present folder");
		return NULL;
	}
	const char *whole = arena_printf(&c->arena, "%s/%s", folder, path);
	free(folder);
	return whole;
}

/* One option into its field; an empty one takes the field away. */
static int set_field(struct contexts *c, struct context *context, size_t field, const char *text,
                     struct err *e)
{
	const struct context_row *row = &context_rows[field];

	context->fields[field] = NULL;
	if (!text[0])
		return 0;
	if (row->kind == CONTEXT_ADDRESS && remote_check(text, false, e) < 0)
		return ERR_USAGE;
	/* There is only one place where the host is. */
	for (size_t i = CONTEXT_CONFIG; field <= CONTEXT_URL && i <= CONTEXT_URL; i++)
		context->fields[i] = NULL;
	context->fields[field] =
		row->kind == CONTEXT_PATH ? absolute(c, text, e) : arena_strdup(&c->arena, text);
	return context->fields[field] ? 0 : e && e->code ? e->code : err_no_memory(e);
}

static int set_fields(struct contexts *c, struct context *context, const struct cli *cli,
                      struct err *e)
{
	size_t places = 0;
	int rc = 0;

	for (size_t i = 0; i < CONTEXT_FIELDS && rc == 0; i++) {
		const char *text = cli_given(cli, context_rows[i].option);
		places += text && text[0] && i <= CONTEXT_URL;
		if (places > 1)
			return err_set(e, ERR_USAGE,
			               "only one of --config, --socket and --url can say where the "
			               "host is");
		if (text)
			rc = set_field(c, context, i, text, e);
	}
	return rc;
}

int cmd_context_set(struct cli *cli, struct err *e)
{
	const char *name = cli->args[0];
	struct contexts c;

	if (!name_is_plain(name))
		return err_set(e, ERR_USAGE, "\"%s\" is no name of a context; allowed: " NAME_RULE,
		               name);
	int rc = contexts_load(&c, e);
	if (rc == 0) {
		struct context *context = contexts_make(&c, name);
		rc = context ? set_fields(&c, context, cli, e) : err_no_memory(e);
		if (rc == 0 && cli_has(cli, "use"))
			c.current = context->name;
		if (rc == 0)
			rc = contexts_save(&c, e);
		if (rc == 0)
			rc = show(cli, &c, context, e);
	}
	contexts_finish(&c);
	return rc;
}
