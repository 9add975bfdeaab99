/* linkspan schema, linkspan plugin: what the plugins offer, from their own tables. */
#include <stdio.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/err.h"
#include "linkspan/command.h"
#include "linkspan/session.h"
#include "linkspan/table.h"
#include "schema/common.h"
#include "schema/emit.h"
#include "json/json.h"

static int unknown_type(const struct plugins *plugins, const char *id, struct err *e)
{
	const char *near = plugins_nearest_type(plugins, id);

	if (near)
		return err_set(e, ERR_NOT_FOUND, "no connection type \"%s\" (did you mean \"%s\"?)",
		               id, near);
	return err_set(e, ERR_NOT_FOUND, "no connection type \"%s\"; see: linkspan plugin list",
	               id);
}

static int print_manual(const struct plugin_type *type, struct err *e)
{
	struct buf text;

	buf_init(&text, BUF_MAX_TEXT);
	buf_printf(&text, "# SETTINGS OF THE TYPE %s\n\n", type->type.id);
	emit_man(type->rows, type->row_count, &text);
	buf_add_str(&text, "# SETTINGS OF EVERY CONNECTION\n\n");
	emit_man(common_rows, COMMON_ROWS, &text);
	return print_and_finish(&text, e);
}

/* The rows of a kind of definition file; NULL: it is none. */
static const struct conf_kind *find_kind(const char *key)
{
	static const struct conf_kind *const kinds[] = {&conf_kind_host, &conf_kind_environment,
	                                                &conf_kind_connection};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i]->key, key) == 0)
			return kinds[i];
	return NULL;
}

static int print_kind(const struct conf_kind *kind, struct err *e)
{
	struct buf text;

	buf_init(&text, BUF_MAX_TEXT);
	emit_man(kind->rows, kind->row_count, &text);
	return print_and_finish(&text, e);
}

int cmd_schema(struct cli *cli, struct err *e)
{
	const struct conf_kind *kind = find_kind(cli->args[0]);
	struct session s;

	if (kind && cli->output == OUTPUT_MAN)
		return print_kind(kind, e);
	int rc = session_open(&s, cli, e);

	if (rc == 0) {
		const struct plugin_type *type = plugins_type(&s.plugins, cli->args[0]);
		if (!type)
			rc = unknown_type(&s.plugins, cli->args[0], e);
		else if (cli->output == OUTPUT_MAN)
			rc = print_manual(type, e);
		else
			rc = print_json(emit_schema(&type->type, type->rows, type->row_count), e);
	}
	session_finish(&s);
	return rc;
}

static struct json *plugin_json(const struct plugin *p)
{
	struct json *object = json_object(), *types = json_array();

	for (size_t i = 0; i < p->type_count; i++)
		json_push(types, json_string(p->types[i].type.id));
	json_set(object, "id", json_string(p->plugin.id));
	json_set(object, "version", json_string(p->plugin.version));
	json_set(object, "vendor", json_string(p->plugin.vendor));
	json_set(object, "license", json_string(p->plugin.license));
	json_set(object, "abi_minor", json_int(p->plugin.abi_minor));
	json_set(object, "path", json_string(p->path));
	if (json_set(object, "types", types) < 0) {
		json_free(object);
		return NULL;
	}
	return object;
}

static int list_json(const struct plugins *plugins, struct err *e)
{
	struct json *document = json_object(), *items = json_array();

	for (size_t i = 0; i < plugins->count; i++)
		json_push(items, plugin_json(plugins->items[i]));
	if (json_set(document, "items", items) < 0) {
		json_free(document);
		document = NULL;
	}
	return print_json(document, e);
}

static int list_table(const struct cli *cli, const struct plugins *plugins, struct err *e)
{
	static const char *const columns[] = {"TYPE",   "LABEL", "PLUGIN", "VERSION",
	                                      "VENDOR", "PATH",  NULL};
	struct table *table = table_create(columns, !cli_has(cli, "no-headers"));

	for (size_t i = 0; i < plugins->count; i++) {
		const struct plugin *p = plugins->items[i];
		for (size_t k = 0; k < p->type_count; k++) {
			const char *const cells[] = {p->types[k].type.id, p->types[k].type.label,
			                             p->plugin.id,        p->plugin.version,
			                             p->plugin.vendor,    p->path};
			table_add(table, cells);
		}
	}
	return table_print_and_destroy(table, e);
}

int cmd_plugin_list(struct cli *cli, struct err *e)
{
	struct session s;
	int rc = session_open(&s, cli, e);

	if (rc == 0)
		rc = cli->output == OUTPUT_JSON ? list_json(&s.plugins, e)
		                                : list_table(cli, &s.plugins, e);
	session_finish(&s);
	return rc;
}

int cmd_plugin_lint(struct cli *cli, struct err *e)
{
	struct session s = {0};
	struct plugin *plugin = NULL;
	char *path = realpath(cli->args[0], NULL);

	if (!path)
		return err_set_errno(e, ERR_NOT_FOUND, "%s", cli->args[0]);
	report_init(&s.report);
	plugins_init(&s.plugins);
	int rc = plugin_load(path, &plugin, &s.report, e);
	int verdict = session_verdict(&s, rc < 0 ? NULL : e);
	if (rc == 0)
		rc = verdict;
	if (rc == 0 && !cli_has(cli, "quiet"))
		printf("%s: plugin \"%s\" %s, %zu connection type%s: nothing to complain about\n",
		       cli->args[0], plugin->plugin.id, plugin->plugin.version, plugin->type_count,
		       plugin->type_count == 1 ? "" : "s");
	plugin_destroy(plugin);
	session_finish(&s);
	free(path);
	return rc;
}
